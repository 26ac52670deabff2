//! What the broker answers, and what it tells unasked. A surface spells both in its own JSON.

use super::channel::{ChannelName, Position};
use super::command::Page;
use super::fault::Fault;
use super::node::NodeState;
use super::publication::{Profile, PublicationBytes, Room};
use std::sync::Arc;

/// The answer to one [`super::command::Command`].
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// To `Ping`.
    Pong,
    /// To `ListSubscriptions`, in the order of subscribing.
    Subscriptions(Vec<ChannelName>),
    /// To `Unsubscribe`.
    Unsubscribed {
        /// Which.
        channel: ChannelName,
    },
    /// To `Subscribe`; the recovered publications follow it as pushes.
    Subscribed {
        /// Which.
        channel: ChannelName,
        /// Where the channel is: the next publication has the offset after it.
        position: Position,
        /// What became of the wish to recover.
        recovery: Recovery,
    },
    /// To `Publish` of data.
    Published {
        /// Where.
        channel: ChannelName,
        /// The publication's place.
        position: Position,
    },
    /// To `Publish` of a message, `UpdateMessage`, `DeleteMessage`, `GetMessage`.
    Message(Message),
    /// To `ListMessages`.
    Messages {
        /// The slice, newest first.
        items: Vec<Message>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Messages in the whole list.
        total: u64,
    },
    /// To `ListMembers`: user ids, each once, sorted.
    Members(Vec<Arc<str>>),
    /// To `CreateRoom`, `UpdateRoom`, `GetRoom`.
    Room(Room),
    /// To `DeleteRoom`.
    RoomDeleted(Room),
    /// To `ListRooms`.
    Rooms {
        /// The slice, oldest first.
        items: Vec<Room>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Rooms in the whole list.
        total: u64,
    },
    /// To `GetProfile`, `UpdateProfile`.
    Profile(Profile),
    /// To `NodeState`.
    NodeState(NodeState),
    /// To `Metrics`: Prometheus text.
    Metrics(String),
    /// To any command that did not succeed.
    Fault(Fault),
}

/// What became of a wish to recover.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// None was asked for.
    NotAsked,
    /// What came after the given position, oldest first; nothing is missing.
    Complete(Vec<PublicationBytes>),
    /// The position cannot be continued: publications are missing. What history has follows, oldest first.
    Gap(Vec<PublicationBytes>),
}

/// A chat message as it stands now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its channel.
    pub channel: ChannelName,
    /// Its place; with the channel, its identity.
    pub position: Position,
    /// User id of who wrote it.
    pub author: String,
    /// The text.
    pub content: String,
    /// The kind of content.
    pub kind: String,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970, if it was changed.
    pub updated_ms: Option<u64>,
}

/// What subscribers of a channel are told unasked. Encoded once per dialect and core.
#[derive(Clone, Copy)]
pub enum Push<'a> {
    /// Something was published.
    Publication(&'a super::publication::ArchivedPublication),
    /// A member joined (presence).
    Joined(&'a str),
    /// A member left (presence).
    Left(&'a str),
    /// Publications were lost for this subscriber; the next one comes after this position.
    Gap(Position),
}
