//! Circles: what a person's socket can be on. In some, sockets hear whatever is said there and see who is there; the
//! others are doors by which a person is told of calls and huddles.

use super::UserId;
use super::status::Status;
use crate::base::ids::{ConnectionId, CoreId};
use crate::model::channel::ChannelName;
use std::sync::Arc;

/// Which circle.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Circle {
    /// Of all who talk: who comes and goes.
    Lobby,
    /// Of a conversation.
    Conversation(Arc<str>),
    /// A door: a person is told of its calls.
    Calls,
    /// Of a call.
    Call(Arc<str>),
    /// A door: a person is told of its huddles.
    Huddles,
    /// Of a huddle.
    Huddle(Arc<str>),
    /// Of whoever wants to see who is there.
    Presence(Arc<str>),
}

/// What decides on which core something of people's is at home.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key<'a> {
    /// Its id.
    Id(&'a str),
    /// The channel of the conversation with this id: it is at home where the conversation's group is.
    Conversation(&'a str),
}

/// The id of what has none of its own.
const LOBBY: &str = "lobby";

impl Circle {
    fn id(&self) -> &str {
        match self {
            Self::Lobby | Self::Calls | Self::Huddles => LOBBY,
            Self::Conversation(id) | Self::Call(id) | Self::Huddle(id) | Self::Presence(id) => id,
        }
    }

    /// What decides on which core it is at home: a conversation and the presence of the same id are at home together.
    pub fn key(&self) -> Key<'_> {
        match self {
            Self::Conversation(id) | Self::Presence(id) => Key::Conversation(id),
            _ => Key::Id(self.id()),
        }
    }

    /// The name of its frames' ring. No other channel has such a name: those begin with a letter or a digit.
    pub fn channel(&self) -> ChannelName {
        let kind = match self {
            Self::Lobby | Self::Conversation(_) => "chat",
            Self::Calls | Self::Call(_) => "call",
            Self::Huddles | Self::Huddle(_) => "huddle",
            Self::Presence(_) => "presence",
        };
        ChannelName::new(&format!("~{kind}:{}", self.id()))
    }

    /// Whether the sockets on it see each other.
    pub fn shows_who_is_there(&self) -> bool {
        matches!(self, Self::Lobby | Self::Conversation(_) | Self::Huddle(_) | Self::Presence(_))
    }
}

/// A socket of the node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SocketId {
    /// The core that owns it.
    pub core: CoreId,
    /// Which of its connections.
    pub connection: ConnectionId,
}

/// What the others in a circle are shown of a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    /// Whose.
    pub user: UserId,
    /// Differs from every other card that the circle ever showed.
    pub reference: u64,
    /// The card that this one replaced.
    pub previous: Option<u64>,
    /// When the socket was opened, seconds since 1970.
    pub online_s: u64,
    /// When it came to the circle, milliseconds since 1970.
    pub joined_ms: u64,
    /// The device it belongs to.
    pub device: Arc<str>,
    /// What the user says of itself.
    pub status: Status,
}
