//! Which users are connected to this core, and numbers that no one can guess.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::channel::ChannelName;
use crate::model::session::Session;
use crate::shard::edge::Departure;
use crate::shard::mesh::message::CoreMessage;
use crate::shard::{Shard, people, relay};
use std::sync::Arc;

/// WebSocket connections of each user on this core.
pub(in crate::shard) struct Users {
    connections: KeyedMap<Arc<str>, u32>,
}

impl Users {
    pub fn new(seed: u64) -> Self {
        Self { connections: KeyedMap::with_hasher(KeyedState::new(seed, 0x05e2)) }
    }

    /// WebSockets of a user on this core.
    pub fn sockets_of(&self, user: &str) -> u32 {
        self.connections.get(user).copied().unwrap_or(0)
    }
}

impl Shard {
    /// A session opened a WebSocket.
    pub(in crate::shard) fn user_arrived(&mut self, session: &Session) {
        if session.is_guest() {
            return;
        }
        let count = self.relay.users.connections.entry(session.user.clone()).or_insert(0);
        *count += 1;
        if *count == 1 {
            let message =
                CoreMessage::UserConnected { user: session.user.clone(), name: session.name.clone() };
            self.post_home(&ChannelName::of_user(&session.user), message);
        }
    }

    /// Makes known elsewhere what ended here.
    pub(in crate::shard) fn part_with_departed(&mut self) {
        while let Some(departure) = self.edge.departures.pop_front() {
            match departure {
                Departure::Subscription { channel, epoch, session } => {
                    self.post_unsubscribed(channel, epoch, session);
                }
                Departure::Socket { id, session } => {
                    people::person_left(self, id);
                    relay::gone(self, id);
                    session.iter().for_each(|session| user_left(self, session));
                }
            }
        }
    }
}

/// A session's WebSocket is gone.
fn user_left(shard: &mut Shard, session: &Session) {
    let Some(count) = shard.relay.users.connections.get_mut(&session.user) else { return };
    *count -= 1;
    if *count == 0 {
        shard.relay.users.connections.remove(&session.user);
        let said = CoreMessage::UserDisconnected { user: session.user.clone() };
        shard.post_home(&ChannelName::of_user(&session.user), said);
    }
}

/// Numbers for ids made by surfaces: a keyed hash of a counter, so that they repeat with the seed only.
pub(in crate::shard) struct Fresh {
    hash: KeyedState,
    count: u64,
}

impl Fresh {
    pub fn new(seed: u64) -> Self {
        Self { hash: KeyedState::new(seed, 0xf2e5), count: 0 }
    }

    pub fn next(&mut self) -> u64 {
        self.count += 1;
        self.hash.hash_bytes(&self.count.to_le_bytes())
    }
}
