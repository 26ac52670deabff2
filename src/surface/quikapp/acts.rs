//! Events of clients, by the circle in which they are said.

use super::carried::{self, Carried, text};
use super::names::{self, is_id};
use crate::base::split::split_at_byte;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::UserId;
use crate::model::people::call::{CallAct, CallKind};
use crate::model::people::chat::ChatAct;
use crate::model::people::circle::Circle;
use crate::model::people::command::PeopleCommand;
use crate::model::people::huddle::HuddleAct;
use crate::model::people::reply::Wanted;
use crate::model::people::signal::{Medium, Signal, SignalKind};
use crate::model::people::status::{Custom, Status};
use crate::surface::json::{self, Raw};
use std::borrow::Cow;
use std::sync::Arc;

/// Characters of a person's own words.
const CUSTOM_CHARS_MAX: usize = 100;

/// Bytes of a picture, of a kind of content or of a huddle's name.
const SHORT_BYTES_MAX: usize = 64;

/// People that one question is about.
const ASKED_MAX: usize = 1_000;

/// The event is of no circle of this name, or of none that the client is in.
pub fn unmatched() -> Fault {
    Fault::new(FaultCode::NotFound, "Join this first.").about(Subject::Circle)
}

fn invalid(message: &'static str) -> Fault {
    Fault::new(FaultCode::InvalidRequest, message)
}

fn unknown() -> Fault {
    Fault::new(FaultCode::UnknownType, "There is no such event here.")
}

/// A join.
pub fn join(circle: &Circle, carried: &Carried<'_>) -> Result<PeopleCommand, Fault> {
    carried::check(carried)?;
    let video = carried::flag("video", carried.video)?.unwrap_or(false);
    Ok(PeopleCommand::Join { circle: circle.clone(), video, device: None })
}

/// Any other event. `right` says whether what it carries is an object that is right.
pub fn act(
    circle: &Circle,
    event: &str,
    payload: &Carried<'_>,
    right: Result<(), Fault>,
) -> Result<PeopleCommand, Fault> {
    let (kind, _) = split_at_byte(event, b':').ok_or_else(unknown)?;
    let known = match circle {
        Circle::Lobby | Circle::Conversation(_) => matches!(kind, "message" | "typing"),
        Circle::Calls | Circle::Call(_) => matches!(kind, "call" | "webrtc"),
        Circle::Huddles | Circle::Huddle(_) => matches!(kind, "huddle" | "webrtc"),
        Circle::Presence(_) => matches!(kind, "status" | "activity" | "presence"),
    };
    if !known {
        return Err(unknown());
    }
    right?;
    carried::check(payload)?;
    match circle {
        Circle::Lobby | Circle::Conversation(_) => {
            let conversation = place(circle, payload.conversation_id, "conversationId", false)?;
            Ok(PeopleCommand::Chat { conversation, act: chat(event, payload)? })
        }
        Circle::Calls if event == "call:initiate" => start_call(payload),
        Circle::Calls | Circle::Call(_) => {
            let call = place(circle, payload.call_id, "callId", true)?;
            Ok(PeopleCommand::Call { call, act: in_call(event, payload)? })
        }
        Circle::Huddles if event == "huddle:create" => create_huddle(payload),
        Circle::Huddles | Circle::Huddle(_) => {
            let huddle = place(circle, payload.huddle_id, "huddleId", true)?;
            Ok(PeopleCommand::Huddle { huddle, act: in_huddle(event, payload)? })
        }
        Circle::Presence(_) => presence(event, payload),
    }
}

/// What the event is about: what the circle is of, or in a lobby what the payload says. `must_agree` says that the
/// payload may not name another one.
fn place(
    circle: &Circle,
    named: Option<Raw<'_>>,
    field: &'static str,
    must_agree: bool,
) -> Result<Arc<str>, Fault> {
    match (circle, text(named)) {
        (Circle::Conversation(id) | Circle::Call(id) | Circle::Huddle(id), named) => {
            if must_agree && named.is_some_and(|named| *named != **id) {
                return Err(invalid("The payload names another one than this is about."));
            }
            Ok(id.clone())
        }
        (_, Some(named)) => names::id(&named, field),
        (_, None) => Err(invalid("The payload does not say what this is about.")),
    }
}

