//! Events on the socket: their names and what they carry.

use super::object::Object;
use super::payload;
use crate::base::time::rfc3339;
use crate::model::people::chat::ChatMessage;
use crate::model::people::circle::Card;
use crate::model::people::event::{CallEvent, ChatEvent, Event, HuddleEvent, PresenceEvent, Talk};
use crate::model::people::shown::Shown;
use crate::model::people::signal::{Medium, SignalKind};
use crate::surface::json::push_text;
use std::ops::Range;
use std::sync::Arc;

/// The name of an event.
pub fn name(event: &Event) -> &'static str {
    match event {
        Event::Chat(event) => match event {
            ChatEvent::New(_) => "message:new",
            ChatEvent::Edited { .. } => "message:edited",
            ChatEvent::Deleted { .. } => "message:deleted",
            ChatEvent::Reacted { added: true, .. } => "message:reaction:added",
            ChatEvent::Reacted { added: false, .. } => "message:reaction:removed",
            ChatEvent::Read { .. } => "message:read",
            ChatEvent::Typing { started: true, .. } => "typing:start",
            ChatEvent::Typing { started: false, .. } => "typing:stop",
            ChatEvent::Online { .. } => "user:online",
        },
        Event::Presence(event) => match event {
            PresenceEvent::Diff { .. } => "presence_diff",
            PresenceEvent::Status { .. } => "user:status:changed",
            PresenceEvent::Custom { .. } => "user:custom_status:changed",
            PresenceEvent::Offline { .. } => "user:offline",
        },
        Event::Call { event, .. } => match event {
            CallEvent::Incoming { .. } => "call:incoming",
            CallEvent::Answered(_) => "call:answered",
            CallEvent::Rejected(_) => "call:rejected",
            CallEvent::Ended(_) => "call:ended",
            CallEvent::Missed => "call:missed",
            CallEvent::Cancelled => "call:cancelled",
            CallEvent::Joined(_) => "call:participant:joined",
            CallEvent::Disconnected(_) => "call:participant:disconnected",
            CallEvent::RecordingStarted { .. } => "call:recording:started",
            CallEvent::RecordingStopped { .. } => "call:recording:stopped",
        },
        Event::Huddle { event, .. } => match event {
            HuddleEvent::Invitation { .. } => "huddle:invitation",
            HuddleEvent::Joined { .. } => "huddle:participant:joined",
            HuddleEvent::Left(_) => "huddle:participant:left",
            HuddleEvent::Screen { started: true, .. } => "huddle:screen-share:started",
            HuddleEvent::Screen { started: false, .. } => "huddle:screen-share:stopped",
            HuddleEvent::Hand { .. } => "huddle:hand-raised",
            HuddleEvent::Message { .. } => "huddle:message:new",
            HuddleEvent::Ended => "huddle:ended",
        },
        Event::Toggled { talk, medium, .. } => match (talk, medium) {
            (Talk::Call(_), Medium::Audio) => "call:participant:audio-toggled",
            (Talk::Call(_), Medium::Video) => "call:participant:video-toggled",
            (Talk::Huddle(_), Medium::Audio) => "huddle:participant:audio-toggled",
            (Talk::Huddle(_), Medium::Video) => "huddle:participant:video-toggled",
        },
        Event::Signal { kind, .. } => match kind {
            SignalKind::Offer => "webrtc:offer",
            SignalKind::Answer => "webrtc:answer",
            SignalKind::Candidate => "webrtc:ice-candidate",
        },
    }
}

/// Appends what an event carries.
pub fn push_payload(out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Chat(event) => push_chat(out, event),
        Event::Presence(event) => push_presence(out, event),
        Event::Call { call, event } => push_call(out, call, event),
        Event::Huddle { huddle, event } => push_huddle(out, huddle, event),
        Event::Toggled { talk, user, enabled, .. } => {
            of_talk(out, talk).text("user_id", user).flag("enabled", *enabled).end();
        }
        Event::Signal { talk, from, kind, json } => {
            let field = match kind {
                SignalKind::Offer => "offer",
                SignalKind::Answer => "answer",
                SignalKind::Candidate => "candidate",
            };
            of_talk(out, talk).text("from", from).raw(field, json).end();
        }
    }
}

fn of_talk<'o>(out: &'o mut Vec<u8>, talk: &Talk) -> Object<'o> {
    match talk {
        Talk::Call(id) => Object::new(out).text("call_id", id),
        Talk::Huddle(id) => Object::new(out).text("huddle_id", id),
    }
}

/// Appends a message. It is written with each that is said, twice: each piece of our own words is one of a length that is
/// known here, which is copied without a call; what was said was spelled when it came.
pub fn push_message(out: &mut Vec<u8>, message: &ChatMessage) {
    let ChatMessage { id, conversation, sender, said, created } = message;
    out.reserve(MESSAGE_BYTES + said.len());
    // Ids of our own need no escapes.
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\",\"conversation_id\":");
    push_text(out, conversation);
    out.extend_from_slice(b",\"sender_id\":");
    push_text(out, sender);
    out.push(b',');
    out.extend_from_slice(said.as_bytes());
    out.extend_from_slice(b",\"is_forwarded\":false,\"forwarded_from\":null,\"created_at\":\"");
    out.extend_from_slice(created.as_bytes());
    out.extend_from_slice(b"\",\"updated_at\":\"");
    out.extend_from_slice(created.as_bytes());
    out.extend_from_slice(b"\"}");
}

/// Bytes of a message besides what was said, mostly.
const MESSAGE_BYTES: usize = 512;

