//! Rooms and messages as the pages show them, written piece by piece: an answer may have a thousand of them.

use crate::model::meeting::{Meeting, SealedMessage};
use crate::protocol::http::Response;
use crate::surface::json::{push_number, push_text};
use std::sync::Arc;

/// Bytes that a room usually has.
const ROOM_BYTES: usize = 192;

/// `{"rooms":[…]}`, with the number of the next page where there is one.
pub fn rooms(rooms: &[Arc<Meeting>], next: Option<u64>) -> Response {
    let mut out = Vec::with_capacity(ROOM_BYTES * (rooms.len() + 1));
    out.extend_from_slice(b"{\"rooms\":[");
    for (index, room) in rooms.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
        push_room(&mut out, room);
        out.push(b'}');
    }
    out.push(b']');
    finish(out, next)
}

/// A room with its messages.
pub fn room(room: &Meeting, messages: &[SealedMessage], next: Option<u64>) -> Response {
    let mut out = Vec::with_capacity(ROOM_BYTES + bytes(messages));
    out.push(b'{');
    push_room(&mut out, room);
    push_messages(&mut out, messages);
    finish(out, next)
}

/// The messages of a room.
pub fn messages(room: &Meeting, messages: &[SealedMessage], next: Option<u64>) -> Response {
    let mut out = Vec::with_capacity(ROOM_BYTES + bytes(messages));
    out.extend_from_slice(b"{\"room_id\":");
    push_text(&mut out, &room.id);
    push_messages(&mut out, messages);
    finish(out, next)
}

/// `{"success":true}`.
pub fn success() -> Response {
    Response::json(200, b"{\"success\":true}".to_vec())
}

fn finish(mut out: Vec<u8>, next: Option<u64>) -> Response {
    if let Some(next) = next {
        out.extend_from_slice(b",\"next\":");
        push_number(&mut out, next);
    }
    out.push(b'}');
    Response::json(200, out)
}

fn bytes(messages: &[SealedMessage]) -> usize {
    messages.iter().map(|message| message.id.len() + message.salt.len() + message.data.len() + 40).sum()
}

fn push_room(out: &mut Vec<u8>, room: &Meeting) {
    out.extend_from_slice(b"\"id\":");
    push_text(out, &room.id);
    out.extend_from_slice(b",\"started\":");
    push_text(out, &room.started);
    out.extend_from_slice(b",\"ended\":");
    push_text(out, &room.ended);
    out.extend_from_slice(b",\"members\":");
    push_text(out, &room.members.join(","));
    let has: &[u8] = if room.messages > 0 { b",\"hasMessages\":true" } else { b",\"hasMessages\":false" };
    out.extend_from_slice(has);
}

fn push_messages(out: &mut Vec<u8>, messages: &[SealedMessage]) {
    out.extend_from_slice(b",\"messages\":[");
    for (index, message) in messages.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"id\":" } else { b",{\"id\":" });
        push_text(out, &message.id);
        out.extend_from_slice(b",\"salt\":");
        push_text(out, &message.salt);
        out.extend_from_slice(b",\"data\":");
        push_text(out, &message.data);
        out.push(b'}');
    }
    out.push(b']');
}