fn needed(field: Option<Raw<'_>>) -> Result<Cow<'_, str>, Fault> {
    text(field).ok_or_else(|| invalid("The payload lacks a field that this event needs."))
}

fn id(field: Option<Raw<'_>>) -> Result<Box<str>, Fault> {
    let text = needed(field)?;
    if is_id(&text) { Ok(text.into()) } else { Err(invalid("The payload has an id that is none.")) }
}

fn short(text: &str) -> Result<&str, Fault> {
    let fits = (1..=SHORT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text)
    } else {
        Err(invalid("The payload has a text that is empty, too long or not printable."))
    }
}

fn flag(name: &str, field: Option<Raw<'_>>) -> Result<bool, Fault> {
    carried::flag(name, field)?.ok_or_else(|| invalid("The payload lacks true or false."))
}

fn users(name: &str, field: Option<Raw<'_>>) -> Result<Vec<UserId>, Fault> {
    let list = carried::list(name, field)?.ok_or_else(|| invalid("The payload names nobody."))?;
    if list.is_empty() || list.len() > ASKED_MAX || !list.iter().all(|user| is_id(user)) {
        return Err(invalid("The payload must name 1 to 1000 users by their ids."));
    }
    Ok(list.into_iter().map(UserId::from).collect())
}

fn chat(event: &str, payload: &Carried<'_>) -> Result<ChatAct, Fault> {
    let message = || id(payload.message_id);
    Ok(match event {
        "message:send" => ChatAct::Send { said: said(payload)? },
        "message:edit" => ChatAct::Edit { message: message()?, content: needed(payload.content)?.into() },
        "message:delete" => ChatAct::Delete { message: message()? },
        "message:reaction:add" | "message:reaction:remove" => {
            let emoji = short(&needed(payload.emoji)?)?.into();
            ChatAct::React { message: message()?, emoji, added: event.ends_with("add") }
        }
        "message:read" => ChatAct::Read { message: message()? },
        "typing:start" => ChatAct::Typing { started: true },
        "typing:stop" => ChatAct::Typing { started: false },
        _ => return Err(unknown()),
    })
}

/// What a message says, as all who are told of it are shown it: texts without needless escapes, other values to the byte as they
/// came.
fn said<'a>(payload: &Carried<'a>) -> Result<Box<str>, Fault> {
    if json::some(payload.attachments).is_some_and(|list| !list.text.starts_with('[')) {
        return Err(invalid("attachments must be a list."));
    }
    if let Some(kind) = text(payload.kind) {
        short(&kind)?;
    }
    needed(payload.content)?;
    let (kind, content) = (spelled(payload.kind), spelled(payload.content));
    let came = |value: Option<Raw<'a>>, none: &'a str| json::some(value).map_or(none, |raw| raw.text);
    let values = [
        kind.as_deref().unwrap_or("\"text\""),
        content.as_deref().unwrap_or("\"\""),
        came(payload.attachments, "[]"),
        came(payload.reply_to, "null"),
    ];
    let bytes = MEMBERS.iter().chain(&values).map(|part| part.len()).sum();
    let mut said = String::with_capacity(bytes);
    for (member, value) in MEMBERS.iter().zip(values) {
        said.push_str(member);
        said.push_str(value);
    }
    Ok(said.into())
}

/// The text in a field, as JSON.
fn spelled(field: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let raw = json::some(field)?;
    Some(if raw.escaped { Cow::Owned(spelled_anew(&text(field)?)) } else { Cow::Borrowed(raw.text) })
}

