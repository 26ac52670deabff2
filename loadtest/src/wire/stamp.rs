//! The stamp inside every message: who sent it, its number, and when it was due. It is a JSON object of a
//! chosen length whose digits stand at fixed places, so that a receiver reads it without parsing JSON:
//!
//! ```text
//! {"lt":"SSSSSSSSNNNNNNNNTTTTTTTTTTTTTTTT-----"}
//!        stream  number  nanoseconds     padding
//! ```

/// What a receiver looks for.
pub const MARKER: &[u8] = b"{\"lt\":\"";
const DIGITS: usize = 32;
/// The shortest stamp, in bytes.
pub const BYTES_MIN: usize = MARKER.len() + DIGITS + 2;

/// What a message says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The stream: one publisher on one channel.
    pub stream: u32,
    /// The message's number in its stream, from 0, without holes.
    pub number: u32,
    /// When it was due to be sent, in nanoseconds of the monotonic clock.
    pub due_ns: u64,
}

impl Stamp {
    /// A stamp of exactly `bytes` bytes ([`BYTES_MIN`] at least) for a stream; number and time are zero.
    pub fn template(stream: u32, bytes: usize) -> Vec<u8> {
        let mut text = format!("{{\"lt\":\"{stream:08}{:024}", 0).into_bytes();
        text.resize(bytes.max(BYTES_MIN) - 2, b'-');
        text.extend_from_slice(b"\"}");
        text
    }

    /// Writes number and time into a template that starts at `text`.
    pub fn fill(text: &mut [u8], number: u32, due_ns: u64) {
        let digits = &mut text[MARKER.len() + 8..];
        write_digits(&mut digits[..8], u64::from(number));
        write_digits(&mut digits[8..24], due_ns);
    }

    /// Reads the stamp at the start of `text`.
    #[inline]
    pub fn read(text: &[u8]) -> Option<Stamp> {
        let text = text.get(..MARKER.len() + DIGITS)?;
        let (marker, digits) = text.split_at(MARKER.len());
        if marker != MARKER {
            return None;
        }
        let high = u64::from(read_eight(&digits[16..24])?);
        let low = u64::from(read_eight(&digits[24..32])?);
        Some(Stamp {
            stream: read_eight(&digits[..8])?,
            number: read_eight(&digits[8..16])?,
            due_ns: high * 100_000_000 + low,
        })
    }

    /// Where in `text` a stamp begins, trying `hint` first: in one channel it is nearly always the same place.
    #[inline]
    pub fn find(text: &[u8], hint: usize) -> Option<usize> {
        if text.get(hint..hint + MARKER.len()) == Some(MARKER) {
            return Some(hint);
        }
        text.windows(MARKER.len()).position(|window| window == MARKER)
    }
}

fn write_digits(out: &mut [u8], mut value: u64) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Eight decimal digits at once: neighbours are joined to pairs, pairs to fours, fours to the whole.
#[inline]
fn read_eight(digits: &[u8]) -> Option<u32> {
    let word = u64::from_le_bytes(digits.try_into().ok()?);
    let values = word.wrapping_sub(0x3030_3030_3030_3030);
    // A byte outside '0'..='9' either underflows above or passes 127 when 118 is added.
    if (values | values.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = (values * 10 + (values >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours * 10_000 + (fours >> 32)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_read_back() {
        for (stream, number, due_ns) in
            [(0, 0, 0), (7, 12_345_678, 1), (99_999_999, 99_999_999, 9_999_999_999_999_999)]
        {
            let mut text = Stamp::template(stream, 64);
            Stamp::fill(&mut text, number, due_ns);
            assert_eq!(text.len(), 64);
            assert_eq!(Stamp::read(&text), Some(Stamp { stream, number, due_ns }));
            let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert!(json["lt"].is_string());
        }
    }

    #[test]
    fn it_is_found_with_a_right_a_wrong_and_a_wild_hint() {
        let text = [b"{\"data\":".as_slice(), &Stamp::template(3, 64), b"}"].concat();
        for hint in [8, 0, 9, 100_000] {
            assert_eq!(Stamp::find(&text, hint), Some(8));
        }
        assert_eq!(Stamp::find(b"{\"type\":\"published\"}", 8), None);
    }

    #[test]
    fn anything_but_digits_is_no_stamp() {
        for bad in [b'/', b':', b'a', b' ', 0x00, 0xB0, 0xFF] {
            for at in 0..DIGITS {
                let mut text = Stamp::template(1, 64);
                text[MARKER.len() + at] = bad;
                assert_eq!(Stamp::read(&text), None, "byte {bad} at {at}");
            }
        }
        let text = Stamp::template(1, 64);
        assert_eq!(Stamp::read(&text[..MARKER.len() + DIGITS - 1]), None);
    }
}
