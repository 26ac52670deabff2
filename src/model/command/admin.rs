//! What an operator asks of one channel, whatever its rules are.

use super::Page;
use crate::model::channel::ChannelName;

/// What an operator asks of a channel.
#[derive(Clone, PartialEq, Debug)]
pub enum AdminCommand {
    /// How it is.
    GetChannel {
        /// Which.
        channel: ChannelName,
    },
    /// The newest of its history.
    ListHistory {
        /// Which.
        channel: ChannelName,
        /// Publications at most.
        count_max: u32,
    },
    /// Who is there, where that is kept.
    ListMembers {
        /// Which.
        channel: ChannelName,
        /// Which slice.
        page: Page,
    },
    /// Delete its history. The channel goes on where it is.
    Purge {
        /// Which.
        channel: ChannelName,
    },
}
