//! What the pages show of people, calls and huddles, by REST and on sockets alike.

use super::object::{Object, push_list};
use crate::base::time::rfc3339;
use crate::model::people::UserId;
use crate::model::people::call::{CallKind, CallState, CallView, Participant};
use crate::model::people::circle::Card;
use crate::model::people::device::Device;
use crate::model::people::huddle::{HuddleParticipant, HuddleView};
use crate::model::people::ice::IceServers;
use crate::model::people::recording::Recording;
use crate::model::people::status::{Person, Status};
use crate::surface::json::push_text;

/// The word for what a call was begun with.
pub fn call_type(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Audio => "audio",
        CallKind::Video => "video",
    }
}

/// One entry for each URL, STUN first.
pub fn push_ice(out: &mut Vec<u8>, ice: &IceServers) {
    let stun = ice.stun.iter().map(|url| (url, None));
    let turn = ice.credentials.iter().flat_map(|own| ice.turn.iter().map(move |url| (url, Some(own))));
    push_list(out, stun.chain(turn), |out, (url, own)| {
        let object = Object::new(out).text("urls", url);
        match own {
            Some(own) => object.text("username", &own.username).text("credential", &own.credential).end(),
            None => object.end(),
        }
    });
}

/// A call on a socket.
pub fn push_call(out: &mut Vec<u8>, call: &CallView) {
    let status = match call.state {
        CallState::Ringing => "ringing",
        CallState::Active => "active",
        CallState::Ended => "ended",
    };
    Object::new(out)
        .text("call_id", &call.id)
        .text_or_null("conversation_id", call.conversation.as_deref())
        .text("initiator", &call.initiator)
        .list("participants", &call.participants, |out, one| push_text(out, &one.user))
        .text("call_type", call_type(call.kind))
        .text("status", status)
        .text("start_time", &rfc3339(call.started_ms))
        .end();
}

/// Somebody who talks.
pub fn push_participant(out: &mut Vec<u8>, one: &Participant) {
    let media = |out: &mut Vec<u8>| Object::new(out).flag("audio", one.audio).flag("video", one.video).end();
    let object = Object::new(out).text("user_id", &one.user).text("joined_at", &rfc3339(one.joined_ms));
    object.with("media", media).end();
}

/// A huddle as the page shows it.
pub fn push_huddle(out: &mut Vec<u8>, huddle: &HuddleView) {
    Object::new(out)
        .text("id", &huddle.id)
        .text("name", &huddle.name)
        .text("created_by", &huddle.creator)
        .list("participants", &huddle.participants, |out, one| {
            Object::new(out).text("user_id", &one.user).text("joined_at", &rfc3339(one.joined_ms)).end();
        })
        .text("created_at", &rfc3339(huddle.created_ms))
        .end();
}

/// A huddle on its socket.
pub fn push_huddle_state(out: &mut Vec<u8>, huddle: &HuddleView) {
    Object::new(out)
        .text("huddle_id", &huddle.id)
        .text_or_null("conversation_id", huddle.conversation.as_deref())
        .text("name", &huddle.name)
        .text("creator", &huddle.creator)
        .list("participants", &huddle.participants, push_huddle_participant)
        .text_or_null("screen_sharer", huddle.screen.as_deref())
        .text("created_at", &rfc3339(huddle.created_ms))
        .with("settings", |out| {
            Object::new(out).number("max_participants", huddle.participants_max.into()).end()
        })
        .end();
}

/// Somebody in a huddle.
pub fn push_huddle_participant(out: &mut Vec<u8>, one: &HuddleParticipant) {
    Object::new(out)
        .text("user_id", &one.user)
        .text("joined_at", &rfc3339(one.joined_ms))
        .flag("audio_enabled", one.audio)
        .flag("video_enabled", one.video)
        .flag("hand_raised", one.hand)
        .end();
}

/// A huddle among others.
pub fn push_huddle_summary(out: &mut Vec<u8>, huddle: &HuddleView) {
    Object::new(out)
        .text("huddle_id", &huddle.id)
        .text_or_null("conversation_id", huddle.conversation.as_deref())
        .text("name", &huddle.name)
        .number("participant_count", huddle.participants.len() as u64)
        .flag("has_screen_share", huddle.screen.is_some())
        .end();
}

/// What is known of somebody.
pub fn push_person(out: &mut Vec<u8>, person: &Person) {
    let custom = person.custom.as_ref();
    Object::new(out)
        .text("user_id", &person.user)
        .text("status", person.status.word())
        .text_or_null("custom_message", custom.map(|custom| &*custom.text))
        .text_or_null("emoji", custom.and_then(|custom| custom.emoji.as_deref()))
        .text_or_null("last_seen", person.seen_ms.map(rfc3339).as_deref())
        .list("devices", &person.devices, |out, (device, opened_s)| {
            Object::new(out).text("id", device).number("timestamp", *opened_s).end();
        })
        .end();
}

/// Somebody and its state.
pub fn push_status(out: &mut Vec<u8>, (user, status): &(UserId, Status)) {
    Object::new(out).text("user_id", user).text("status", status.word()).end();
}

/// A device; its token is never given back.
pub fn push_device(out: &mut Vec<u8>, device: &Device, at: (&'static str, u64)) {
    Object::new(out)
        .text("id", &device.id)
        .text("platform", device.platform.word())
        .text_or_null("name", device.name.as_deref())
        .text(at.0, &rfc3339(at.1))
        .end();
}

/// A recording.
pub fn push_recording(out: &mut Vec<u8>, recording: &Recording) {
    let object = Object::new(out)
        .text("id", &recording.id)
        .text("call_id", &recording.call)
        .text_or_null("conversation_id", recording.conversation.as_deref())
        .text("call_type", call_type(recording.kind))
        .text("started_by", &recording.started_by)
        .text("started_at", &rfc3339(recording.started_ms))
        .text_or_null("ended_at", recording.ended_ms.map(rfc3339).as_deref());
    match recording.duration_s() {
        Some(duration_s) => object.number("duration", duration_s).text("status", "completed"),
        None => object.raw("duration", "null").text("status", "recording"),
    }
    .end();
}

/// What a circle shows of a socket.
pub fn push_card(out: &mut Vec<u8>, card: &Card) {
    let object = Object::new(out).text("phx_ref", &reference(card.reference));
    let object = match card.previous {
        Some(previous) => object.text("phx_ref_prev", &reference(previous)),
        None => object,
    };
    object
        .number("online_at", card.online_s)
        .text("device", &card.device)
        .text("status", card.status.word())
        .text("joined_at", &rfc3339(card.joined_ms))
        .end();
}

fn reference(number: u64) -> String {
    format!("F{number:x}")
}