fn push_chat(out: &mut Vec<u8>, event: &ChatEvent) {
    let object = match event {
        ChatEvent::New(message) => return push_message(out, message),
        ChatEvent::Edited { message, content } => {
            Object::new(out).text("id", message).text("content", content).flag("is_edited", true)
        }
        ChatEvent::Deleted { conversation, message } => {
            Object::new(out).text("message_id", message).text("conversation_id", conversation)
        }
        ChatEvent::Reacted { conversation, message, user, emoji, .. } => Object::new(out)
            .text("message_id", message)
            .text("user_id", user)
            .text("emoji", emoji)
            .text("conversation_id", conversation),
        ChatEvent::Read { conversation, message, user } => Object::new(out)
            .text("message_id", message)
            .text("user_id", user)
            .text("conversation_id", conversation),
        ChatEvent::Typing { conversation, user, .. } => {
            Object::new(out).text("conversation_id", conversation).text("user_id", user)
        }
        ChatEvent::Online { user } => Object::new(out).text("user_id", user),
    };
    object.end();
}

fn push_presence(out: &mut Vec<u8>, event: &PresenceEvent) {
    match event {
        PresenceEvent::Diff { joins, leaves } => Object::new(out)
            .with("joins", |out| push_cards(out, joins))
            .with("leaves", |out| push_cards(out, leaves))
            .end(),
        PresenceEvent::Status { user, status } => {
            Object::new(out).text("user_id", user).text("status", status.word()).end();
        }
        PresenceEvent::Custom { user, custom } => {
            let object = Object::new(out).text("user_id", user);
            match custom {
                Some(custom) => object
                    .with("custom_status", |out| {
                        let object = Object::new(out).text("text", &custom.text);
                        object.text_or_null("emoji", custom.emoji.as_deref()).end();
                    })
                    .end(),
                None => object.raw("custom_status", "null").end(),
            }
        }
        PresenceEvent::Offline { user, seen_s } => {
            Object::new(out).text("user_id", user).number("last_seen", *seen_s).end();
        }
    }
}

/// `{"user":{"metas":[…]},…}`. The cards of one user follow each other.
fn push_cards(out: &mut Vec<u8>, cards: &[Arc<Card>]) {
    out.push(b'{');
    push_more_cards(out, None, cards.iter());
    out.extend_from_slice(end_of_cards(cards.is_empty()));
}

/// The same of some of the cards that a circle shows, behind those before them.
pub fn push_shown(out: &mut Vec<u8>, shown: &Shown, some: Range<usize>) {
    if some.start == 0 {
        out.push(b'{');
    }
    let mut cards = shown.from(some.start.saturating_sub(1));
    let before = if some.start == 0 { None } else { cards.next() };
    push_more_cards(out, before, cards.take(some.len()));
    if some.end == shown.len() {
        out.extend_from_slice(end_of_cards(shown.is_empty()));
    }
}

fn push_more_cards<'a>(
    out: &mut Vec<u8>,
    mut before: Option<&'a Arc<Card>>,
    cards: impl Iterator<Item = &'a Arc<Card>>,
) {
    for card in cards {
        match before.replace(card) {
            Some(before) if before.user == card.user => out.push(b','),
            before => {
                if before.is_some() {
                    out.extend_from_slice(b"]},");
                }
                push_text(out, &card.user);
                out.extend_from_slice(b":{\"metas\":[");
            }
        }
        payload::push_card(out, card);
    }
}

fn end_of_cards(there_are_none: bool) -> &'static [u8] {
    if there_are_none { b"}" } else { b"]}}" }
}

fn push_call(out: &mut Vec<u8>, call: &str, event: &CallEvent) {
    let object = Object::new(out).text("call_id", call);
    match event {
        CallEvent::Incoming { kind, conversation, from } => object
            .text("call_type", payload::call_type(*kind))
            .text_or_null("conversation_id", conversation.as_deref())
            .with("from", |out| Object::new(out).text("id", from).end()),
        CallEvent::Answered(user)
        | CallEvent::Rejected(user)
        | CallEvent::Joined(user)
        | CallEvent::Disconnected(user) => object.text("user_id", user),
        CallEvent::Ended(by) => object.text_or_null("ended_by", by.as_deref()),
        CallEvent::RecordingStarted { recording, user } => {
            object.text("recording_id", recording).text("user_id", user)
        }
        CallEvent::RecordingStopped { recording } => object.text("recording_id", recording),
        CallEvent::Missed | CallEvent::Cancelled => object,
    }
    .end();
}

fn push_huddle(out: &mut Vec<u8>, huddle: &str, event: &HuddleEvent) {
    if let HuddleEvent::Message { id, sender, content, created_ms } = event {
        let object = Object::new(out).text("id", id).text("huddle_id", huddle).text("sender_id", sender);
        return object.text("content", content).text("created_at", &rfc3339(*created_ms)).end();
    }
    let object = Object::new(out).text("huddle_id", huddle);
    match event {
        HuddleEvent::Invitation { name, conversation, from } => object
            .text_or_null("conversation_id", conversation.as_deref())
            .text("name", name)
            .with("from", |out| Object::new(out).text("id", from).end()),
        HuddleEvent::Joined { user, audio, video } => {
            object.text("user_id", user).flag("audio_enabled", *audio).flag("video_enabled", *video)
        }
        HuddleEvent::Left(user) | HuddleEvent::Screen { user, .. } => object.text("user_id", user),
        HuddleEvent::Hand { user, raised } => object.text("user_id", user).flag("raised", *raised),
        HuddleEvent::Message { .. } | HuddleEvent::Ended => object,
    }
    .end();
}
