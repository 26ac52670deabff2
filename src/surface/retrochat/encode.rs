//! From replies and pushes to messages on the socket. The hot ones, `publication` and `published`, are
//! written piece by piece into the bytes that go out.

use super::faults;
use super::names::Kind;
use super::payload::{MeetingEnded, MeetingMessage, Message, Nothing, Room, UserEvent};
use crate::base::time::rfc3339;
use crate::model::channel::{ChannelName, Position};
use crate::model::fault::Fault;
use crate::model::publication::{ArchivedBody, ArchivedPublication};
use crate::model::reply::{ChannelReply, ConnectionReply, Notice, Push, Recovery, Reply};
use crate::model::session::Session;
use crate::surface::json::{push_number, push_text, push_value};
use serde::Serialize;

/// Appends a reply. `correlation` is the request's `id` as raw JSON.
pub fn encode_reply(out: &mut Vec<u8>, reply: &Reply, correlation: Option<&str>, _: &Session) {
    match reply {
        Reply::Channel(ChannelReply::Published { channel, position }) => {
            start(out, "published", channel);
            push_position(out, *position);
        }
        Reply::Channel(ChannelReply::Subscribed { channel, position, recovery, .. }) => {
            start(out, "subscribed", channel);
            push_event_name(out, channel);
            push_position(out, *position);
            match recovery {
                Recovery::NotAsked => {}
                Recovery::Complete(missed) => {
                    out.extend_from_slice(b",\"recovered\":");
                    push_number(out, missed.len() as u64);
                }
                Recovery::Gap(_) => out.extend_from_slice(b",\"gap\":true"),
            }
        }
        Reply::Connection(ConnectionReply::Renewed { expires_unix_s }) => {
            out.extend_from_slice(b"{\"type\":\"authenticated\"");
            if let Some(ends) = expires_unix_s {
                out.extend_from_slice(b",\"expires_at\":");
                push_text(out, &rfc3339(ends.saturating_mul(1000)));
            }
        }
        Reply::Connection(ConnectionReply::Unsubscribed { channel }) => start(out, "unsubscribed", channel),
        Reply::Connection(ConnectionReply::Subscriptions(channels)) => subscriptions(out, channels),
        Reply::Connection(ConnectionReply::Pong) => out.extend_from_slice(b"{\"type\":\"pong\""),
        Reply::Fault(fault) => error(out, fault),
        _ => out.extend_from_slice(
            b"{\"type\":\"error\",\"code\":\"INTERNAL\",\
              \"message\":\"The broker gave an answer of the wrong kind; please report this.\"",
        ),
    }
    if let Some(raw) = correlation {
        out.extend_from_slice(b",\"id\":");
        out.extend_from_slice(raw.as_bytes());
    }
    out.push(b'}');
}

/// Appends a push.
pub fn encode_push(out: &mut Vec<u8>, channel: &ChannelName, push: Push<'_>) {
    match push {
        Push::Publication(publication) => match &publication.body {
            ArchivedBody::Data { json } => data(out, channel, publication, json),
            _ => event(out, channel, publication),
        },
        Push::Joined(session) => member(out, "member:joined", channel, &session.user),
        Push::Left(session) => member(out, "member:left", channel, &session.user),
        Push::Gap(position) => {
            start(out, "gap", channel);
            push_position(out, position);
            out.push(b'}');
        }
        // Nobody here is in a circle or a group, or can be reached alone.
        Push::Shown { .. } | Push::People(_) | Push::Relayed(_) | Push::Closed(_) | Push::Failed(_) => {}
        Push::Ended(fault) => {
            error(out, fault);
            out.extend_from_slice(b",\"channel\":");
            push_text(out, channel.as_str());
            out.push(b'}');
        }
        // Of realms only; this dialect asks for none of them.
        Push::History(_) | Push::Members(_) | Push::Whisper { .. } => {}
    }
}

/// Appends a notice.
pub fn encode_notice(out: &mut Vec<u8>, notice: Notice) {
    match notice {
        Notice::TokenEnds { in_s } => {
            out.extend_from_slice(b"{\"type\":\"token_ends\",\"in_seconds\":");
            push_number(out, in_s);
            out.push(b'}');
        }
    }
}

/// `{"type":…,"channel":…`, left open.
fn start(out: &mut Vec<u8>, kind: &str, channel: &ChannelName) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"channel\":");
    push_text(out, channel.as_str());
}

fn push_position(out: &mut Vec<u8>, position: Position) {
    out.extend_from_slice(b",\"epoch\":");
    push_number(out, position.epoch);
    out.extend_from_slice(b",\"offset\":");
    push_number(out, position.offset);
}

