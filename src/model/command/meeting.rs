//! Commands about meetings.

use crate::model::channel::ChannelName;
use crate::model::meeting::{MeetingDraft, MessagePage};

/// What a client asks of a meeting. What changes it is answered when that is stored.
#[derive(Clone, PartialEq, Debug)]
pub enum MeetingCommand {
    /// Make a meeting or change it, and add messages to it.
    Put {
        /// The meeting's channel.
        channel: ChannelName,
        /// What it is to be.
        draft: Box<MeetingDraft>,
    },
    /// Delete a meeting with its messages.
    Delete {
        /// The meeting's channel.
        channel: ChannelName,
    },
    /// Delete the messages of a meeting.
    Clear {
        /// The meeting's channel.
        channel: ChannelName,
    },
    /// A meeting and a part of its messages.
    Get {
        /// The meeting's channel.
        channel: ChannelName,
        /// Which messages.
        page: MessagePage,
        /// Whether the answer shows the record, not only the messages.
        record: bool,
    },
}

impl MeetingCommand {
    /// The channel of the meeting.
    pub fn channel(&self) -> &ChannelName {
        let (Self::Put { channel, .. }
        | Self::Delete { channel }
        | Self::Clear { channel }
        | Self::Get { channel, .. }) = self;
        channel
    }
}
