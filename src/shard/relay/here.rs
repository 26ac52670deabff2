//! The connections here that others can reach: by their handle, as their user's, in their group.

use crate::auth::Fingerprint;
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ids::ConnectionId;
use crate::model::channel::ChannelName;
use crate::model::relay::{Handle, Speaker};
use std::sync::Arc;

/// One of them.
pub(super) struct Reached {
    pub who: Speaker,
    /// The group that it is in.
    pub group: Option<ChannelName>,
    /// Of the credentials that its requests came with last, if they held and were its user's.
    pub shown: Option<Fingerprint>,
}

/// The connections of this core that others can reach.
pub(super) struct Here {
    by_id: KeyedMap<ConnectionId, Reached>,
    by_handle: KeyedMap<Handle, ConnectionId>,
    /// How many each user has.
    users: KeyedMap<Arc<str>, u32>,
}

impl Here {
    pub fn new(hasher: KeyedState, users: KeyedState) -> Self {
        Self {
            by_id: KeyedMap::with_hasher(hasher),
            by_handle: KeyedMap::with_hasher(hasher),
            users: KeyedMap::with_hasher(users),
        }
    }

    /// A connection opened. Whether it is the first of its user here.
    pub fn open(&mut self, id: ConnectionId, who: Speaker) -> bool {
        let count = self.users.entry(who.user.clone()).or_default();
        *count += 1;
        let first = *count == 1;
        self.by_handle.insert(who.handle, id);
        self.by_id.insert(id, Reached { who, group: None, shown: None });
        first
    }

    /// A connection is gone. What it was, and whether it was the last of its user here.
    pub fn close(&mut self, id: ConnectionId) -> Option<(Reached, bool)> {
        let reached = self.by_id.remove(&id)?;
        self.by_handle.remove(&reached.who.handle);
        let count = self.users.get_mut(&reached.who.user)?;
        *count -= 1;
        let last = *count == 0;
        if last {
            self.users.remove(&reached.who.user);
        }
        Some((reached, last))
    }

    pub fn get(&self, id: ConnectionId) -> Option<&Reached> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Reached> {
        self.by_id.get_mut(&id)
    }

    /// The connection of a handle.
    pub fn find(&self, handle: Handle) -> Option<ConnectionId> {
        self.by_handle.get(&handle).copied()
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert_eq!(self.by_id.len(), self.by_handle.len(), "a handle is one connection's");
        let counted: u32 = self.users.values().sum();
        assert_eq!(counted as usize, self.by_id.len(), "every connection is its user's");
    }
}
