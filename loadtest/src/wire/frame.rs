//! WebSocket frames (RFC 6455 section 5), as cheaply as a generator needs them: a header is looked at in
//! place, a payload is never copied.

use super::{Kind, UNIT_BYTES_MAX, Unit};

/// A text message.
pub const TEXT: u8 = 0x1;
/// A binary message.
pub const BINARY: u8 = 0x2;
/// The close frame.
pub const CLOSE: u8 = 0x8;
/// The ping frame.
pub const PING: u8 = 0x9;
/// The pong frame.
pub const PONG: u8 = 0xA;

/// A header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The opcode, always of an unfragmented frame.
    pub opcode: u8,
    /// The bytes of the header itself, mask included.
    pub bytes: usize,
    /// The bytes of the payload.
    pub payload: usize,
    /// The masking key, if the frame is masked.
    pub mask: Option<[u8; 4]>,
}

impl Header {
    /// The whole frame's length in bytes.
    pub fn frame_bytes(&self) -> usize {
        self.bytes + self.payload
    }
}

/// Reads the header at the start of `bytes`: none while it is not all there. Fragments, reserved bits and
/// payloads over [`UNIT_BYTES_MAX`] are errors: no broker measured here sends them for small messages.
#[inline]
pub fn read_header(bytes: &[u8]) -> Result<Option<Header>, &'static str> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    if first & 0xF0 != 0x80 {
        return Err("a fragmented frame or one with reserved bits");
    }
    let (payload, mut at) = match second & 0x7F {
        126 => match bytes.get(2..4) {
            Some(length) => (usize::from(u16::from_be_bytes([length[0], length[1]])), 4),
            None => return Ok(None),
        },
        127 => match bytes.get(2..10) {
            Some(length) => (length.iter().fold(0usize, |sum, &byte| (sum << 8) | usize::from(byte)), 10),
            None => return Ok(None),
        },
        short => (usize::from(short), 2),
    };
    if payload > UNIT_BYTES_MAX {
        return Err("a frame longer than the generator takes");
    }
    let mask = if second & 0x80 == 0 {
        None
    } else {
        let Some(&[a, b, c, d]) = bytes.get(at..at + 4) else { return Ok(None) };
        at += 4;
        Some([a, b, c, d])
    };
    Ok(Some(Header { opcode: first & 0x0F, bytes: at, payload, mask }))
}

/// The unit at the start of a stream that a server sent.
#[inline]
pub fn next(bytes: &[u8]) -> Result<Option<Unit>, &'static str> {
    let Some(header) = read_header(bytes)? else { return Ok(None) };
    if header.mask.is_some() {
        return Err("it sent a masked frame");
    }
    let kind = match header.opcode {
        TEXT | BINARY => Kind::Message,
        PING => Kind::Ping,
        PONG => Kind::Ignored,
        CLOSE => Kind::Close,
        _ => return Err("it sent a frame of an unknown kind"),
    };
    let unit = Unit { kind, body: header.bytes, bytes: header.frame_bytes() };
    Ok((bytes.len() >= unit.bytes).then_some(unit))
}

/// Masks or unmasks in place.
pub fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[at & 3];
    }
}

/// Appends a client's frame: masked, as section 5.3 asks. The key need not be hard to guess here: no
/// intermediary is between a generator and the server it loads.
pub fn write_masked(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    write_header(out, opcode, payload.len(), 0x80);
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    apply_mask(&mut out[start..], MASK);
}

/// Appends a server's frame.
pub fn write_plain(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    write_plain_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

/// Appends the header of a server's frame, whose payload of `length` bytes is to follow.
pub fn write_plain_header(out: &mut Vec<u8>, opcode: u8, length: usize) {
    write_header(out, opcode, length, 0);
}

/// The bytes of a server's frame around a payload of this length.
pub fn plain_frame_bytes(payload: usize) -> usize {
    payload + if payload < 126 { 2 } else { 4 }
}

fn write_header(out: &mut Vec<u8>, opcode: u8, length: usize, mask_bit: u8) {
    out.push(0x80 | opcode);
    match length {
        0..=125 => out.push(length as u8 | mask_bit),
        126..=0xFFFF => {
            out.push(126 | mask_bit);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127 | mask_bit);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_written_is_read_back_whole_and_never_sooner() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mut masked = Vec::new();
            write_masked(&mut masked, TEXT, &payload);
            let header = read_header(&masked).unwrap().unwrap();
            assert_eq!(header.frame_bytes(), masked.len());
            let mut body = masked[header.bytes..].to_vec();
            apply_mask(&mut body, header.mask.unwrap());
            assert_eq!(body, payload);
            for cut in 0..header.bytes {
                assert_eq!(read_header(&masked[..cut]), Ok(None), "length {length} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_plain_frame_has_the_length_foretold() {
        for length in [0, 125, 126, 500] {
            let mut plain = Vec::new();
            write_plain(&mut plain, BINARY, &vec![7; length]);
            assert_eq!(plain.len(), plain_frame_bytes(length));
            assert_eq!(read_header(&plain).unwrap().unwrap().mask, None);
        }
    }

    #[test]
    fn fragments_reserved_bits_and_giants_are_refused() {
        assert!(read_header(&[0x01, 0x00]).is_err());
        assert!(read_header(&[0xC1, 0x00]).is_err());
        assert!(read_header(&[0x81, 127, 0, 0, 0, 0, 0xFF, 0, 0, 0]).is_err());
        assert!(read_header(&[0x81, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
