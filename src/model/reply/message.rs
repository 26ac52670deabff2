//! Chat messages, and what is answered about them.

use crate::model::channel::{ChannelName, Position};
use crate::model::command::Page;
use crate::model::publication::PublicationBytes;

/// The answer to a [`MessageCommand`](crate::model::command::MessageCommand), and to a publish of a message.
#[derive(Clone, PartialEq, Debug)]
pub enum MessageReply {
    /// To `Publish` of a message, `UpdateMessage`, `DeleteMessage`, `GetMessage`.
    One(Message),
    /// To `ListMessages`.
    Page {
        /// Of which channel.
        channel: ChannelName,
        /// The slice, newest first, each as history keeps it.
        items: Vec<PublicationBytes>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Messages in the whole list.
        total: u64,
    },
}

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
