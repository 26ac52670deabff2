//! Writes frames of the server: unmasked, unfragmented.

use super::close_code;
use super::frame::{CONTROL_BYTES_MAX, Opcode};

/// Bytes of an unmasked header at most.
pub const HEADER_BYTES_MAX: usize = 10;

/// The header of an unfragmented frame with so many payload bytes, and how many of the bytes it takes.
#[inline]
pub fn header(opcode: Opcode, payload_bytes: usize) -> ([u8; HEADER_BYTES_MAX], usize) {
    header_beginning(0x80 | opcode as u8, payload_bytes)
}

/// The same, with its first byte given.
#[inline]
fn header_beginning(first: u8, payload_bytes: usize) -> ([u8; HEADER_BYTES_MAX], usize) {
    let mut bytes = [0; HEADER_BYTES_MAX];
    bytes[0] = first;
    match payload_bytes {
        0..=125 => {
            bytes[1] = payload_bytes as u8;
            (bytes, 2)
        }
        126..=0xffff => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&(payload_bytes as u16).to_be_bytes());
            (bytes, 4)
        }
        _ => {
            bytes[1] = 127;
            bytes[2..].copy_from_slice(&(payload_bytes as u64).to_be_bytes());
            (bytes, 10)
        }
    }
}

/// Appends a header that begins with this byte.
pub(super) fn write_header(out: &mut Vec<u8>, first: u8, payload_bytes: usize) {
    let (header, header_bytes) = header_beginning(first, payload_bytes);
    out.extend_from_slice(&header[..header_bytes]);
}

/// The payload of a whole frame, from its header as [`header`] writes it.
pub(super) fn payload(frame: &[u8]) -> Option<&[u8]> {
    let header_bytes = match frame.get(1)? {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    frame.get(header_bytes..)
}

/// Appends a frame. The payload of a control frame is cut at 125 bytes.
pub fn write_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let payload = match payload.split_at_checked(CONTROL_BYTES_MAX) {
        Some((cut, _)) if opcode.is_control() => cut,
        _ => payload,
    };
    let (header, header_bytes) = header(opcode, payload.len());
    out.reserve(header_bytes + payload.len());
    out.extend_from_slice(&header[..header_bytes]);
    out.extend_from_slice(payload);
}

/// Appends a data frame whose payload `write` appends; nothing where it appends nothing. The payload is written where it
/// stays, and moved only if its header is not as long as that of most frames.
#[inline]
pub fn write_frame_with(out: &mut Vec<u8>, opcode: Opcode, write: impl FnOnce(&mut Vec<u8>)) {
    const USUAL_HEADER_BYTES: usize = 4;
    let start = out.len();
    out.extend_from_slice(&[0; USUAL_HEADER_BYTES]);
    write(out);
    let payload = start + USUAL_HEADER_BYTES..out.len();
    if payload.is_empty() {
        return out.truncate(start);
    }
    let (header, header_bytes) = header(opcode, payload.len());
    let end = start + header_bytes + payload.len();
    if header_bytes != USUAL_HEADER_BYTES {
        out.resize(end.max(out.len()), 0);
        out.copy_within(payload, start + header_bytes);
        out.truncate(end);
    }
    out[start..start + header_bytes].copy_from_slice(&header[..header_bytes]);
}

/// Makes a frame of a payload that was appended to [`HEADER_BYTES_MAX`] bytes of room. Only a short payload is moved.
pub fn write_header_before(frame: &mut Vec<u8>, opcode: Opcode) {
    let (header, header_bytes) = header(opcode, frame.len() - HEADER_BYTES_MAX);
    frame.drain(..HEADER_BYTES_MAX - header_bytes);
    frame[..header_bytes].copy_from_slice(&header[..header_bytes]);
}

