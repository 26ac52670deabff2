//! The order of the channels homed on a core: their places, their histories, who is to be told and what of it waits for
//! the disk.

pub(super) mod channel;
pub(super) mod channels;
pub(super) mod congestion;
pub(super) mod effect;
pub(super) mod epochs;
pub(super) mod heal;
pub(super) mod history;
pub(super) mod idempotency;
pub(super) mod log;
pub(super) mod members;
pub(super) mod messages;
pub mod oversight;
pub(super) mod publish;
pub(super) mod retention;
pub(super) mod shares;
pub(super) mod subscribe;

pub use log::staged::{Log, LogPart};

use crate::base::hash::KeyedState;
use crate::base::ids::CoreId;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::home::{HomeOutput, HomePush};
use crate::broker::rules::definitions::Definitions;
use crate::broker::rules::sets::Rules;
use crate::model::fault::Fault;
use crate::model::realm::Realm;
use channels::Channels;
use congestion::Congestion;
use idempotency::Idempotency;
use log::checkpoint::Checkpoint;
use log::restore::Restoring;
use rkyv::util::AlignedVec;
use std::collections::VecDeque;
use std::sync::Arc;

/// Places of the channel table looked at in one [`Order::sweep`].
const SWEPT_CHANNELS_MAX: usize = 8_192;

/// Idempotency keys forgotten in one [`Order::sweep`].
const SWEPT_KEYS_MAX: usize = 4_096;

/// The channels of a core, and the one way into their order.
pub struct Order {
    pub(super) channels: Channels,
    pub(super) congestion: Congestion,
    pub(super) idempotency: Idempotency,
    pub(super) checkpoint: Checkpoint,
    /// What replaying the history log needs to remember.
    pub(super) restoring: Restoring,
    definitions: Arc<Definitions>,
    pub(super) outputs: VecDeque<HomeOutput>,
    /// Ends of channels: they come before the answer of the call that found them.
    pub(super) ends: VecDeque<HomeOutput>,
    /// Publications that got an offset here, since the start.
    pub(super) published: u64,
    /// Publishes that were answered from the memory of idempotency keys, since the start.
    pub(super) duplicates: u64,
    /// Working space of archiving.
    scratch: AlignedVec,
    /// Working space for the publisher's id.
    publisher: String,
}

impl Order {
    /// No channels yet. The maps are keyed by what `hasher` gives.
    pub fn new(
        hasher: impl Fn(u8) -> KeyedState,
        cores: u16,
        definitions: Arc<Definitions>,
        realms: &[Arc<Realm>],
        limits: &InForce,
    ) -> Self {
        Self {
            channels: Channels::new(hasher(0), Rules::new(hasher(4), &definitions, realms), limits.clone()),
            congestion: Congestion::new(cores),
            idempotency: Idempotency::new(hasher(1), limits.clone()),
            checkpoint: Checkpoint::default(),
            restoring: Restoring::default(),
            definitions,
            outputs: VecDeque::new(),
            ends: VecDeque::new(),
            published: 0,
            duplicates: 0,
            scratch: AlignedVec::new(),
            publisher: String::new(),
        }
    }

    /// Other rules are in force from here on, for open channels too.
    pub fn set_definitions(&mut self, definitions: Arc<Definitions>) {
        self.channels.rules.set_definitions(&definitions);
        self.definitions = definitions;
    }

    /// Ages histories, forgets channels and keys, goes on healing: a bounded amount of work, from where the last call ended.
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

    /// Ends a channel: its subscribers are told why, nothing of it is left, and its name is free for another one.
    pub fn end_channel(&mut self, id: usize, why: &Fault) {
        let channel = self.channels.get(id);
        for share in channel.shares.iter() {
            self.congestion.forget(share.core, id);
            let push = HomePush::Ended { fault: why.clone(), guests: false };
            let channel = channel.name.clone();
            self.ends.push_back(HomeOutput::Push { to: share.core, channel, push });
        }
        self.channels.forget(id);
    }

    /// Asserts what must always hold between calls.
    pub fn invariants(&self) {
        self.channels.invariants();
        self.idempotency.invariants();
        for (core, id, gap) in self.congestion.iter() {
            let channel = self.channels.get(id);
            assert!(channel.shares.contains(core), "a gap has subscribers");
            assert!(gap.after <= channel.head, "a gap starts before the head");
        }
        assert!(self.publisher.is_empty(), "working space is given back");
    }
}
