//! Frames of Phoenix channels, both serializers, borrowed from the bytes received.
//!
//! Version 2: `[join_ref, ref, topic, event, payload]`. Version 1: an object of the same names, whose answers leave
//! `join_ref` out.

use super::carried::Carried;
use super::object::Object;
use crate::base::split::split_at_byte;
use crate::model::fault::Fault;
use crate::surface::json::{self, Raw, push_text_inner};
use std::borrow::Cow;

/// Bytes of a frame, as the published server takes them.
pub const FRAME_BYTES_MAX: usize = 1_000_000;

/// Bytes of a reference that a client gives; it comes back with the reply.
const REFERENCE_BYTES_MAX: usize = 128;

/// Bytes of a name or of an event.
const NAME_BYTES_MAX: usize = 256;

/// Which serializer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// Objects.
    V1,
    /// Lists.
    V2,
}

/// A frame of a client.
#[derive(PartialEq, Debug)]
pub struct Frame<'a> {
    /// What the client calls its stay in the circle, as raw JSON; `null` if it does not say.
    pub join_reference: &'a str,
    /// What it calls this request, as raw JSON; `null` if it does not say.
    pub reference: &'a str,
    /// The circle's name.
    pub name: Cow<'a, str>,
    /// The same as raw JSON, as it was written.
    pub written_name: &'a str,
    /// What it says.
    pub event: Cow<'a, str>,
}

/// The fields of a frame, as they were written.
#[derive(Default)]
struct Fields<'a> {
    join_reference: Option<Raw<'a>>,
    reference: Option<Raw<'a>>,
    name: Option<Raw<'a>>,
    event: Option<Raw<'a>>,
    payload: Option<Raw<'a>>,
}

/// By their names in version 1.
impl<'a> json::Object<'a> for Fields<'a> {
    #[inline]
    fn place(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>> {
        Some(match key {
            "join_ref" => &mut self.join_reference,
            "ref" => &mut self.reference,
            "topic" => &mut self.name,
            "event" => &mut self.event,
            "payload" => &mut self.payload,
            _ => return None,
        })
    }
}

impl<'a> Frame<'a> {
    /// Reads a frame, and what it carries into `carried`. `None` if it is none: the connection has to end. Says too whether it
    /// carries an object, and that is right.
    pub fn read(
        version: Version,
        text: &'a str,
        carried: &mut Carried<'a>,
    ) -> Option<(Self, Result<(), Fault>)> {
        let (fields, right) = match version {
            Version::V1 => {
                let mut fields = Fields::default();
                json::take_apart(text, &mut fields).ok()?.ok()?;
                let payload = json::some(fields.payload);
                let right =
                    payload.map_or(Ok(()), |raw| json::take_apart(raw.text, carried).and_then(|right| right));
                (Fields { payload, ..fields }, right)
            }
            Version::V2 => {
                let (items, right) = json::items(text, carried)?;
                let [join_reference, reference, name, event, payload] = items.map(Some);
                (Fields { join_reference, reference, name, event, payload }, right)
            }
        };
        let payload = fields.payload;
        let frame = Self {
            join_reference: reference(fields.join_reference)?,
            reference: reference(fields.reference)?,
            name: json::text("topic", fields.name).ok()??,
            written_name: fields.name.map_or("null", |raw| raw.text),
            event: json::text("event", fields.event).ok()??,
        };
        // Nothing that nests deeper is passed on to others, so that is told of here as well.
        let fits = frame.name.len() <= NAME_BYTES_MAX
            && frame.event.len() <= NAME_BYTES_MAX
            && payload.is_none_or(|raw| raw.depth <= json::DEPTH_MAX);
        fits.then_some((frame, right))
    }
}

/// A text, a number or nothing, as it was written.
fn reference(raw: Option<Raw<'_>>) -> Option<&str> {
    let raw = raw.map_or("null", |raw| raw.text);
    let scalar = raw == "null" || raw.starts_with(|start: char| start == '"' || start.is_ascii_digit());
    (scalar && raw.len() <= REFERENCE_BYTES_MAX).then_some(raw)
}

/// What leads a reply back: the references and the name as the client wrote them, a line each. JSON has no raw line breaks in
/// its scalars.
pub fn correlation(frame: &Frame<'_>) -> Box<str> {
    let (joined, reference, name) = (frame.join_reference, frame.reference, frame.written_name);
    let mut lines = String::with_capacity(joined.len() + reference.len() + name.len() + 2);
    lines.push_str(joined);
    lines.push('\n');
    lines.push_str(reference);
    lines.push('\n');
    lines.push_str(name);
    lines.into()
}

