//! Meetings and their messages as lines.

use crate::model::meeting::{Meeting, SealedMessage, each_once};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingLine {
    pub id: Box<str>,
    creator: Box<str>,
    members: Vec<Box<str>>,
    started: Box<str>,
    ended: Box<str>,
    created_ms: u64,
    pub messages: u64,
    pub first_place: u64,
    pub next_place: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageLine {
    pub meeting: Box<str>,
    pub place: u64,
    pub id: Box<str>,
    salt: Box<str>,
    data: Box<str>,
    from: Box<str>,
    sent_ms: u64,
}

pub fn meeting_line(meeting: &Meeting) -> MeetingLine {
    let Meeting {
        id,
        creator,
        members,
        started,
        ended,
        created_ms,
        messages,
        bytes: _,
        first_place,
        next_place,
    } = meeting.clone();
    MeetingLine { id, creator, members, started, ended, created_ms, messages, first_place, next_place }
}

/// A meeting whose messages have so many bytes.
pub fn meeting(line: MeetingLine, bytes: u64) -> Meeting {
    let MeetingLine { id, creator, members, started, ended, created_ms, messages, first_place, next_place } =
        line;
    let members = each_once(members);
    Meeting { id, creator, members, started, ended, created_ms, messages, bytes, first_place, next_place }
}

pub fn message_line(meeting: &str, place: u64, message: SealedMessage) -> MessageLine {
    let SealedMessage { id, salt, data, from, sent_ms } = message;
    MessageLine { meeting: meeting.into(), place, id, salt, data, from, sent_ms }
}

pub fn message(line: MessageLine) -> SealedMessage {
    let MessageLine { meeting: _, place: _, id, salt, data, from, sent_ms } = line;
    SealedMessage { id, salt, data, from, sent_ms }
}
