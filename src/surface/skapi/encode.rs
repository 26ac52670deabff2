//! From replies and pushes to frames on the socket. A frame has one key that says what it is, `#message`, `#private`,
//! `#notice`, `#rtc` or `#error`, and says whose it is.
//!
//! The library reads a frame with `JSON.parse(decodeURI(frame))`: a raw `%` would be taken for an escape there, and the frame
//! lost. So each is written as JSON writes any character, `\u0025`. In JSON it can only stand in a string.

use super::{faults, names};
use crate::model::channel::ChannelName;
use crate::model::relay::{Relayed, RelayedWhat};
use crate::model::reply::{Push, RelayReply, Reply};
use crate::model::session::Session;
use crate::surface::json::push_text;

/// Appends a reply: what a sender is told of its own private message, or an error. Nothing else is answered.
pub fn encode_reply(out: &mut Vec<u8>, reply: &Reply, _: Option<&str>, _: &Session) {
    let start = out.len();
    match reply {
        Reply::Relay(RelayReply::Relayed(Some(relayed))) => relay(out, None, relayed),
        Reply::Fault(fault) => {
            out.extend_from_slice(b"{\"#error\":");
            push_text(out, faults::message(fault));
            out.push(b'}');
        }
        _ => {}
    }
    escape_percent(out, start);
}

/// Appends a push.
pub fn encode_push(out: &mut Vec<u8>, channel: &ChannelName, push: Push<'_>) {
    let start = out.len();
    if let Push::Relayed(relayed) = push {
        relay(out, Some(channel.suffix()), relayed);
    }
    escape_percent(out, start);
}

/// `group` is the name of the group in which it is told, if it is told in one.
fn relay(out: &mut Vec<u8>, group: Option<&str>, relayed: &Relayed) {
    let user = &*relayed.from.user;
    match &relayed.what {
        RelayedWhat::Message(json) => said(out, "#message", json),
        RelayedWhat::Private(json) => said(out, "#private", json),
        RelayedWhat::Signal(json) => said(out, "#rtc", json),
        RelayedWhat::Joined => notice(out, user, "has joined the message group.", "USER_JOINED"),
        RelayedWhat::Left => notice(out, user, "has left the message group.", "USER_LEFT"),
        RelayedWhat::Disconnected => notice(out, user, "has been disconnected.", "USER_DISCONNECTED"),
    }
    out.extend_from_slice(b",\"#user_id\":");
    push_text(out, user);
    out.extend_from_slice(b",\"#scid\":\"");
    names::push_handle(out, relayed.from.handle);
    out.push(b'"');
    match (&relayed.what, group) {
        (RelayedWhat::Signal(_), _) => {}
        (RelayedWhat::Private(_), _) | (_, None) => out.extend_from_slice(b",\"#srid\":null"),
        (_, Some(group)) => {
            out.extend_from_slice(b",\"#srid\":");
            push_text(out, group);
        }
    }
    out.push(b'}');
}

fn said(out: &mut Vec<u8>, key: &str, json: &str) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(json.as_bytes());
}

/// Older libraries tell notices apart by these very words.
fn notice(out: &mut Vec<u8>, user: &str, words: &str, code: &str) {
    out.extend_from_slice(b"{\"#notice\":");
    push_text(out, &format!("User \"{user}\" {words}"));
    out.extend_from_slice(b",\"#code\":\"");
    out.extend_from_slice(code.as_bytes());
    out.push(b'"');
}

/// Writes each `%` from `start` on as an escape of JSON.
fn escape_percent(out: &mut Vec<u8>, start: usize) {
    let count = out[start..].iter().filter(|byte| **byte == b'%').count();
    if count == 0 {
        return;
    }
    let text = out.split_off(start);
    out.reserve(text.len() + 5 * count);
    for byte in text {
        match byte {
            b'%' => out.extend_from_slice(b"\\u0025"),
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::CoreId;
    use crate::model::fault::{Fault, FaultCode};
    use crate::model::relay::{Handle, Speaker, group_channel};
    use crate::model::session::Scopes;

    fn relayed(user: &str, what: RelayedWhat) -> Relayed {
        Relayed { from: Speaker { user: user.into(), handle: Handle::new(CoreId(0), [0, 7]) }, what }
    }

    fn pushed(group: &str, relayed: &Relayed) -> String {
        let mut out = b"x%".to_vec();
        encode_push(&mut out, &group_channel(group), Push::Relayed(relayed));
        assert!(out.starts_with(b"x%"), "what was there stays");
        String::from_utf8(out.split_off(2)).expect("UTF-8")
    }

    fn replied(reply: &Reply) -> String {
        let mut out = Vec::new();
        encode_reply(&mut out, reply, None, &Session::of("ada", Scopes::READ));
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn frames_are_those_of_the_notes() {
        let tail = r##""#user_id":"u","#scid":"AAAAAAAAAAAAAAc=""##;
        for (what, frame) in [
            (
                RelayedWhat::Message("{\"a\": 1.50}".into()),
                format!(r##"{{"#message":{{"a": 1.50}},{tail},"#srid":"g"}}"##),
            ),
            (RelayedWhat::Private("1".into()), format!(r##"{{"#private":1,{tail},"#srid":null}}"##)),
            (RelayedWhat::Signal("{}".into()), format!(r##"{{"#rtc":{{}},{tail}}}"##)),
            (
                RelayedWhat::Joined,
                format!(
                    r##"{{"#notice":"User \"u\" has joined the message group.","#code":"USER_JOINED",{tail},"#srid":"g"}}"##
                ),
            ),
            (
                RelayedWhat::Left,
                format!(
                    r##"{{"#notice":"User \"u\" has left the message group.","#code":"USER_LEFT",{tail},"#srid":"g"}}"##
                ),
            ),
            (
                RelayedWhat::Disconnected,
                format!(
                    r##"{{"#notice":"User \"u\" has been disconnected.","#code":"USER_DISCONNECTED",{tail},"#srid":"g"}}"##
                ),
            ),
        ] {
            assert_eq!(pushed("g", &relayed("u", what)), frame);
        }
        let own = relayed("u", RelayedWhat::Private("1".into())).into();
        assert_eq!(
            replied(&Reply::Relay(RelayReply::Relayed(Some(own)))),
            format!(r##"{{"#private":1,{tail},"#srid":null}}"##)
        );
        assert_eq!(replied(&Reply::Relay(RelayReply::Relayed(None))), "");
        let fault = Fault::new(FaultCode::NoSuchMember, "Recipient is not connected.");
        assert_eq!(replied(&Reply::Fault(fault)), r##"{"#error":"Recipient is not connected."}"##);
    }

    /// A frame without a raw `%` is what `decodeURI` gives back unchanged.
    #[test]
    fn no_frame_has_a_raw_percent_and_each_says_the_same() {
        let content = r#"{"100%":"%41 \\% %","é":"%e9"}"#;
        let frame = pushed("50% off", &relayed("%u", RelayedWhat::Message(content.into())));
        assert!(!frame.contains('%'), "{frame}");
        let read: serde_json::Value = serde_json::from_str(&frame).expect("JSON");
        assert_eq!(read["#message"], serde_json::from_str::<serde_json::Value>(content).expect("JSON"));
        assert_eq!((&read["#srid"], &read["#user_id"]), (&"50% off".into(), &"%u".into()));
        let fault = replied(&Reply::Fault(Fault::new(FaultCode::InvalidRequest, "5 % of it")));
        assert_eq!(fault, r##"{"#error":"5 \u0025 of it"}"##);
    }
}
