//! The home side: what one core decides for the channels homed on it. Order (epoch, offset), history, who is
//! to be told, presence, idempotency, rooms, users.
//!
//! A [`Home`] is driven by its shard, which for every call first stages the reply of the returned [`Outcome`] for the
//! origin core and then what [`Home::pop_output`] gives, all into the one queue per core. So the answer to a subscribe
//! comes before that channel's publications, and the position in it is exact. Only what [`Home::pop_end`] gives goes
//! before the answer.
//!
//! Calls about subscriptions come from edge cores that count right: one [`Home::unsubscribe`] per answered
//! subscribe, one [`Home::user_disconnected`] per [`Home::user_connected`]. What does not fit is ignored.

mod commands;
pub(super) mod faults;
mod log;
mod nouns;
mod output;
mod state;
#[cfg(test)]
mod tests;

pub use commands::Outcome;
pub use faults::not_written as log_fault;
pub use output::{HomeOutput, HomePush};
pub use state::HomeState;

use crate::base::hash::KeyedState;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::groups::Groups;
use crate::broker::meetings::table::Meetings;
use crate::broker::order::Order;
use crate::broker::rooms::Rooms;
use crate::broker::rules::changes::Jobs;
use crate::broker::rules::definitions::Definitions;
use crate::broker::rules::entry::Entries;
use crate::broker::users::table::Users;
use crate::model::access::Use;
use crate::model::channel::ChannelName;
use crate::model::fault::Fault;
use crate::model::realm::Realm;
use crate::model::session::{Scopes, Session};
use std::sync::Arc;

/// Everything that the channels homed on one core have.
pub struct Home {
    pub(super) order: Order,
    /// Records of rooms.
    pub rooms: Rooms,
    /// Meetings.
    pub meetings: Meetings,
    /// Whom channels are for.
    pub groups: Groups,
    pub(super) users: Users,
    /// Changes of definitions under way.
    pub(super) jobs: Jobs,
    pub(super) entries: Entries,
}

/// Where a command comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The edge core.
    pub core: CoreId,
    /// The connection there.
    pub connection: ConnectionId,
    /// Who speaks on it.
    pub session: &'a Arc<Session>,
}

impl Origin<'_> {
    /// Whether the session may change other people's things.
    pub(super) fn is_admin(&self) -> bool {
        self.session.scopes.contains(Scopes::ADMIN)
    }

    /// Whether the session may change what belongs to `user`.
    pub(super) fn may_change(&self, user: &str) -> bool {
        *self.session.user == *user || self.is_admin()
    }
}

impl Home {
    /// The home side of one core of `cores`. The maps are keyed by `seed`.
    pub fn new(
        seed: u64,
        cores: u16,
        definitions: Arc<Definitions>,
        realms: &[Arc<Realm>],
        limits: InForce,
    ) -> Self {
        let hasher = |purpose| hasher(seed, purpose);
        Self {
            rooms: Rooms::new(hasher(2), limits.clone()),
            meetings: Meetings::new(hasher(5), limits.clone()),
            groups: Groups::new(hasher(6), limits.clone()),
            users: Users::new(hasher(3), limits.clone()),
            jobs: Jobs::default(),
            entries: Entries::new(&definitions),
            order: Order::new(hasher, cores, definitions, realms, &limits),
        }
    }

    /// Other rules are in force from here on, for open channels too. Presence and durability are as they were.
    pub fn set_definitions(&mut self, definitions: Arc<Definitions>) {
        self.entries = Entries::new(&definitions);
        self.order.set_definitions(definitions);
    }

    /// The next end of a channel that comes before the answer of the last call: what has the channel's name from
    /// that answer on is another one.
    pub fn pop_end(&mut self) -> Option<HomeOutput> {
        self.order.ends.pop_front()
    }

    /// The next message for a core, in order.
    pub fn pop_output(&mut self) -> Option<HomeOutput> {
        self.order.ends.pop_front().or_else(|| self.order.outputs.pop_front())
    }

    /// Housekeeping, due every second or so. Does a bounded amount of work and goes on from there at the next call.
    pub fn sweep(&mut self, now: Now) {
        self.order.sweep(now);
    }

    /// Whether a session may use a channel of a namespace.
    ///
    /// # Errors
    /// It may not; where the channel is for people who are named, it is as if there was none.
    pub fn may_use(&self, session: &Session, channel: &ChannelName, wanted: Use) -> Result<(), Fault> {
        self.entries.may_use(session, channel, self.groups.get(channel).map(|group| &**group), wanted)
    }

    /// A connection of `member` on `core` does not hear the channel any more; see [`Order::unsubscribe`].
    pub fn unsubscribe(&mut self, now: Now, core: CoreId, member: &str, channel: &ChannelName, epoch: u64) {
        self.order.unsubscribe(now, core, member, channel, epoch);
    }

    /// The queue to a core is full, or has room again; see [`Order::set_congested`].
    pub fn set_congested(&mut self, now: Now, core: CoreId, congested: bool) -> bool {
        self.order.set_congested(now, core, congested)
    }
}

/// The hasher of one table of a home.
fn hasher(seed: u64, purpose: u8) -> KeyedState {
    KeyedState::new(seed, u64::from_be_bytes(*b"corehome") ^ u64::from(purpose))
}
