//! Commands about users.

use crate::model::channel::ChannelName;

/// What a client asks of a profile: what a user says of itself.
#[derive(Clone, PartialEq, Debug)]
pub enum ProfileCommand {
    /// The profile of a user.
    Get {
        /// The user's channel; its suffix is the user id.
        channel: ChannelName,
    },
    /// Change the profile of a user; by itself or an admin.
    Update {
        /// The user's channel; its suffix is the user id.
        channel: ChannelName,
        /// New display name, if it changes.
        name: Option<String>,
        /// New status word, if it changes.
        status: Option<String>,
    },
}