#[cold]
fn spelled_anew(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// What stands before each value of a message.
const MEMBERS: [&str; 4] = ["\"type\":", ",\"content\":", ",\"attachments\":", ",\"reply_to\":"];

fn start_call(payload: &Carried<'_>) -> Result<PeopleCommand, Fault> {
    let kind = match text(payload.call_type).as_deref() {
        None | Some("audio") => CallKind::Audio,
        Some("video") => CallKind::Video,
        Some(_) => return Err(invalid("callType must be \"audio\" or \"video\".")),
    };
    let conversation =
        text(payload.conversation_id).map(|id| names::id(&id, "conversationId")).transpose()?;
    Ok(PeopleCommand::StartCall { conversation, users: users("participants", payload.participants)?, kind })
}

fn in_call(event: &str, payload: &Carried<'_>) -> Result<CallAct, Fault> {
    Ok(match event {
        "call:answer" => CallAct::Answer,
        "call:reject" => CallAct::Reject,
        "call:end" => CallAct::End,
        "call:toggle-audio" => {
            CallAct::Toggle { medium: Medium::Audio, enabled: flag("enabled", payload.enabled)? }
        }
        "call:toggle-video" => {
            CallAct::Toggle { medium: Medium::Video, enabled: flag("enabled", payload.enabled)? }
        }
        _ => CallAct::Signal(Box::new(signal(event, payload)?)),
    })
}

fn signal(event: &str, payload: &Carried<'_>) -> Result<Signal, Fault> {
    let (kind, value) = match event {
        "webrtc:offer" => (SignalKind::Offer, payload.offer),
        "webrtc:answer" => (SignalKind::Answer, payload.answer),
        "webrtc:ice-candidate" => (SignalKind::Candidate, payload.candidate),
        _ => return Err(unknown()),
    };
    let json =
        json::some(value).ok_or_else(|| invalid("The payload lacks what is to be passed on."))?.text.into();
    Ok(Signal { to: id(payload.target_user_id)?, kind, json })
}

fn create_huddle(payload: &Carried<'_>) -> Result<PeopleCommand, Fault> {
    let conversation =
        text(payload.conversation_id).map(|id| names::id(&id, "conversationId")).transpose()?;
    Ok(PeopleCommand::CreateHuddle { conversation, name: text(payload.name).map(Box::from) })
}

fn in_huddle(event: &str, payload: &Carried<'_>) -> Result<HuddleAct, Fault> {
    Ok(match event {
        "huddle:leave" => HuddleAct::Leave,
        "huddle:invite" => {
            let users = users("userIds", payload.user_ids)?;
            HuddleAct::Invite { users: users.iter().map(|user| Box::from(&**user)).collect() }
        }
        "huddle:toggle-audio" => {
            HuddleAct::Toggle { medium: Medium::Audio, enabled: flag("enabled", payload.enabled)? }
        }
        "huddle:toggle-video" => {
            HuddleAct::Toggle { medium: Medium::Video, enabled: flag("enabled", payload.enabled)? }
        }
        "huddle:toggle-screen" => HuddleAct::Screen { enabled: flag("enabled", payload.enabled)? },
        "huddle:raise-hand" => HuddleAct::Hand { raised: flag("raised", payload.raised)? },
        "huddle:message" => HuddleAct::Say { content: needed(payload.content)?.into() },
        _ => HuddleAct::Signal(Box::new(signal(event, payload)?)),
    })
}

fn presence(event: &str, payload: &Carried<'_>) -> Result<PeopleCommand, Fault> {
    Ok(match event {
        "status:update" => {
            let status = Status::parse(&needed(payload.status)?);
            let invalid = || invalid("There is no such status.").about(Subject::Status);
            PeopleCommand::SetStatus { status: status.ok_or_else(invalid)? }
        }
        "status:custom" => {
            let emoji = text(payload.emoji).map(|emoji| short(&emoji).map(Arc::<str>::from)).transpose();
            let words = needed(payload.text)?;
            let text: String = words.chars().take(CUSTOM_CHARS_MAX).collect();
            PeopleCommand::SetCustom { custom: Some(Custom { text: text.into(), emoji: emoji? }) }
        }
        "status:clear_custom" => PeopleCommand::SetCustom { custom: None },
        "activity:typing" | "activity:viewing" => PeopleCommand::Activity,
        "presence:get" => match text(payload.user_id) {
            Some(user) => {
                PeopleCommand::Statuses { users: vec![names::id(&user, "userId")?], wanted: Wanted::One }
            }
            None => {
                PeopleCommand::Statuses { users: users("userIds", payload.user_ids)?, wanted: Wanted::List }
            }
        },
        _ => return Err(unknown()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, event: &str, payload: &str) -> Result<PeopleCommand, Fault> {
        let mut carried = Carried::default();
        let right = json::take_apart(payload, &mut carried).and_then(|right| right);
        act(&names::circle(name).expect("a circle"), event, &carried, right)
    }

    #[test]
    fn events_belong_to_their_circles() {
        for (name, event) in [
            ("chat:c1", "call:initiate"),
            ("webrtc:lobby", "message:send"),
            ("huddle:h", "call:end"),
            ("presence:global", "typing:start"),
            ("chat:c1", "message:none"),
            ("chat:c1", "x"),
            ("webrtc:call", "call:initiate"),
            ("huddle:h", "huddle:create"),
            ("webrtc:lobby", "webrtc:none"),
        ] {
            let code = of(name, event, r#"{"callId":"call","huddleId":"h"}"#).map_err(|fault| fault.code);
            assert_eq!(code, Err(FaultCode::UnknownType), "{name} {event}");
        }
    }

    #[test]
    fn payloads_are_checked() {
        for (name, event, payload) in [
            ("chat:c1", "message:send", "{}"),
            ("chat:c1", "message:send", "[]"),
            ("chat:c1", "message:send", "null"),
            ("chat:c1", "message:send", r#"{"content":1}"#),
            ("chat:c1", "message:send", r#"{"content":"x","attachments":{}}"#),
            ("chat:lobby", "message:send", r#"{"content":"x"}"#),
            ("webrtc:lobby", "call:initiate", r#"{"participants":[]}"#),
            ("webrtc:lobby", "call:initiate", r#"{"participants":["a"],"callType":"fax"}"#),
            ("webrtc:lobby", "call:initiate", r#"{"participants":["a\u0000"]}"#),
            ("webrtc:c", "call:end", r#"{"callId":"d"}"#),
            ("webrtc:lobby", "call:end", "{}"),
            ("webrtc:c", "webrtc:offer", r#"{"targetUserId":"b"}"#),
            ("webrtc:c", "webrtc:offer", r#"{"offer":{}}"#),
            ("huddle:h", "huddle:toggle-audio", r#"{"enabled":"yes"}"#),
            ("presence:p", "presence:get", "{}"),
            ("presence:p", "status:update", "{}"),
        ] {
            let fault = of(name, event, payload).expect_err(payload);
            assert_eq!(fault.code, FaultCode::InvalidRequest, "{name} {event} {payload}");
        }
        let fault = of("presence:p", "status:update", r#"{"status":"gone"}"#).expect_err("no status");
        assert_eq!(fault.subject, Some(Subject::Status));
    }

    #[test]
    fn what_is_passed_on_is_kept_to_the_byte() {
        let payload = r#"{"targetUserId":"b","callId":"c","offer":{"sdp" : "v=0\r\n","n":1.50}}"#;
        let Ok(PeopleCommand::Call { act: CallAct::Signal(signal), .. }) =
            of("webrtc:c", "webrtc:offer", payload)
        else {
            panic!("a signal");
        };
        assert_eq!(&*signal.json, r#"{"sdp" : "v=0\r\n","n":1.50}"#);
    }

    #[test]
    fn what_is_said_is_spelled_once() {
        let said = |payload: &str| match of("chat:c1", "message:send", payload) {
            Ok(PeopleCommand::Chat { act: ChatAct::Send { said }, .. }) => Ok(said),
            other => Err(other.map_err(|fault| fault.message)),
        };
        let full =
            r#"{"replyTo":{"n" : 1.50},"content":"a\u00e9\"","attachments":[ 1 ],"type":"i\/o","x":1}"#;
        let members = r#""type":"i/o","content":"aé\"","attachments":[ 1 ],"reply_to":{"n" : 1.50}"#;
        assert_eq!(said(full).as_deref(), Ok(members));
        let least = r#"{"content":"","type":null,"attachments":null}"#;
        let members = r#""type":"text","content":"","attachments":[],"reply_to":null"#;
        assert_eq!(said(least).as_deref(), Ok(members));
        for bad in
            [r#"{"content":"\ud800"}"#, r#"{"content":"x","type":"\u0001"}"#, r#"{"content":"x","type":""}"#]
        {
            assert!(said(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn own_words_are_cut_at_characters() {
        let payload = format!(r#"{{"text":"{}"}}"#, "📞".repeat(120));
        let Ok(PeopleCommand::SetCustom { custom: Some(custom) }) =
            of("presence:p", "status:custom", &payload)
        else {
            panic!("words");
        };
        assert_eq!(custom.text.chars().count(), 100);
    }
}