/// Appends the reply to a request. `status` is a word of ours. `is_stranger` says that the client is not in the circle.
pub fn push_reply(
    out: &mut Vec<u8>,
    version: Version,
    correlation: &str,
    status: &str,
    is_stranger: bool,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let (join_reference, rest) = split_at_byte(correlation, b'\n').unwrap_or(("null", correlation));
    let (reference, name) = split_at_byte(rest, b'\n').unwrap_or(("null", rest));
    let payload = |out: &mut Vec<u8>| {
        out.extend_from_slice(b"{\"status\":\"");
        out.extend_from_slice(status.as_bytes());
        out.extend_from_slice(b"\",\"response\":");
        write(out);
        out.push(b'}');
    };
    match version {
        Version::V1 => Object::new(out)
            .raw("topic", name)
            .text("event", "phx_reply")
            .with("payload", payload)
            .raw("ref", reference)
            .end(),
        Version::V2 => {
            let join_reference = if is_stranger { "null" } else { join_reference };
            out.push(b'[');
            out.extend_from_slice(join_reference.as_bytes());
            out.push(b',');
            out.extend_from_slice(reference.as_bytes());
            out.push(b',');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b",\"phx_reply\",");
            payload(out);
            out.push(b']');
        }
    }
}

/// Appends what is said unasked. `label` is what the client calls its stay, where that is told.
pub fn push_event(
    out: &mut Vec<u8>,
    version: Version,
    label: Option<&str>,
    name: (&str, &str),
    event: &str,
    write: impl FnOnce(&mut Vec<u8>),
) {
    begin_event(out, version, label, name, event);
    write(out);
    end_event(out, version, label);
}

/// Appends what comes before the payload of something that is said unasked.
pub fn begin_event(
    out: &mut Vec<u8>,
    version: Version,
    label: Option<&str>,
    name: (&str, &str),
    event: &str,
) {
    match (version, label) {
        (Version::V1, _) => out.extend_from_slice(b"{\"topic\":"),
        (Version::V2, None) => out.extend_from_slice(b"[null,null,"),
        (Version::V2, Some(label)) => {
            for part in ["[", label, ",", label, ","] {
                out.extend_from_slice(part.as_bytes());
            }
        }
    }
    out.push(b'"');
    // The front of the name needs no escapes.
    out.extend_from_slice(name.0.as_bytes());
    push_text_inner(out, name.1);
    match version {
        Version::V1 => out.extend_from_slice(b"\",\"event\":\""),
        Version::V2 => out.extend_from_slice(b"\",\""),
    }
    out.extend_from_slice(event.as_bytes());
    match version {
        Version::V1 => out.extend_from_slice(b"\",\"payload\":"),
        Version::V2 => out.extend_from_slice(b"\","),
    }
}

