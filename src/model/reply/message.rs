//! Chat messages as they are answered.

use crate::model::channel::{ChannelName, Position};

/// A chat message as it stands now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its channel.
    pub channel: ChannelName,
    /// Where it was written: with the channel, its identity, whatever epochs follow.
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