fn push_event_name(out: &mut Vec<u8>, channel: &ChannelName) {
    if let Some(kind) = Kind::of(channel.namespace()) {
        out.extend_from_slice(b",\"event\":");
        push_text(out, kind.event());
    }
}

fn subscriptions(out: &mut Vec<u8>, channels: &[ChannelName]) {
    out.extend_from_slice(b"{\"type\":\"subscriptions\",\"subscriptions\":[");
    for (index, channel) in channels.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"channel\":" } else { b",{\"channel\":" });
        push_text(out, channel.as_str());
        push_event_name(out, channel);
        out.push(b'}');
    }
    out.push(b']');
}

fn error(out: &mut Vec<u8>, fault: &Fault) {
    out.extend_from_slice(b"{\"type\":\"error\",\"code\":");
    push_text(out, faults::socket(fault.code));
    out.extend_from_slice(b",\"message\":");
    push_text(out, &fault.message);
}

/// A client's own value, as it came.
fn data(out: &mut Vec<u8>, channel: &ChannelName, publication: &ArchivedPublication, json: &str) {
    start(out, "publication", channel);
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(json.as_bytes());
    push_position(out, publication.position());
    out.extend_from_slice(b",\"user_id\":");
    push_text(out, &publication.publisher);
    out.push(b'}');
}

fn member(out: &mut Vec<u8>, kind: &str, channel: &ChannelName, user: &str) {
    start(out, kind, channel);
    out.extend_from_slice(b",\"data\":{\"user_id\":");
    push_text(out, user);
    out.extend_from_slice(b"}}");
}

/// The events of the page.
fn event(out: &mut Vec<u8>, channel: &ChannelName, publication: &ArchivedPublication) {
    let at = publication.position();
    let time_ms = publication.time_ms.to_native();
    let message = |of, author, created_ms| Message::bare(channel, of, author, created_ms);
    let mut write = |kind: &str, payload: &dyn Payload| {
        start(out, kind, channel);
        out.extend_from_slice(b",\"data\":");
        payload.push(out);
        push_position(out, at);
        out.push(b'}');
    };
    match &publication.body {
        // Written by `data`, or of realms, whose channels this dialect does not name, or kept only.
        ArchivedBody::Data { .. }
        | ArchivedBody::ClientMessage { .. }
        | ArchivedBody::Event { .. }
        | ArchivedBody::MessageTouched { .. } => {}
        ArchivedBody::MessageCreated { .. } | ArchivedBody::MessageRewritten { .. } => {
            if let Some(message) = Message::kept(channel, publication) {
                write("message:new", &message);
            }
        }
        ArchivedBody::MessageUpdated { of, author, created_ms, content, kind } => {
            let message = message(of.to_native(), author.as_str(), created_ms.to_native());
            write("message:updated", &message.content(content, kind).updated(time_ms));
        }
        ArchivedBody::MessageDeleted { of, author, created_ms } => {
            let message = message(of.to_native(), author.as_str(), created_ms.to_native());
            write("message:deleted", &message.deleted(time_ms));
        }
        ArchivedBody::RoomCreated { room } => write("room:created", &Room::of_archived(room)),
        ArchivedBody::RoomUpdated { room } => write("room:updated", &Room::of_archived(room)),
        ArchivedBody::RoomDeleted { room } => write("room:deleted", &Room::of_archived(room)),
        ArchivedBody::MeetingMessage { id, salt, data, .. } => {
            write(
                "meeting:message",
                &MeetingMessage::new(id, salt, data, publication.publisher.as_str(), time_ms),
            );
        }
        ArchivedBody::MeetingEnded { ended } => {
            write("meeting:ended", &MeetingEnded { ended: ended.as_str() })
        }
        ArchivedBody::MeetingCleared => write("meeting:cleared", &Nothing {}),
        ArchivedBody::UserOnline => {
            write("user:online", &UserEvent::connection(publication.publisher.as_str(), true, time_ms));
        }
        ArchivedBody::UserOffline => {
            write("user:offline", &UserEvent::connection(publication.publisher.as_str(), false, time_ms));
        }
        ArchivedBody::UserUpdated { profile } => write("user:updated", &UserEvent::updated(profile, time_ms)),
    }
}

/// What an event's `data` can be.
trait Payload {
    fn push(&self, out: &mut Vec<u8>);
}

impl<T: Serialize> Payload for T {
    fn push(&self, out: &mut Vec<u8>) {
        push_value(out, self);
    }
}

#[cfg(test)]
mod tests;
