//! What programs of calls say to each other, as far as a recorder understands it: offers and answers, as an object of
//! `RTCPeerConnection` or the bare description; and the name in a STUN message by which it is told whose it is.

use crate::base::json;
use crate::model::people::recorder::DESCRIPTION_BYTES_MAX;
use serde_json::Value;

/// The description in a signal; `None` if it is none.
pub fn description(text: &str) -> Option<String> {
    if text.len() > DESCRIPTION_BYTES_MAX {
        return None;
    }
    match json::read(text).ok()? {
        Value::String(text) => Some(text),
        Value::Object(mut object) => match object.remove("sdp")? {
            Value::String(text) => Some(text),
            // Some programs wrap what they send once more.
            Value::Object(mut inner) => match inner.remove("sdp")? {
                Value::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// A signal with a description.
pub fn signal(kind: &str, sdp: &str) -> Box<str> {
    serde_json::json!({ "type": kind, "sdp": sdp }).to_string().into()
}

/// By what a description's session is told from another one of the same program (RFC 8866 section 5.2).
pub fn session_of(sdp: &str) -> Option<&str> {
    let origin = sdp.lines().find_map(|line| line.strip_prefix("o="))?;
    origin.split(' ').nth(1)
}

/// The first part of the name in a STUN binding request: the ufrag of whoever it is for (RFC 8445 section 7.2.2).
pub fn ufrag_of(datagram: &[u8]) -> Option<&str> {
    const HEADER: usize = 20;
    const BINDING_REQUEST: [u8; 2] = [0, 1];
    const MAGIC: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
    const USERNAME: u16 = 6;
    if !datagram.starts_with(&BINDING_REQUEST) || datagram.get(4..8) != Some(&MAGIC) {
        return None;
    }
    let mut rest = datagram.get(HEADER..)?;
    while let Some(([kind, length], after)) = rest.split_first_chunk::<4>().map(|(head, after)| {
        ([u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]])], after)
    }) {
        let value = after.get(..usize::from(length))?;
        if kind == USERNAME {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = after.get(usize::from(length).next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_found_however_they_are_wrapped() {
        for json in [r#""v=0""#, r#"{"type":"offer","sdp":"v=0"}"#, r#"{"sdp":{"type":"offer","sdp":"v=0"}}"#]
        {
            assert_eq!(description(json).as_deref(), Some("v=0"), "{json}");
        }
        let long = format!("\"{}\"", "x".repeat(DESCRIPTION_BYTES_MAX));
        for json in ["7", "{}", "[", r#"{"sdp":7}"#, &long] {
            assert_eq!(description(json), None);
        }
        assert_eq!(session_of("v=0\r\no=- 42 2 IN IP4 127.0.0.1\r\n"), Some("42"));
    }

    #[test]
    fn a_binding_request_says_whose_it_is() {
        let mut datagram = vec![0, 1, 0, 20, 0x21, 0x12, 0xA4, 0x42];
        datagram.resize(20, 7);
        datagram.extend([0x80, 0x2A, 0, 1, 9, 0, 0, 0, 0, 6, 0, 5]);
        datagram.extend(*b"ab:cd\0\0\0");
        assert_eq!(ufrag_of(&datagram), Some("ab"));
        for cut in 0..datagram.len() - 3 {
            assert_eq!(ufrag_of(&datagram[..cut]), None, "{cut}");
        }
        datagram[1] = 0x11;
        assert_eq!(ufrag_of(&datagram), None);
    }
}
