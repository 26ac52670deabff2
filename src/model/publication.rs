//! A publication: what a channel carries. Archived once (rkyv) at its home core; the same bytes live in the
//! history, cross between cores behind one reference count, and go to the store and to other nodes.

#![allow(
    missing_docs,
    reason = "rkyv makes a public type for the resolver of `Body` and does not document its fields"
)]

use super::channel::{ArchivedPosition, Position};
use crate::base::archive::GoodArchive;
use rkyv::{Archive, Deserialize, Serialize};

/// The archived bytes of one [`Publication`], shared between cores.
pub type PublicationBytes = GoodArchive<ArchivedPublication>;

/// One entry of a channel's order.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Debug)]
pub struct Publication {
    /// Epoch in which this has its place: the channel's present one, also for what an earlier life published.
    pub epoch: u64,
    /// Epoch in which this was published. With the offset it is the identity of the publication, whatever epochs follow.
    pub born: u64,
    /// Place in the channel's order; rises by one.
    pub offset: u64,
    /// Wall clock at the home core, milliseconds since 1970.
    pub time_ms: u64,
    /// User id of who published.
    pub publisher: String,
    /// What it says.
    pub body: Body,
}

/// What a publication says. A new surface adds a variant only for a new meaning.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Debug)]
pub enum Body {
    /// A client's own JSON value, kept to the byte.
    Data {
        /// One valid JSON value.
        json: String,
    },
    /// A chat message was written. Its id is the channel and the identity of this publication.
    MessageCreated {
        /// The text.
        content: String,
        /// The kind of content, `text` by default.
        kind: String,
    },
    /// A chat message was changed.
    MessageUpdated {
        /// Identity of the `MessageCreated`.
        of: Position,
        /// Who wrote the message.
        author: String,
        /// When the message was written, milliseconds since 1970.
        created_ms: u64,
        /// The new text.
        content: String,
        /// The kind of content.
        kind: String,
    },
    /// A chat message was deleted.
    MessageDeleted {
        /// Identity of the `MessageCreated`.
        of: Position,
        /// Who wrote the message.
        author: String,
        /// When the message was written, milliseconds since 1970.
        created_ms: u64,
    },
    /// A chat message that was changed, in the place where it was written, with its newest text. Only in history.
    MessageRewritten {
        /// The newest text.
        content: String,
        /// The kind of content.
        kind: String,
        /// When it was changed last, milliseconds since 1970.
        updated_ms: u64,
    },
    /// What is kept of a `MessageUpdated`: history tells it with the text that the message has by then. Only in history.
    MessageTouched {
        /// Offset of the message.
        of: u64,
    },
    /// The channel's room record was made.
    RoomCreated {
        /// The record now.
        room: Room,
    },
    /// The channel's room record was changed.
    RoomUpdated {
        /// The record now.
        room: Room,
    },
    /// The channel's room record was deleted.
    RoomDeleted {
        /// The record as it was.
        room: Room,
    },
    /// A client of a realm said something to all subscribers.
    ClientMessage {
        /// Who.
        sender: Client,
        /// One valid JSON value, kept to the byte.
        json: String,
        /// Only subscribers that proved who they are may see it.
        authenticated: bool,
    },
    /// The server side said something to all subscribers.
    Event {
        /// One valid JSON value, kept to the byte.
        json: String,
        /// Table of the record on whose behalf it was said; 0 is none.
        table: u64,
        /// Row of the record on whose behalf it was said; 0 is none.
        row: u64,
    },
    /// A message was added to the channel's meeting, or replaced.
    MeetingMessage {
        /// Its id among the messages of the meeting.
        id: String,
        /// What its readers need besides their keys.
        salt: String,
        /// The content, which only its readers can read; kept to the byte.
        data: String,
        /// Whether there was a message of this id before.
        replaces: bool,
    },
    /// The channel's meeting is over; its record stays.
    MeetingEnded {
        /// When, as it was written.
        ended: String,
    },
    /// The messages of the channel's meeting were deleted.
    MeetingCleared,
    /// The channel's user has its first connection on this node.
    UserOnline,
    /// The channel's user lost its last connection on this node.
    UserOffline,
    /// The channel's user changed its profile.
    UserUpdated {
        /// The profile now.
        profile: Profile,
    },
}

/// What others are shown of a client of a realm.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// The name of its socket: unique on the node for all time, hard to guess.
    pub socket: String,
    /// What its credentials say of it: one JSON object.
    pub extras: String,
    /// Table of the record that the client proved to be; 0 for a guest.
    pub table: u64,
    /// Row of the record that the client proved to be; 0 for a guest.
    pub row: u64,
}

/// A room's record. Its id is the suffix of its channel's name.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Room {
    /// The id without a surface's prefix.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Free text; empty where none was given.
    pub description: String,
    /// User id of who made it.
    pub owner: String,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970.
    pub updated_ms: u64,
}

/// What a user says of itself.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// User id.
    pub user: String,
    /// Display name, where one is known.
    pub name: Option<String>,
    /// A word the user chose for its state (`online`, `away`, `busy`, `offline`), where it chose one.
    pub status: Option<String>,
    /// Whether the user has a connection on this node.
    pub online: bool,
}

impl ArchivedPublication {
    /// Where it is in the channel's order.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch.to_native(), offset: self.offset.to_native() }
    }

    /// What it is known by, whatever became of the order since.
    pub fn identity(&self) -> Position {
        Position { epoch: self.born.to_native(), offset: self.offset.to_native() }
    }
}

impl ArchivedPosition {
    /// The position.
    pub fn to_native(&self) -> Position {
        Position { epoch: self.epoch.to_native(), offset: self.offset.to_native() }
    }
}

impl Publication {
    /// Archives the publication with `scratch` as working space, so that only the result is allocated.
    pub fn archive(&self, scratch: &mut rkyv::util::AlignedVec) -> PublicationBytes {
        GoodArchive::of(self, scratch)
    }

    /// Writes another epoch into the archived bytes of a publication.
    pub fn set_epoch(bytes: &mut PublicationBytes, epoch: u64) {
        bytes.set(|publication| &publication.epoch, epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archived_bytes_read_back_and_damage_is_refused() {
        let publication = Publication {
            epoch: 1 << 52,
            born: 1 << 52,
            offset: 7,
            time_ms: 3,
            publisher: "user_1".into(),
            body: Body::Data { json: "{\"a\":1}".into() },
        };
        let mut scratch = rkyv::util::AlignedVec::new();
        let bytes = publication.archive(&mut scratch);
        let view = bytes.view();
        assert_eq!(view.offset.to_native(), 7);
        assert!(matches!(&view.body, ArchivedBody::Data { json } if json.as_str() == "{\"a\":1}"));
        for cut in 0..bytes.len() {
            // A cut archive may still be a smaller valid one only if its root still fits; it must not panic.
            let _ = PublicationBytes::check(&bytes[..cut]);
        }
        assert!(PublicationBytes::check(&[]).is_none());
    }

    #[test]
    fn another_epoch_changes_nothing_else() {
        let with = |epoch| Publication {
            epoch,
            born: 1,
            offset: 7,
            time_ms: 3,
            publisher: "user_1".into(),
            body: Body::MessageCreated { content: "a rather long text".into(), kind: "text".into() },
        };
        let mut scratch = rkyv::util::AlignedVec::new();
        let before = with(1).archive(&mut scratch);
        let mut bytes = before.clone();
        Publication::set_epoch(&mut bytes, 1 << 52);
        assert_eq!(bytes, with(1 << 52).archive(&mut scratch));
        assert_eq!(before, with(1).archive(&mut scratch));
    }
}
