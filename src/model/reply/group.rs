//! What is answered about the group of a channel.

use crate::model::channel::ChannelName;
use crate::model::command::Page;
use crate::model::group::Group;
use std::sync::Arc;

/// The answer to a [`GroupCommand`](crate::model::command::GroupCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum GroupReply {
    /// To `ChangeGroup`, `GetGroup`.
    One(Arc<Group>),
    /// To `ChangeGroup`, when the group of this channel is deleted.
    Deleted(ChannelName),
    /// To `ListGroups`.
    Page {
        /// The slice, oldest first.
        items: Vec<Arc<Group>>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Groups in the whole list.
        total: u64,
    },
}
