//! Commands about users.

use crate::model::channel::ChannelName;

/// What a client asks of a profile: what a user says of itself.
#[derive(Clone, PartialEq, Debug)]
pub enum ProfileCommand {
    /// The profile of a user.
    Get {
        /// The user's channel.
        channel: ChannelName,
        /// The user's id.
        user: Box<str>,
    },
    /// Change the profile of a user; by itself or an admin.
    Update {
        /// The user's channel.
        channel: ChannelName,
        /// The user's id.
        user: Box<str>,
        /// New display name, if it changes.
        name: Option<String>,
        /// New status word, if it changes.
        status: Option<String>,
    },
}

impl ProfileCommand {
    /// Whether it only asks for the profile of this user.
    pub fn shows(&self, id: &str) -> bool {
        matches!(self, Self::Get { user, .. } if **user == *id)
    }
}