/// Appends a close frame. A code that must not be on the wire becomes 1011 and a reason over 123 bytes is cut
/// between characters; both would be faults of ours that the peer should not have to judge.
pub fn write_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let code = if close_code::may_be_sent(code) { code } else { close_code::INTERNAL_ERROR };
    let room = reason.len().min(CONTROL_BYTES_MAX - 2);
    let cut = (0..=room).rev().find(|&at| reason.is_char_boundary(at)).unwrap_or(0);
    let reason = &reason.as_bytes()[..cut];
    let (header, header_bytes) = header(Opcode::Close, 2 + reason.len());
    out.extend_from_slice(&header[..header_bytes]);
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(reason);
}

/// Appends a close frame without code and reason, the answer to one without them.
pub fn write_close_empty(out: &mut Vec<u8>) {
    write_frame(out, Opcode::Close, &[]);
}

/// Length of the whole frame that these bytes begin, from its header as [`header`] writes it. Ten bytes are always
/// enough, fewer only for a frame that is shorter.
pub fn frame_bytes(first: &[u8]) -> usize {
    let byte = |at: usize| u64::from(first.get(at).copied().unwrap_or(0));
    let number = |from: usize, to: usize| (from..to).fold(0, |value, at| value << 8 | byte(at)) as usize;
    match number(1, 2) {
        126 => 4 + number(2, 4),
        127 => 10 + number(2, 10),
        short => 2 + short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use tungstenite::protocol::frame::FrameHeader;

    #[test]
    fn headers_are_those_of_the_rfc_and_of_another_implementation() {
        for opcode in [Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong] {
            for length in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 33] {
                let (bytes, count) = header(opcode, length);
                let mut cursor = Cursor::new(&bytes[..count]);
                let (other, other_length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
                assert_eq!(other_length, length as u64);
                assert_eq!(frame_bytes(&bytes[..count]), count + length);
                assert_eq!(cursor.position(), count as u64, "the shortest form");
                assert!(other.is_final && other.mask.is_none() && !other.rsv1 && !other.rsv2 && !other.rsv3);
                assert_eq!(u8::from(other.opcode), opcode as u8);
            }
        }
    }

    #[test]
    fn the_examples_of_section_5_7() {
        let mut out = Vec::new();
        write_frame(&mut out, Opcode::Text, b"Hello");
        assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(header(Opcode::Binary, 256), ([0x82, 0x7e, 1, 0, 0, 0, 0, 0, 0, 0], 4));
        assert_eq!(header(Opcode::Binary, 65_536), ([0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0], 10));
    }

    #[test]
    fn a_payload_that_is_written_in_its_place_makes_the_same_frame() {
        for length in [1, 2, 125, 126, 127, 65_535, 65_536, 70_000] {
            let payload: Vec<u8> = (0..length).map(|at: u32| at as u8).collect();
            let (mut whole, mut placed) = (b"before".to_vec(), b"before".to_vec());
            write_frame(&mut whole, Opcode::Text, &payload);
            write_frame_with(&mut placed, Opcode::Text, |out| out.extend_from_slice(&payload));
            assert!(placed == whole, "{length} bytes");
        }
        let mut out = b"before".to_vec();
        write_frame_with(&mut out, Opcode::Text, |_| {});
        assert_eq!(out, b"before", "no frame of nothing");
    }

    #[test]
    fn a_close_reason_is_cut_between_characters() {
        let mut out = Vec::new();
        write_close(&mut out, 1008, &"ä".repeat(100));
        assert_eq!(&out[..4], &[0x88, 124, 0x03, 0xf0]);
        assert_eq!(str::from_utf8(&out[4..]), Ok(&*"ä".repeat(61)));
        out.clear();
        write_close(&mut out, 1005, "");
        assert_eq!(out, [0x88, 2, 0x03, 0xf3]);
        out.clear();
        write_close_empty(&mut out);
        assert_eq!(out, [0x88, 0]);
    }

    #[test]
    fn a_control_frame_never_gets_too_long() {
        let mut out = Vec::new();
        write_frame(&mut out, Opcode::Ping, &[7; 200]);
        assert_eq!((out.len(), out[1]), (127, 125));
    }
}
