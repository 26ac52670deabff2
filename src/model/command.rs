//! What a client asks for. One request is one [`Command`]; a surface decodes it, `shard` decides where it
//! goes, `broker` does it.

use super::channel::{ChannelName, Position};
use super::publication::Body;

/// A request, with everything decided by the wire already checked by its surface.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    // Answered on the connection's own core.
    /// Is the other side there?
    Ping,
    /// The subscriptions of this connection.
    ListSubscriptions,
    /// Stop hearing a channel. Always succeeds.
    Unsubscribe {
        /// Which.
        channel: ChannelName,
    },

    // Answered by the channel's home core.
    /// Hear a channel from now on, or from a position.
    Subscribe {
        /// Which.
        channel: ChannelName,
        /// The last position the client has, if it wants what came after it.
        recover: Option<Position>,
    },
    /// Say something to a channel.
    Publish {
        /// Where.
        channel: ChannelName,
        /// What.
        body: Body,
        /// A repeated key of the same user on the same channel gives the first answer again.
        idempotency_key: Option<Box<str>>,
    },
    /// Change the text of a message that is still in history; by its author or an admin.
    UpdateMessage {
        /// Where the message is.
        channel: ChannelName,
        /// The position of its `MessageCreated`.
        message: Position,
        /// The new text.
        content: String,
    },
    /// Delete a message that is still in history; by its author or an admin.
    DeleteMessage {
        /// Where the message is.
        channel: ChannelName,
        /// The position of its `MessageCreated`.
        message: Position,
    },
    /// A message that is still in history.
    GetMessage {
        /// Where the message is.
        channel: ChannelName,
        /// The position of its `MessageCreated`.
        message: Position,
    },
    /// The messages in a channel's history, newest first.
    ListMessages {
        /// Which channel.
        channel: ChannelName,
        /// Which slice.
        page: Page,
    },
    /// Who is subscribed to a channel with presence.
    ListMembers {
        /// Which channel.
        channel: ChannelName,
    },
    /// Make the room record of a channel.
    CreateRoom {
        /// The room's channel.
        channel: ChannelName,
        /// Display name.
        name: String,
        /// Free text.
        description: String,
    },
    /// Change the room record of a channel; by its owner or an admin.
    UpdateRoom {
        /// The room's channel.
        channel: ChannelName,
        /// New display name, if it changes.
        name: Option<String>,
        /// New text, if it changes.
        description: Option<String>,
    },
    /// Delete the room record of a channel, with its history; by its owner or an admin.
    DeleteRoom {
        /// The room's channel.
        channel: ChannelName,
    },
    /// The room record of a channel.
    GetRoom {
        /// The room's channel.
        channel: ChannelName,
    },
    /// What a user says of itself. `channel` is the user's channel.
    GetProfile {
        /// The user's channel; its suffix is the user id.
        channel: ChannelName,
    },
    /// Change what the session's own user says of itself.
    UpdateProfile {
        /// The user's channel; its suffix is the user id.
        channel: ChannelName,
        /// New display name, if it changes.
        name: Option<String>,
        /// New status word, if it changes.
        status: Option<String>,
    },

    // Answered by all cores together.
    /// The room records of one namespace, by creation time.
    ListRooms {
        /// The namespace of the rooms' channels.
        namespace: &'static str,
        /// Which slice.
        page: Page,
    },
    /// The state of the node, for health checks.
    NodeState,
    /// The counters of all cores.
    Metrics,
}

/// A slice of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// Page number, from 1.
    pub number: u32,
    /// Items on a page, at least 1.
    pub size: u32,
}

impl Page {
    /// Items before this page.
    pub fn skip(self) -> usize {
        (self.number.saturating_sub(1) as usize).saturating_mul(self.size as usize)
    }
}
