//! From replies and events to frames on the socket.

use super::frame::{Version, begin_event, end_event, push_event, push_reply};
use super::object::Object;
use super::{events, names, payload, reasons};
use crate::model::channel::ChannelName;
use crate::model::people::reply::{Joined, PeopleReply, Wanted};
use crate::model::reply::{Push, Reply};
use crate::model::session::Session;
use crate::surface::json::push_text;

/// Appends a reply in version 1.
pub fn reply_v1(out: &mut Vec<u8>, reply: &Reply, correlation: Option<&str>, _: &Session) {
    encode_reply(out, Version::V1, reply, correlation);
}

/// Appends a reply in version 2.
pub fn reply_v2(out: &mut Vec<u8>, reply: &Reply, correlation: Option<&str>, _: &Session) {
    encode_reply(out, Version::V2, reply, correlation);
}

/// Appends a push in version 1.
pub fn push_v1(out: &mut Vec<u8>, channel: &ChannelName, push: Push<'_>) {
    encode_push(out, Version::V1, channel, push);
}

/// Appends a push in version 2.
pub fn push_v2(out: &mut Vec<u8>, channel: &ChannelName, push: Push<'_>) {
    encode_push(out, Version::V2, channel, push);
}

fn encode_reply(out: &mut Vec<u8>, version: Version, reply: &Reply, correlation: Option<&str>) {
    // Without one there was no frame that could be answered.
    let Some(correlation) = correlation else { return };
    match reply {
        Reply::Fault(fault) => {
            let reason = |out: &mut Vec<u8>| Object::new(out).text("reason", reasons::of(fault)).end();
            let stranger = reasons::is_stranger(fault);
            push_reply(out, version, correlation, "error", stranger, reason);
        }
        Reply::People(reply) if **reply == PeopleReply::Silence => {}
        Reply::People(reply) => {
            push_reply(out, version, correlation, "ok", false, |out| response(out, reply));
        }
        _ => push_reply(out, version, correlation, "ok", false, |out| Object::new(out).end()),
    }
}

fn response(out: &mut Vec<u8>, reply: &PeopleReply) {
    match reply {
        PeopleReply::Joined { what, .. } => joined(out, what),
        PeopleReply::Message(message) => events::push_message(out, message),
        PeopleReply::Call { call, ice, answered } => {
            let object = Object::new(out).text("call_id", &call.id);
            let object = object.with("ice_servers", |out| payload::push_ice(out, ice));
            if *answered {
                object.list("participants", &call.participants, |out, one| push_text(out, &one.user)).end();
            } else {
                object.end();
            }
        }
        PeopleReply::Huddle { huddle, .. } => Object::new(out)
            .text("huddle_id", &huddle.id)
            .text_or_null("conversation_id", huddle.conversation.as_deref())
            .end(),
        PeopleReply::Statuses { people, wanted: Wanted::List } => {
            Object::new(out).list("users", people, payload::push_status).end();
        }
        PeopleReply::Statuses { people, wanted: Wanted::One } => {
            people.iter().take(1).for_each(|person| payload::push_status(out, person));
        }
        _ => Object::new(out).end(),
    }
}

fn joined(out: &mut Vec<u8>, what: &Joined) {
    let object = Object::new(out);
    match what {
        Joined::Lobby { .. } | Joined::Presence => object,
        Joined::Conversation(id) => object.text("conversation_id", id),
        Joined::Calls(ice) => object.with("ice_servers", |out| payload::push_ice(out, ice)),
        Joined::Call(call, ice) => object
            .with("call", |out| payload::push_call(out, call))
            .with("ice_servers", |out| payload::push_ice(out, ice)),
        Joined::Huddles(huddles) => object.list("active_huddles", huddles, payload::push_huddle_summary),
        Joined::Huddle(huddle, ice) => object
            .with("huddle", |out| payload::push_huddle_state(out, huddle))
            .list("participants", &huddle.participants, payload::push_huddle_participant)
            .with("ice_servers", |out| payload::push_ice(out, ice)),
    }
    .end();
}

fn encode_push(out: &mut Vec<u8>, version: Version, channel: &ChannelName, push: Push<'_>) {
    let name = names::wire_name(channel);
    let empty = |out: &mut Vec<u8>| Object::new(out).end();
    match push {
        Push::Shown { cards, from, to } => {
            if from == 0 {
                begin_event(out, version, None, name, "presence_state");
            }
            events::push_shown(out, cards, from..to);
            if to == cards.len() {
                end_event(out, version, None);
            }
        }
        Push::People(event) => {
            push_event(out, version, None, name, events::name(event), |out| events::push_payload(out, event));
        }
        Push::Closed(label) => {
            push_event(out, version, Some(label.unwrap_or("null")), name, "phx_close", empty)
        }
        Push::Failed(label) => {
            push_event(out, version, Some(label.unwrap_or("null")), name, "phx_error", empty)
        }
        _ => {}
    }
}
