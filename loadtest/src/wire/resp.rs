//! RESP3: a type byte, a line, and what the line announces. Only what Redis sends to a subscriber or publisher is
//! known here: simple values, bulk strings, and aggregates of them.

use super::{Kind, UNIT_BYTES_MAX, Unit, after_line, decimal};

/// Values inside aggregates, aggregates included, beyond which a reply is none of ours.
const VALUES_MAX: usize = 1024;

/// The unit at the start of `bytes`: one whole value.
#[inline]
pub fn next(bytes: &[u8]) -> Result<Option<Unit>, &'static str> {
    let (mut at, mut owed, mut seen) = (0, 1usize, 0);
    while owed > 0 {
        let Some(line) = bytes.get(at..).and_then(after_line) else { return Ok(None) };
        let number = || decimal(bytes[at + 1..at + line].trim_ascii_end()).filter(|&n| n < UNIT_BYTES_MAX);
        owed -= 1;
        match bytes[at] {
            b'$' | b'=' if bytes[at + 1] == b'-' => {}
            b'$' | b'=' => at += number().ok_or("a string without a length")? + 2,
            b'*' | b'>' | b'~' => owed += number().ok_or("a list without a length")?,
            b'%' => owed += 2 * number().ok_or("a map without a length")?,
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => {}
            _ => return Err("it sent something that is not RESP"),
        }
        at += line;
        seen += 1;
        if seen > VALUES_MAX || owed > VALUES_MAX {
            return Err("a reply with too many values");
        }
    }
    Ok((bytes.len() >= at).then_some(Unit { kind: Kind::Message, body: 0, bytes: at }))
}

#[cfg(test)]
mod tests {
    use super::super::{Framing, units_of};
    use super::*;

    #[test]
    fn values_and_pushes_are_cut() {
        let parts: [&[u8]; 5] = [
            b"+OK\r\n",
            b":1000\r\n",
            b">3\r\n$7\r\nmessage\r\n$6\r\nroom:0\r\n$4\r\na\r\nb\r\n",
            b"%2\r\n+server\r\n$5\r\nredis\r\n+modules\r\n*0\r\n",
            b"*2\r\n$-1\r\n_\r\n",
        ];
        let found = units_of(Framing::Resp, &parts.concat());
        let lengths: Vec<usize> = found.iter().map(|(_, bytes)| *bytes).collect();
        assert_eq!(lengths, parts.map(<[u8]>::len));
        assert!(next(b"?\r\n").is_err() && next(b"$x\r\n").is_err() && next(b"*9999\r\n").is_err());
    }
}
