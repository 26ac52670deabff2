//! Which users are connected to this core, how what ended here is made known, and numbers that no one can guess.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::channel::ChannelName;
use crate::model::session::Session;
use crate::shard::edge::Departure;
use crate::shard::mesh::message::CoreMessage;
use crate::shard::mesh::{post_home, post_unsubscribed};
use crate::shard::relay::RelaySide;
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
    /// Makes known elsewhere what ended here.
    pub(in crate::shard) fn part_with_departed(&mut self) {
        while !self.edge.departures.is_empty() {
            // Taken as a whole, so that what is said of each leaves at once and in this order.
            for departure in std::mem::take(&mut self.edge.departures) {
                match departure {
                    Departure::Subscription { channel, epoch, session } => {
                        post_unsubscribed(&mut self.edge, &mut self.homes, channel, epoch, session);
                    }
                    Departure::Socket { id, session } => {
                        people::person_left(&mut self.people_side(), id);
                        relay::gone(&mut self.relay_side(), id);
                        session.iter().for_each(|session| user_left(&mut self.relay_side(), session));
                    }
                    Departure::Word { to, message } => self.homes.post(to, message),
                }
            }
        }
    }
}

/// A session opened a WebSocket.
pub(in crate::shard) fn user_arrived(side: &mut RelaySide<'_>, session: &Session) {
    if session.is_guest() {
        return;
    }
    let count = side.relay.users.connections.entry(session.user.clone()).or_insert(0);
    *count += 1;
    if *count == 1 {
        let said = CoreMessage::UserConnected { user: session.user.clone(), name: session.name.clone() };
        post_home(side.edge, side.homes, &ChannelName::of_user(&session.user), said);
    }
}

/// A session's WebSocket is gone.
fn user_left(side: &mut RelaySide<'_>, session: &Session) {
    let Some(count) = side.relay.users.connections.get_mut(&session.user) else { return };
    *count -= 1;
    if *count == 0 {
        side.relay.users.connections.remove(&session.user);
        let said = CoreMessage::UserDisconnected { user: session.user.clone() };
        post_home(side.edge, side.homes, &ChannelName::of_user(&session.user), said);
    }
}

/// Numbers for ids, handles and vouchers: a keyed hash of a counter, so that they repeat with the seed only.
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
