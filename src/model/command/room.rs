//! Commands about rooms.

use crate::model::channel::ChannelName;

/// What a client asks of the room record of a channel. What changes it is answered when that is stored.
#[derive(Clone, PartialEq, Debug)]
pub enum RoomCommand {
    /// Make the record.
    Create {
        /// The room's channel.
        channel: ChannelName,
        /// Display name.
        name: String,
        /// Free text.
        description: String,
    },
    /// Change the record; by its owner or an admin.
    Update {
        /// The room's channel.
        channel: ChannelName,
        /// New display name, if it changes.
        name: Option<String>,
        /// New text, if it changes.
        description: Option<String>,
    },
    /// Delete the record, with the channel's history; by its owner or an admin.
    Delete {
        /// The room's channel.
        channel: ChannelName,
    },
    /// The record.
    Get {
        /// The room's channel.
        channel: ChannelName,
    },
}
