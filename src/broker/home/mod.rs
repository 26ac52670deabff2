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
mod output;
mod state;
#[cfg(test)]
mod tests;

pub use commands::Outcome;
pub use output::{HomeOutput, HomePush};
pub use state::HomeState;

use crate::base::hash::KeyedState;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::Limits;
use crate::base::time::Now;
use crate::broker::groups::Groups;
use crate::broker::meetings::table::Meetings;
use crate::broker::order::channels::Channels;
use crate::broker::order::congestion::Congestion;
use crate::broker::order::idempotency::Idempotency;
use crate::broker::order::log::checkpoint::Cursor;
use crate::broker::order::log::restore::Restoring;
use crate::broker::rooms::Rooms;
use crate::broker::rules::changes::Jobs;
use crate::broker::rules::definitions::Definitions;
use crate::broker::rules::entry::Entries;
use crate::broker::rules::sets::Rules;
use crate::broker::users::table::Users;
use crate::model::realm::Realm;
use crate::model::session::{Scopes, Session};
use rkyv::util::AlignedVec;
use std::collections::VecDeque;
use std::sync::Arc;

/// Places of the channel table looked at in one [`Home::sweep`].
const SWEPT_CHANNELS_MAX: usize = 8_192;

/// Idempotency keys forgotten in one [`Home::sweep`].
const SWEPT_KEYS_MAX: usize = 4_096;

/// Everything that the channels homed on one core have.
pub struct Home {
    pub(super) channels: Channels,
    pub(super) congestion: Congestion,
    pub(super) idempotency: Idempotency,
    pub(super) rooms: Rooms,
    pub(super) meetings: Meetings,
    pub(super) groups: Groups,
    pub(super) users: Users,
    /// Changes of definitions under way.
    pub(super) jobs: Jobs,
    /// How far a checkpoint of the history log is, while one is under way.
    pub(super) checkpoint: Option<Cursor>,
    /// What replaying the history log needs to remember.
    pub(super) restoring: Restoring,
    pub(super) definitions: Arc<Definitions>,
    pub(super) entries: Entries,
    pub(super) limits: Arc<Limits>,
    pub(super) outputs: VecDeque<HomeOutput>,
    /// Ends of channels: they come before the answer of the call that found them.
    pub(super) ends: VecDeque<HomeOutput>,
    /// Publications that got an offset here, since the start.
    pub(super) published: u64,
    /// Publishes that were answered from the memory of idempotency keys, since the start.
    pub(super) duplicates: u64,
    /// Working space of archiving.
    pub(super) scratch: AlignedVec,
    /// Working space for the publisher's id.
    pub(super) publisher: String,
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
        limits: Arc<Limits>,
    ) -> Self {
        let hasher = |purpose| hasher(seed, purpose);
        Self {
            channels: Channels::new(hasher(0), Rules::new(hasher(4), &definitions, realms), limits.clone()),
            congestion: Congestion::new(cores),
            idempotency: Idempotency::new(hasher(1), limits.idempotency_keys_max, limits.idempotency_ms_max),
            rooms: Rooms::new(hasher(2), limits.rooms_max),
            meetings: Meetings::new(hasher(5), limits.meetings_max),
            groups: Groups::new(hasher(6), limits.groups_max),
            users: Users::new(hasher(3), limits.profiles_max),
            jobs: Jobs::default(),
            checkpoint: None,
            restoring: Restoring::default(),
            entries: Entries::new(&definitions),
            definitions,
            limits,
            outputs: VecDeque::new(),
            ends: VecDeque::new(),
            published: 0,
            duplicates: 0,
            scratch: AlignedVec::new(),
            publisher: String::new(),
        }
    }

    /// Other bounds from here on. What is above a lower one stays until it goes by itself.
    pub fn set_limits(&mut self, limits: Arc<Limits>) {
        self.idempotency.set_bounds(limits.idempotency_keys_max, limits.idempotency_ms_max);
        self.rooms.set_max(limits.rooms_max);
        self.meetings.set_max(limits.meetings_max);
        self.users.set_max(limits.profiles_max);
        self.channels.limits = limits.clone();
        self.limits = limits;
    }

    /// The next end of a channel that comes before the answer of the last call: what has the channel's name from
    /// that answer on is another one.
    pub fn pop_end(&mut self) -> Option<HomeOutput> {
        self.ends.pop_front()
    }

    /// The next message for a core, in order.
    pub fn pop_output(&mut self) -> Option<HomeOutput> {
        self.ends.pop_front().or_else(|| self.outputs.pop_front())
    }

    /// Housekeeping, due every second or so: ages histories, forgets channels and keys, goes on healing. Does
    /// a bounded amount of work and goes on from there at the next call.
    pub fn sweep(&mut self, now: Now) {
        if self.channels.log.is_replaying() {
            return;
        }
        self.channels.sweep(now, SWEPT_CHANNELS_MAX);
        self.idempotency.expire(now, SWEPT_KEYS_MAX);
        for core in 0..self.congestion.cores() {
            self.heal(now, CoreId(core));
        }
    }
}

/// The hasher of one table of a home.
fn hasher(seed: u64, purpose: u8) -> KeyedState {
    KeyedState::new(seed, u64::from_be_bytes(*b"corehome") ^ u64::from(purpose))
}
