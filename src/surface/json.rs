//! JSON as every surface reads and writes it: objects borrowed from the bytes received, text appended to the
//! bytes that go out.

pub use crate::base::json::read;

use crate::model::fault::{Fault, FaultCode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Levels of nesting of a value that is passed on to other clients. serde_json skips raw values without
/// recursion and without a bound, but the parsers of those who receive them may recurse.
pub const DEPTH_MAX: usize = 64;

/// Bytes of a decoder's own words that are quoted in a fault; they may contain what the client sent.
const QUOTE_BYTES_MAX: usize = 160;

/// A string of a message, borrowed where it has no escapes. (`Option<Cow<str>>` alone never borrows.)
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// For `deserialize_with`: a raw value whose `null` is a value too, not an absence.
pub fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&'a RawValue>::deserialize(deserializer).map(Some)
}

/// Reads one JSON object. Unknown fields are ignored, doubled ones refused.
///
/// # Errors
/// [`FaultCode::InvalidSyntax`] where the bytes are not JSON, [`FaultCode::InvalidRequest`] where they are
/// JSON but not an object of this form.
pub fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Fault> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Fault::new(FaultCode::InvalidSyntax, "This is not JSON: it is not valid UTF-8."));
    };
    // Told here, so that the sentence is a better one than the decoder's.
    let start = text.bytes().find(|byte| !byte.is_ascii_whitespace());
    if start != Some(b'{') {
        well_formed(text)?;
        return Err(Fault::new(FaultCode::InvalidRequest, "This must be a JSON object: {…}."));
    }
    read(text).map_err(|error| {
        if error.classify() != Category::Data {
            return no_json(&error);
        }
        // The decoder stops at the first field that does not fit; the rest may not even be JSON.
        match well_formed(text) {
            Err(fault) => fault,
            Ok(()) => {
                Fault::new(FaultCode::InvalidRequest, format!("A field does not fit: {}.", quote(&error)))
            }
        }
    })
}

fn well_formed(text: &str) -> Result<(), Fault> {
    read::<IgnoredAny>(text).map(|_| ()).map_err(|error| no_json(&error))
}

fn no_json(error: &serde_json::Error) -> Fault {
    Fault::new(FaultCode::InvalidSyntax, format!("This is not JSON: {}.", quote(error)))
}

fn quote(error: &serde_json::Error) -> String {
    let mut words = error.to_string();
    if words.len() > QUOTE_BYTES_MAX {
        let end = (0..=QUOTE_BYTES_MAX).rev().find(|at| words.is_char_boundary(*at)).unwrap_or(0);
        words.truncate(end);
        words.push('…');
    }
    words
}

/// Whether a valid JSON value nests at most [`DEPTH_MAX`] levels.
pub fn depth_is_bounded(json: &str) -> bool {
    // A level costs two bytes, so what is short cannot be deep.
    if json.len() <= 2 * DEPTH_MAX {
        return true;
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return false;
        }
    }
    true
}

/// Appends a string as JSON, quotes included.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        push_value(out, text);
    }
}

/// Appends a number.
pub fn push_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends anything that serialises.
pub fn push_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("plain structs serialise, and memory takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Pair {
        a: Option<u64>,
        b: Option<String>,
    }

    fn code(bytes: &[u8]) -> FaultCode {
        object::<Pair>(bytes).expect_err("refused").code
    }

    #[test]
    fn objects_are_read_and_unknown_fields_ignored() {
        let pair: Pair = object(b" {\"a\":1,\"c\":[[{}]]} ").expect("fits");
        assert_eq!(pair, Pair { a: Some(1), b: None });
    }

    #[test]
    fn faults_tell_bad_json_from_bad_form() {
        for bad in [&b""[..], b"hello", b"{", b"{\"a\":1", b"{\"a\":1}x", b"\xff", b"{\"a\":\"x\",}", b"[1"] {
            assert_eq!(code(bad), FaultCode::InvalidSyntax, "{bad:?}");
        }
        for bad in [&b"[1,\"x\"]"[..], b"1", b"null", b"{\"a\":\"x\"}", b"{\"a\":1,\"a\":2}", b"{\"a\":-1}"] {
            assert_eq!(code(bad), FaultCode::InvalidRequest, "{bad:?}");
        }
    }

    #[test]
    fn quotes_of_what_a_client_sent_are_short() {
        let long = format!("{{\"a\":\"{}\"}}", "é".repeat(100_000));
        let fault = object::<Pair>(long.as_bytes()).expect_err("refused");
        assert!(fault.message.len() < 250, "{}", fault.message.len());
    }

    #[test]
    fn depth_has_a_bound_and_brackets_in_strings_do_not_count() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(depth_is_bounded(&nested(DEPTH_MAX)));
        assert!(!depth_is_bounded(&nested(DEPTH_MAX + 1)));
        assert!(depth_is_bounded(&format!("\"\\\"{}\"", "[".repeat(1000))));
        assert!(!depth_is_bounded(&format!("[\"\\\\\",{}]", nested(DEPTH_MAX))));
        let wide = format!("[{}]", vec!["{}"; 1000].join(","));
        assert!(depth_is_bounded(&wide));
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("{{\"a\":1,\"deep\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
        assert!(object::<Pair>(deep.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn text_is_what_serde_json_writes(text in any::<String>()) {
            let mut out = Vec::new();
            push_text(&mut out, &text);
            prop_assert_eq!(out, serde_json::to_vec(&text).expect("text"));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = object::<Pair>(&bytes);
        }
    }
}
