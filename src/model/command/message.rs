//! Commands about chat messages.

use super::Page;
use crate::model::channel::{ChannelName, Position};

/// What a client asks of messages that are still in a channel's history. A message is named by the position of its
/// `MessageCreated`.
#[derive(Clone, PartialEq, Debug)]
pub enum MessageCommand {
    /// Change the text of a message; by its author or an admin.
    Update {
        /// Where the message is.
        channel: ChannelName,
        /// Which.
        message: Position,
        /// The new text.
        content: String,
    },
    /// Delete a message; by its author or an admin.
    Delete {
        /// Where the message is.
        channel: ChannelName,
        /// Which.
        message: Position,
    },
    /// A message.
    Get {
        /// Where the message is.
        channel: ChannelName,
        /// Which.
        message: Position,
    },
    /// The messages of a channel, newest first.
    List {
        /// Which channel.
        channel: ChannelName,
        /// Which slice.
        page: Page,
    },
}
