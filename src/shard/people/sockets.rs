//! The sockets that people have on this core, and where each of them is.

use crate::base::chunked::Chunked;
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ids::ConnectionId;
use crate::model::channel::ChannelName;
use crate::model::people::UserId;
use crate::model::people::circle::Circle;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A socket's stay in a circle.
#[derive(Clone, Debug)]
pub(super) struct Stay {
    pub circle: Circle,
    /// The name of the circle's ring.
    pub channel: ChannelName,
    /// What the socket calls its stay.
    pub label: Option<Box<str>>,
}

/// One socket.
#[derive(Debug)]
pub(super) struct Socket {
    id: ConnectionId,
    pub user: UserId,
    pub device: Arc<str>,
    /// Seconds since 1970.
    pub opened_s: u64,
    pub stays: Vec<Stay>,
    /// What it calls the stay that it asked for last, which waits for its answer.
    pub coming: Option<Box<str>>,
    /// Calls whose homes count on this socket.
    pub calls: BTreeSet<Arc<str>>,
}

/// The sockets that people have on this core.
pub(super) struct Sockets {
    /// By the index of their connections: they are looked up several times for each thing that is said.
    by_index: Chunked<Option<Box<Socket>>>,
    count: usize,
    by_user: KeyedMap<UserId, Vec<ConnectionId>>,
}

impl Sockets {
    pub fn new(hasher: KeyedState) -> Self {
        Self { by_index: Chunked::default(), count: 0, by_user: KeyedMap::with_hasher(hasher) }
    }

    pub fn open(&mut self, id: ConnectionId, user: UserId, device: Arc<str>, opened_s: u64) {
        self.by_user.entry(user.clone()).or_default().push(id);
        let (stays, coming, calls) = (Vec::new(), None, BTreeSet::new());
        while self.by_index.len() <= id.index as usize {
            self.by_index.push(None);
        }
        let socket = Socket { id, user, device, opened_s, stays, coming, calls };
        let earlier = self.by_index[id.index as usize].replace(Box::new(socket));
        assert!(earlier.is_none(), "a socket closes before its connection's place is another one's");
        self.count += 1;
    }

    pub fn close(&mut self, id: ConnectionId) -> Option<Socket> {
        self.get(id)?;
        let socket = *self.by_index.get_mut(id.index as usize)?.take()?;
        self.count -= 1;
        if let Some(ids) = self.by_user.get_mut(&socket.user) {
            ids.retain(|one| *one != id);
            if ids.is_empty() {
                self.by_user.remove(&socket.user);
            }
        }
        Some(socket)
    }

    pub fn get(&self, id: ConnectionId) -> Option<&Socket> {
        self.by_index.get(id.index as usize)?.as_deref().filter(|socket| socket.id == id)
    }

    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Socket> {
        self.by_index.get_mut(id.index as usize)?.as_deref_mut().filter(|socket| socket.id == id)
    }

    /// The sockets of a user.
    pub fn of(&self, user: &str) -> &[ConnectionId] {
        self.by_user.get(user).map_or(&[], Vec::as_slice)
    }

    /// A socket's stay in a circle.
    pub fn stay(&self, id: ConnectionId, circle: &Circle) -> Option<&Stay> {
        self.get(id)?.stays.iter().find(|stay| stay.circle == *circle)
    }

    /// Takes a socket's stay in a circle.
    pub fn take_stay(&mut self, id: ConnectionId, circle: &Circle) -> Option<Stay> {
        let stays = &mut self.get_mut(id)?.stays;
        let at = stays.iter().position(|stay| stay.circle == *circle)?;
        Some(stays.remove(at))
    }

    /// Entries in all its tables.
    pub fn entries(&self) -> usize {
        self.count + self.by_user.len()
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        for (user, ids) in &self.by_user {
            assert!(
                !ids.is_empty()
                    && ids.iter().all(|id| self.get(*id).is_some_and(|socket| socket.user == *user))
            );
        }
        let known: usize = self.by_user.values().map(Vec::len).sum();
        assert_eq!(known, self.count, "every socket is its user's once");
    }
}
