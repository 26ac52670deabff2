//! Publications as version 1 of the log has them: without the epoch they were born in, and with edits and deletions
//! that name a message by its offset alone.

#![allow(missing_docs, reason = "rkyv makes public types for resolvers and does not document their fields")]

use crate::model::channel::Position;
use crate::model::publication::{self as present, Client, Profile, Room};
use rkyv::{Archive, Deserialize, Serialize, rancor, util::AlignedVec};
use std::borrow::Cow;

/// An entry of a channel's order. Its fields and their order are those of the bytes.
#[derive(Archive, Serialize, Deserialize)]
struct Publication {
    epoch: u64,
    offset: u64,
    time_ms: u64,
    publisher: String,
    body: Body,
}

/// What it says. The variants and their order are those of the bytes.
#[derive(Archive, Serialize, Deserialize)]
enum Body {
    Data { json: String },
    MessageCreated { content: String, kind: String },
    MessageUpdated { of: u64, author: String, created_ms: u64, content: String, kind: String },
    MessageDeleted { of: u64, author: String, created_ms: u64 },
    RoomCreated { room: Room },
    RoomUpdated { room: Room },
    RoomDeleted { room: Room },
    ClientMessage { sender: Client, json: String, authenticated: bool },
    Event { json: String, table: u64, row: u64 },
    MeetingMessage { id: String, salt: String, data: String },
    MeetingEnded { ended: String },
    MeetingCleared,
    UserOnline,
    UserOffline,
    UserUpdated { profile: Profile },
}

/// A publication of version 1 in the present format. What is none stays what it is, and is left out by who reads it.
pub fn publication(bytes: &[u8]) -> Cow<'_, [u8]> {
    // Bytes in the middle of a block are not aligned, and need not be: rkyv is built so.
    let Ok(old) = rkyv::from_bytes::<Publication, rancor::Error>(bytes) else { return Cow::Borrowed(bytes) };
    let Publication { epoch, offset, time_ms, publisher, body } = old;
    let body = present_body(body, epoch);
    let publication = present::Publication { epoch, born: epoch, offset, time_ms, publisher, body };
    Cow::Owned(publication.archive(&mut AlignedVec::new()).to_vec())
}

fn present_body(body: Body, epoch: u64) -> present::Body {
    let identity = |offset| Position { epoch, offset };
    match body {
        Body::Data { json } => present::Body::Data { json },
        Body::MessageCreated { content, kind } => present::Body::MessageCreated { content, kind },
        Body::MessageUpdated { of, author, created_ms, content, kind } => {
            present::Body::MessageUpdated { of: identity(of), author, created_ms, content, kind }
        }
        Body::MessageDeleted { of, author, created_ms } => {
            present::Body::MessageDeleted { of: identity(of), author, created_ms }
        }
        Body::RoomCreated { room } => present::Body::RoomCreated { room },
        Body::RoomUpdated { room } => present::Body::RoomUpdated { room },
        Body::RoomDeleted { room } => present::Body::RoomDeleted { room },
        Body::ClientMessage { sender, json, authenticated } => {
            present::Body::ClientMessage { sender, json, authenticated }
        }
        Body::Event { json, table, row } => present::Body::Event { json, table, row },
        Body::MeetingMessage { id, salt, data } => {
            present::Body::MeetingMessage { id, salt, data, replaces: false }
        }
        Body::MeetingEnded { ended } => present::Body::MeetingEnded { ended },
        Body::MeetingCleared => present::Body::MeetingCleared,
        Body::UserOnline => present::Body::UserOnline,
        Body::UserOffline => present::Body::UserOffline,
        Body::UserUpdated { profile } => present::Body::UserUpdated { profile },
    }
}
