//! JSON as every surface reads and writes it: objects borrowed from the bytes received, text appended to the
//! bytes that go out.

pub use crate::base::json::read;
pub use crate::base::json::scan::{Raw, value};

use crate::base::json::is_within;
use crate::base::json::scan::{self, Broken};
use crate::model::fault::{Fault, FaultCode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Levels of nesting of a value that is passed on to other clients. serde_json skips raw values without
/// recursion and without a bound, but the parsers of those who receive them may recurse.
pub const DEPTH_MAX: u32 = 64;

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

/// Bytes of a text of which the mistake is looked for; of a longer one it is only said that it does not fit. Looking takes as
/// long as reading.
const EXPLAINED_BYTES_MAX: usize = 16 << 10;

/// Whether what is wrong with a text is looked for.
fn is_explained(bytes: &[u8]) -> bool {
    bytes.len() <= EXPLAINED_BYTES_MAX
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
        if is_explained(bytes) {
            well_formed(text)?;
        }
        return Err(no_object());
    }
    read(text).map_err(|error| {
        if error.classify() != Category::Data {
            return no_json(&error);
        }
        // The decoder stops at the first field that does not fit; the rest may not even be JSON.
        match is_explained(bytes).then(|| well_formed(text)) {
            Some(Err(fault)) => fault,
            Some(Ok(())) | None => {
                Fault::new(FaultCode::InvalidRequest, format!("A field does not fit: {}.", quote(&error)))
            }
        }
    })
}

/// An object of which certain fields are asked for, each kept as it was written.
pub trait Object<'a>: Default {
    /// Where the value of a key goes; `None` for a key that is passed over.
    fn place(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>>;
}

/// Takes one JSON object apart into `taken`. Says whether its fields are right: none that is asked for may be there twice.
///
/// # Errors
/// As [`object`], where there is no object at all.
#[inline]
pub fn take_apart<'a, T: Object<'a>>(text: &'a str, taken: &mut T) -> Result<Result<(), Fault>, Fault> {
    let mut taking = Taking { taken, doubled: None };
    match scan::object(text, |key, escaped, value| taking.take(key, escaped, value)) {
        Ok(()) => Ok(taking.right()),
        Err(Broken::Kind) => Err(no_object()),
        Err(Broken::Syntax) if is_explained(text.as_bytes()) => {
            Err(well_formed(text).err().unwrap_or_else(no_object))
        }
        Err(Broken::Syntax) => Err(Fault::new(FaultCode::InvalidSyntax, "This is not JSON.")),
    }
}

/// An object that is being taken apart.
struct Taking<'t, 'a, T> {
    taken: &'t mut T,
    doubled: Option<&'a str>,
}

impl<'a, T: Object<'a>> Taking<'_, 'a, T> {
    #[inline]
    fn take(&mut self, key: &'a str, escaped: bool, value: Raw<'a>) {
        let place = if escaped {
            unescaped(key).and_then(|key| self.taken.place(&key))
        } else {
            self.taken.place(key)
        };
        if let Some(place) = place
            && place.replace(value).is_some()
        {
            self.doubled = Some(key);
        }
    }

    fn right(&self) -> Result<(), Fault> {
        self.doubled.map_or(Ok(()), |key| Err(twice(key)))
    }
}

/// A key that is written with escapes.
#[cold]
fn unescaped(key: &str) -> Option<String> {
    read::<String>(&format!("\"{key}\"")).ok()
}

#[cold]
fn twice(key: &str) -> Fault {
    let sentence = format!("The field {} is there twice.", unescaped(key).as_deref().unwrap_or(key));
    Fault::new(FaultCode::InvalidRequest, sentence)
}

/// The items of a JSON list of so many, of which one may be an object: it is taken apart into `taken`. `None` if it is no such
/// list. Says too whether there was an object, and its fields are right, as [`take_apart`] does.
pub fn items<'a, const N: usize, T: Object<'a>>(
    text: &'a str,
    taken: &mut T,
) -> Option<([Raw<'a>; N], Result<(), Fault>)> {
    let (mut items, mut count, mut objects) = ([Raw { text: "null", depth: 0, escaped: false }; N], 0, 0);
    let mut taking = Taking { taken, doubled: None };
    let item = |item: Raw<'a>| {
        objects += usize::from(item.text.starts_with('{'));
        if let Some(place) = items.get_mut(count) {
            *place = item;
        }
        count += 1;
    };
    scan::list_and_fields(text, item, |key, escaped, value| taking.take(key, escaped, value)).ok()?;
    let right = if objects == 0 { Err(no_object()) } else { taking.right() };
    (count == N && objects <= 1).then_some((items, right))
}

/// What stands in a field; `null` is as if there was none.
#[inline]
pub fn some<'a>(field: Option<Raw<'a>>) -> Option<Raw<'a>> {
    field.filter(|raw| raw.text != "null")
}

