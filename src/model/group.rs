//! Groups: the people, named one by one, whom a channel is for.

use super::channel::ChannelName;
use super::fault::{Fault, FaultCode, Subject};
use std::sync::Arc;

/// The group of a channel. Users are told apart by their whole ids.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The channel.
    pub channel: ChannelName,
    /// User id of who made it.
    pub creator: Arc<str>,
    /// User ids, each once, sorted.
    pub members: Vec<Arc<str>>,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970.
    pub updated_ms: u64,
}

impl Group {
    /// Whether a user is a member.
    pub fn has(&self, user: &str) -> bool {
        self.members.binary_search_by(|member| (**member).cmp(user)).is_ok()
    }

    /// Members as a group has them: each once, sorted.
    pub fn members_of(members: impl IntoIterator<Item = Arc<str>>) -> Vec<Arc<str>> {
        let mut members: Vec<Arc<str>> = members.into_iter().collect();
        members.sort_unstable();
        members.dedup();
        members
    }
}

/// What a request wants to become of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupDraft {
    /// That there is one, with these members and the session's user.
    Create(Vec<Arc<str>>),
    /// That there is one with exactly these members, whether there was one or not; by admins.
    Put(Vec<Arc<str>>),
    /// That it has these members and its creator.
    Replace(Vec<Arc<str>>),
    /// That it has this member too.
    Add(Arc<str>),
    /// That it does not have this member.
    Remove(Arc<str>),
    /// That there is none, nor anything that was said in its channel.
    Delete,
}

/// A change of a group that is decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupChange {
    /// The channel.
    pub channel: ChannelName,
    /// The group from then on; `None` if it is deleted.
    pub is: Option<Arc<Group>>,
}

/// There is no group of this channel, or nobody who asks may know of it.
pub fn no_group() -> Fault {
    Fault::new(FaultCode::NotFound, "There is no such channel, or it has no list of members.")
        .about(Subject::Conversation)
}
