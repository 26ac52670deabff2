//! JSON as it is read, wherever it comes from: what is a struct here must be an object there.
//!
//! What serde derives for a struct also takes an array, field by field, so that `["HS256"]` would be the header of a
//! token. Here a struct, at any depth, asks for an object. Nothing else reads JSON into a struct; `tests/tidy.rs` holds
//! that. Not seen are the structs within an untagged enum, which serde reads from a copy of its own.

mod depth;
mod plain;
pub mod scan;
mod strict;

pub use depth::is_within;

use serde::Deserialize;
use serde::de::Error;
use serde_json::{Deserializer, Result};
use strict::Strict;

/// Items of a list that is read into them; what is passed on as it was written has no such bound. No request has a use for
/// more, and each costs as much as a short message.
const ITEMS_MAX: usize = 10_000;

/// Levels of nesting that are parsed. What is longer than [`SHORT_BYTES`] and nests deeper would take many times as long as
/// what is flat.
const LEVELS_MAX: usize = 128;

/// Text that is parsed at once, however it nests.
const SHORT_BYTES: usize = 4 << 10;

/// Reads one value from text in UTF-8, and nothing after it.
///
/// # Errors
/// It is not JSON, or does not fit.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    check_depth(text.as_bytes())?;
    let mut reader = Deserializer::from_str(text);
    let value = T::deserialize(Strict(&mut reader))?;
    reader.end().map(|()| value)
}

/// The same for bytes that may be no UTF-8.
///
/// # Errors
/// As [`read`].
pub fn read_bytes<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    check_depth(bytes)?;
    let mut reader = Deserializer::from_slice(bytes);
    let value = T::deserialize(Strict(&mut reader))?;
    reader.end().map(|()| value)
}

fn check_depth(text: &[u8]) -> Result<()> {
    if text.len() <= SHORT_BYTES || is_within(text, LEVELS_MAX) {
        return Ok(());
    }
    Err(serde_json::Error::custom(format_args!("it nests deeper than {LEVELS_MAX} levels")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Point {
        x: u8,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct Line {
        ends: (Point, Point),
        middle: Option<Point>,
        more: Vec<Point>,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    enum Shape {
        Dot(Point),
        Box { width: u8 },
        Pair(u8, u8),
        Nothing,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(transparent)]
    struct Only(Point);

    #[derive(Deserialize)]
    struct Raw<'a> {
        #[serde(borrow)]
        raw: &'a RawValue,
        #[serde(borrow)]
        text: Cow<'a, str>,
    }

    fn refused<T: for<'a> Deserialize<'a> + std::fmt::Debug>(text: &str) {
        let error = read::<T>(text).expect_err(text);
        assert!(error.is_data(), "{text}: {error}");
        assert!(!error.to_string().contains("struct"), "{text}: {error}");
        assert!(read_bytes::<T>(text.as_bytes()).is_err(), "{text}");
    }

    #[test]
    fn a_struct_is_an_object_at_any_depth() {
        refused::<Point>("[1]");
        refused::<Only>("[1]");
        refused::<Option<Point>>("[1]");
        refused::<Vec<Point>>("[[1]]");
        refused::<Vec<Vec<Option<Point>>>>("[[null,[1]]]");
        refused::<BTreeMap<String, Point>>(r#"{"a":[1]}"#);
        refused::<Line>(r#"{"ends":[[1],{"x":2}],"more":[]}"#);
        refused::<Line>(r#"{"ends":[{"x":1},{"x":2}],"middle":[1],"more":[]}"#);
        refused::<Line>(r#"{"ends":[{"x":1},{"x":2}],"more":[[1]]}"#);
        refused::<Line>(r#"[[{"x":1},{"x":2}],null,[]]"#);
        refused::<Shape>(r#"{"Dot":[1]}"#);
        refused::<Shape>(r#"{"Box":[1]}"#);
        refused::<Vec<Shape>>(r#"[{"Box":[1]}]"#);
    }

    #[test]
    fn what_fits_is_read() {
        assert_eq!(read::<Point>(r#" {"x":1} "#).expect("fits"), Point { x: 1 });
        assert_eq!(read::<Only>(r#"{"x":1}"#).expect("fits"), Only(Point { x: 1 }));
        let line: Line =
            read(r#"{"ends":[{"x":1},{"x":2}],"middle":{"x":3},"more":[{"x":4}]}"#).expect("fits");
        let point = |x| Point { x };
        assert_eq!(line, Line { ends: (point(1), point(2)), middle: Some(point(3)), more: vec![point(4)] });
        let shapes: Vec<Shape> =
            read(r#"[{"Dot":{"x":1}},{"Box":{"width":2}},{"Pair":[3,4]},"Nothing"]"#).expect("fits");
        let expected = [Shape::Dot(point(1)), Shape::Box { width: 2 }, Shape::Pair(3, 4), Shape::Nothing];
        assert_eq!(shapes, expected);
    }

    #[test]
    fn a_list_is_counted_before_it_is_built() {
        let list = |items: usize, after: &str| format!("[{}0{after}]", "0,".repeat(items - 1));
        assert_eq!(read::<Vec<u8>>(&list(ITEMS_MAX, "")).expect("as many as may be").len(), ITEMS_MAX);
        let error =
            read::<Vec<u8>>(&list(ITEMS_MAX + 1, ", nothing of this is looked at")).expect_err("too many");
        assert!(error.to_string().contains("at most 10000 items"), "{error}");
        let raw = format!(r#"{{"raw":{},"text":""}}"#, list(2 * ITEMS_MAX, ""));
        assert!(read::<Raw<'_>>(&raw).is_ok(), "what is passed on is not built");
    }

    #[test]
    fn what_nests_deep_is_refused_before_it_is_parsed() {
        let nested = |levels: usize| "[".repeat(levels) + &" ".repeat(SHORT_BYTES) + &"]".repeat(levels);
        assert!(read::<&RawValue>(&nested(LEVELS_MAX)).is_ok());
        let error = read::<&RawValue>(&nested(LEVELS_MAX + 1)).expect_err("too deep");
        assert!(error.to_string().contains("deeper than 128"), "{error}");
        assert!(read_bytes::<&RawValue>(nested(LEVELS_MAX + 1).as_bytes()).is_err());
    }

    #[test]
    fn what_is_borrowed_stays_borrowed() {
        let raw: Raw<'_> = read(r#"{"raw":[ 1,{"a":[]} ],"text":"plain"}"#).expect("fits");
        assert_eq!(raw.raw.get(), r#"[ 1,{"a":[]} ]"#);
        assert!(matches!(raw.text, Cow::Borrowed("plain") | Cow::Owned(_)));
    }

    #[test]
    fn nothing_may_follow() {
        for text in [r#"{"x":1}x"#, r#"{"x":1}{}"#, "", "{"] {
            assert!(!read::<Point>(text).expect_err(text).is_data(), "{text}");
        }
        assert!(read_bytes::<Point>(b"{\"x\":1,\"\xff\":1}").is_err());
    }
}