/// Appends what comes after the payload.
pub fn end_event(out: &mut Vec<u8>, version: Version, label: Option<&str>) {
    match version {
        Version::V1 => {
            for part in [",\"ref\":", label.unwrap_or("null"), "}"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        Version::V2 => out.push(b']'),
    }
}

#[cfg(test)]
mod tests {
    use super::super::carried;
    use super::*;
    use proptest::prelude::*;

    fn read(version: Version, text: &str) -> Option<Frame<'_>> {
        Frame::read(version, text, &mut Carried::default()).map(|(frame, _)| frame)
    }

    fn content(version: Version, text: &str) -> Option<Result<Option<Cow<'_, str>>, Fault>> {
        let mut carried = Carried::default();
        let (_, right) = Frame::read(version, text, &mut carried)?;
        Some(right.map(|()| carried::text(carried.content)))
    }

    const V2: &str = r#"["1","2","chat:c1","message:send",{"content":"\u00e9"}]"#;
    const V1: &str = r#"{"topic":"chat:c1","event":"phx_join","payload":{},"ref":"3","join_ref":"1"}"#;

    #[test]
    fn both_serializers_are_read() {
        let frame = read(Version::V2, V2).expect("a frame");
        assert_eq!((frame.join_reference, frame.reference), ("\"1\"", "\"2\""));
        assert_eq!((&*frame.name, &*frame.event), ("chat:c1", "message:send"));
        assert_eq!(content(Version::V2, V2), Some(Ok(Some("é".into()))));
        let v1 = r#"{"topic":"chat:c1","event":"x","payload":{"content":"y"},"ref":"3"}"#;
        assert_eq!(content(Version::V1, v1), Some(Ok(Some("y".into()))));
        for odd in ["null", "[]", "7", r#"{"content":"a","content":"b"}"#] {
            let frame = format!(r#"["1","2","chat:c1","x",{odd}]"#);
            assert!(content(Version::V2, &frame).is_some_and(|right| right.is_err()), "{odd}");
        }
        assert!(matches!(frame.name, Cow::Borrowed(_)));
        let frame = read(Version::V1, V1).expect("a frame");
        assert_eq!((frame.join_reference, frame.reference), ("\"1\"", "\"3\""));
        let bare = read(Version::V1, r#"{"topic":"phoenix","event":"heartbeat","ref":null}"#);
        let bare = bare.expect("a frame");
        assert_eq!((bare.join_reference, bare.reference), ("null", "null"));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let deep = format!(r#"[null,"1","chat:1","x",{}{}]"#, "[".repeat(65), "]".repeat(65));
        let long = format!(r#"["{}","1","chat:1","x",{{}}]"#, "1".repeat(200));
        for bad in [
            "",
            "1",
            "null",
            "[]",
            "{}",
            r#"["1","2","chat:1"]"#,
            r#"["1","2",3,"x",{}]"#,
            r#"[[],"2","a:b","x",{}]"#,
            r#"[{},"2","a:b","x",{}]"#,
            r#"[true,"2","a:b","x",{}]"#,
            r#"["1","2","a:b","x",{},1]"#,
            r#"["1","2","a:b","x",{}] "#.trim_end_matches(' ').trim_end_matches(']'),
            &deep,
            &long,
        ] {
            assert_eq!(read(Version::V2, bad), None, "{bad}");
        }
        assert_eq!(read(Version::V1, V2), None, "a list is no object");
        assert_eq!(read(Version::V2, V1), None, "an object is no list");
    }

    #[test]
    fn a_frame_that_is_cut_is_none() {
        for end in 0..V2.len() {
            assert_eq!(read(Version::V2, &V2[..end]), None, "{end}");
        }
        for end in 0..V1.len() {
            assert_eq!(read(Version::V1, &V1[..end]), None, "{end}");
        }
    }

    #[test]
    fn replies_and_events_are_written_in_both() {
        let correlation = correlation(&read(Version::V2, V2).expect("a frame"));
        let text = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            String::from_utf8(out).expect("text")
        };
        let empty = |out: &mut Vec<u8>| Object::new(out).end();
        let reply =
            |version, stranger| text(&|out| push_reply(out, version, &correlation, "ok", stranger, empty));
        assert_eq!(
            reply(Version::V2, false),
            r#"["1","2","chat:c1","phx_reply",{"status":"ok","response":{}}]"#
        );
        assert_eq!(
            reply(Version::V2, true),
            r#"[null,"2","chat:c1","phx_reply",{"status":"ok","response":{}}]"#
        );
        let v1 =
            r#"{"topic":"chat:c1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"2"}"#;
        assert_eq!(reply(Version::V1, false), v1);
        let event = |version, label| {
            text(&|out| push_event(out, version, label, ("chat:", "c\"1"), "phx_close", empty))
        };
        assert_eq!(event(Version::V2, None), r#"[null,null,"chat:c\"1","phx_close",{}]"#);
        assert_eq!(event(Version::V2, Some("\"1\"")), r#"["1","1","chat:c\"1","phx_close",{}]"#);
        assert_eq!(
            event(Version::V1, None),
            r#"{"topic":"chat:c\"1","event":"phx_close","payload":{},"ref":null}"#
        );
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>(), json in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,40}") {
            for text in [text, json] {
                let _ = read(Version::V1, &text);
                let _ = read(Version::V2, &text);
            }
        }

        #[test]
        fn names_and_references_come_back(name in "[ -~é\n\"]{0,20}", reference in "[ -~é\"]{0,20}") {
            let raw = serde_json::to_string(&reference).expect("text");
            let frame = format!("[null,{raw},{},\"x\",{{}}]", serde_json::to_string(&name).expect("text"));
            let frame = read(Version::V2, &frame).expect("a frame");
            prop_assert_eq!(frame.reference, &raw);
            prop_assert_eq!(&*frame.name, &name);
            let mut out = Vec::new();
            push_reply(&mut out, Version::V2, &correlation(&frame), "ok", false, |out| Object::new(out).end());
            let back: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
            prop_assert_eq!(&back[1], &serde_json::Value::from(reference));
            prop_assert_eq!(&back[2], &serde_json::Value::from(name));
        }
    }
}
