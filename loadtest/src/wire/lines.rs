//! Protocols in lines. NATS: lines ended by CRLF; `MSG channel sid [reply] length` is followed by that many bytes and CRLF.

use super::{Kind, UNIT_BYTES_MAX, Unit, after_line, decimal};

/// The unit at the start of `bytes`.
#[inline]
pub fn next(bytes: &[u8]) -> Result<Option<Unit>, &'static str> {
    let Some(line) = after_line(bytes) else { return Ok(None) };
    if !bytes.starts_with(b"MSG ") {
        let kind = if bytes.starts_with(b"PING") { Kind::Ping } else { Kind::Message };
        return Ok(Some(Unit { kind, body: 0, bytes: line }));
    }
    let head = bytes[..line].trim_ascii_end();
    let length = head.rsplit(|&byte| byte == b' ').next().and_then(decimal);
    let length = length.filter(|&length| length < UNIT_BYTES_MAX).ok_or("a MSG line without a length")?;
    let whole = line + length + 2;
    Ok((bytes.len() >= whole).then_some(Unit { kind: Kind::Message, body: line, bytes: whole }))
}

/// The line at the start of `bytes`, of a stream of JSON objects.
#[inline]
pub fn next_json(bytes: &[u8]) -> Result<Option<Unit>, &'static str> {
    let Some(line) = after_line(bytes) else { return Ok(None) };
    let kind = match bytes[..line].trim_ascii() {
        b"" => Kind::Ignored,
        b"{}" => Kind::Ping,
        _ => Kind::Message,
    };
    Ok(Some(Unit { kind, body: 0, bytes: line }))
}

#[cfg(test)]
mod tests {
    use super::super::{Framing, units_of};
    use super::*;

    #[test]
    fn lines_and_messages_are_cut() {
        let stream = b"INFO {\"a\":1}\r\nPING\r\nMSG room.0 1 5\r\nab\r\nc\r\nPONG\r\n";
        let found = units_of(Framing::Nats, stream);
        assert_eq!(found, [(Kind::Message, 14), (Kind::Ping, 6), (Kind::Message, 23), (Kind::Message, 6)]);
        assert!(next(b"MSG room.0 1 x\r\n").is_err());
    }
}
