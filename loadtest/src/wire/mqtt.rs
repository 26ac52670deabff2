//! MQTT 3.1.1: a type byte, the remaining length in base 128, the rest.

use super::{Kind, UNIT_BYTES_MAX, Unit};

/// The unit at the start of `bytes`: one control packet, whose body is all of it.
#[inline]
pub fn next(bytes: &[u8]) -> Result<Option<Unit>, &'static str> {
    let mut length = 0;
    for at in 0..4 {
        let Some(&byte) = bytes.get(1 + at) else { return Ok(None) };
        length |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            let whole = 2 + at + length;
            if length > UNIT_BYTES_MAX {
                return Err("a packet longer than the generator takes");
            }
            return Ok((bytes.len() >= whole).then_some(Unit { kind: Kind::Message, body: 0, bytes: whole }));
        }
    }
    Err("a packet without a length")
}

/// A control packet with this first byte.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut length = body.len();
    loop {
        let more = length >= 0x80;
        out.push((length & 0x7F) as u8 | if more { 0x80 } else { 0 });
        length >>= 7;
        if !more {
            break;
        }
    }
    out.extend_from_slice(body);
    out
}

/// Text with its length in two bytes before it. Longer text than they can say is cut; names here are short.
pub fn text(text: &str) -> Vec<u8> {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::super::{Framing, units_of};
    use super::*;

    #[test]
    fn what_is_packed_is_cut() {
        let bodies = [0, 2, 127, 128, 300, 16_384];
        let packets: Vec<Vec<u8>> = bodies.iter().map(|&length| packet(0x30, &vec![7; length])).collect();
        let found = units_of(Framing::Mqtt, &packets.concat());
        let lengths: Vec<usize> = found.iter().map(|(_, bytes)| *bytes).collect();
        assert_eq!(lengths, packets.iter().map(Vec::len).collect::<Vec<_>>());
        assert!(next(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF]).is_err());
        assert_eq!(text("ab"), [0, 2, b'a', b'b']);
    }
}
