//! What is answered about groups of connections, and about what is said past any channel.

use crate::model::channel::ChannelName;
use crate::model::relay::{GroupList, MemberList, Relayed};
use std::sync::Arc;

/// The answer to a [`RelayCommand`](crate::model::command::RelayCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum RelayReply {
    /// To `Join`.
    Joined {
        /// Which.
        group: ChannelName,
    },
    /// To `Broadcast`, `Tell`, `Signal`; what its sender is told as well, if it is.
    Relayed(Option<Arc<Relayed>>),
    /// To `ListMembers` of a group of connections.
    Members(Box<MemberList>),
    /// To `ListConnectionGroups`.
    Groups(Box<GroupList>),
}