/// The text in a field.
///
/// # Errors
/// [`FaultCode::InvalidRequest`] where it is something else.
#[inline]
pub fn text<'a>(name: &str, field: Option<Raw<'a>>) -> Result<Option<Cow<'a, str>>, Fault> {
    let Some(raw) = field else { return Ok(None) };
    let inner = raw.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner.filter(|_| !raw.escaped) {
        Some(inner) => Ok(Some(Cow::Borrowed(inner))),
        None => text_with_escapes(name, raw),
    }
}

/// The text in a field that is not plain, if it is one.
#[cold]
fn text_with_escapes<'a>(name: &str, raw: Raw<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
    if raw.text == "null" {
        return Ok(None);
    }
    let not = |_| Fault::new(FaultCode::InvalidRequest, format!("The field {name} must be a text."));
    read::<Text<'_>>(raw.text).map(|text| Some(text.0)).map_err(not)
}

fn no_object() -> Fault {
    Fault::new(FaultCode::InvalidRequest, "This must be a JSON object: {…}.")
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
    is_within(json.as_bytes(), DEPTH_MAX as usize)
}

/// Appends a string as JSON, quotes included.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    push_text_inner(out, text);
    out.push(b'"');
}

/// Appends a string as JSON has it between the quotes.
#[inline]
pub fn push_text_inner(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    // Looked at where it stands, with bytes before it: that is less work than for a few bytes by themselves.
    if !scan::is_plain(out, start) {
        out.truncate(start);
        push_escaped(out, text);
    }
}

#[cold]
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    push_value(out, text);
    out.remove(start);
    out.pop();
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

    #[derive(Default)]
    struct Three<'a> {
        a: Option<Raw<'a>>,
        b: Option<Raw<'a>>,
        e: Option<Raw<'a>>,
    }

    impl<'a> Object<'a> for Three<'a> {
        fn place(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>> {
            match key {
                "a" => Some(&mut self.a),
                "b" => Some(&mut self.b),
                "é" => Some(&mut self.e),
                _ => None,
            }
        }
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
    fn fields_are_those_of_an_object_by_name() {
        let taken = |text| {
            let mut three = Three::default();
            take_apart(text, &mut three).map(|right| (three, right))
        };
        let (three, right) = taken(r#"{"b":[{}],"x":1,"\u0061":null,"c":{"a":2}}"#).expect("an object");
        assert_eq!((three.a.map(|raw| raw.text), three.e), (Some("null"), None));
        assert_eq!(three.b.map(|raw| (raw.text, raw.depth)), Some(("[{}]", 2)));
        assert!(some(three.a).is_none() && right.is_ok());
        let (_, right) = taken(r#"{"a":1,"x":1,"x":2,"\u0061":2}"#).expect("an object");
        assert!(right.is_err_and(|fault| fault.message == "The field a is there twice."));
        for (text, code) in [
            ("[1]", FaultCode::InvalidRequest),
            ("7", FaultCode::InvalidRequest),
            ("", FaultCode::InvalidSyntax),
            ("{\"a\":1", FaultCode::InvalidSyntax),
            ("{\"a\":01}", FaultCode::InvalidSyntax),
            ("{\"a\":\"\u{1}\"}", FaultCode::InvalidSyntax),
            ("{}{}", FaultCode::InvalidSyntax),
        ] {
            assert_eq!(taken(text).err().map(|fault| fault.code), Some(code), "{text}");
        }
    }

    #[test]
    fn a_text_in_a_field_is_read_with_its_escapes() {
        let text = |json: &str| {
            let text = format!("{{\"a\":{json}}}");
            let mut three = Three::default();
            take_apart(&text, &mut three).expect("an object").expect("no field is there twice");
            super::text("a", three.a).map(|text| text.map(Cow::into_owned))
        };
        assert_eq!(text("\"x\""), Ok(Some("x".into())));
        assert_eq!(text(r#""\"\u00e9\\""#), Ok(Some("\"é\\".into())));
        assert_eq!(text("null"), Ok(None));
        for bad in ["1", "[\"x\"]", r#""\ud800""#] {
            assert!(text(bad).is_err_and(|fault| fault.code == FaultCode::InvalidRequest), "{bad}");
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
        let nested = |depth: u32| format!("{}{}", "[".repeat(depth as usize), "]".repeat(depth as usize));
        assert!(depth_is_bounded(&nested(DEPTH_MAX)));
        assert!(!depth_is_bounded(&nested(DEPTH_MAX + 1)));
        assert!(depth_is_bounded(&format!("\"\\\"{}\"", "[".repeat(1000))));
        assert!(!depth_is_bounded(&format!("[\"\\\\\",{}]", nested(DEPTH_MAX))));
        let wide = format!("[{}]", vec!["{}"; 1000].join(","));
        assert!(depth_is_bounded(&wide));
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_parsed() {
        let deep = format!("{{\"a\":1,\"deep\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(code(deep.as_bytes()), FaultCode::InvalidRequest);
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
