//! Commands about groups.

use crate::model::channel::ChannelName;
use crate::model::group::GroupDraft;
use crate::model::session::Scopes;

/// What a client asks of the group of a channel. What changes it is answered when that is stored.
#[derive(Clone, PartialEq, Debug)]
pub enum GroupCommand {
    /// Make a group, change it or delete it; by its creator or an admin. A member can leave it.
    Change {
        /// The channel.
        channel: ChannelName,
        /// What is to become of it.
        draft: Box<GroupDraft>,
    },
    /// The group; by its members and admins.
    Get {
        /// The channel.
        channel: ChannelName,
    },
}

impl GroupCommand {
    /// The channel whose group it is.
    pub fn channel(&self) -> &ChannelName {
        let (Self::Change { channel, .. } | Self::Get { channel }) = self;
        channel
    }

    /// What the session must be allowed. Whether the group is its business is judged where that is.
    pub fn scope(&self) -> Scopes {
        match self {
            Self::Get { .. } => Scopes::READ,
            Self::Change { draft, .. } if matches!(**draft, GroupDraft::Put(_)) => Scopes::ADMIN,
            Self::Change { .. } => Scopes::WRITE,
        }
    }
}
