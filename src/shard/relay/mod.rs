//! What this core is for connections that speak to each other past any channel: the edge of those here, and the home of
//! groups and of users' addresses.
//!
//! What a home tells goes through one queue to each core, in order, so everybody in a group is told the same in the same
//! order, each connection once. Nothing of it is left out: when the queue to a core is full, whoever would say something that
//! this core has to hear is refused; what happens by itself, connections that go, is told all the same, and bounded by what
//! there is.

mod hearing;
mod here;
mod moving;
mod proving;
mod serving;

pub(super) use hearing::{hear_relayed, pump_relay};
pub(super) use moving::{came, join_answered, joined, leave, with_handle};
pub(super) use proving::proven;
pub(super) use serving::{begin_relay, list_groups};

use super::delivery::users::Users;
use super::edge::Edge;
use super::home::HomeSide;
use super::mesh::{self, message::CoreMessage};
use super::{Setup, Shard};
use crate::base::hash::KeyedState;
use crate::base::ids::CoreId;
use crate::broker::relay::groups::ConnectionGroups;
use crate::broker::relay::users::Reachable;
use crate::metrics::counters::RelayCounters;
use crate::shard::mesh::message::RelayMessage;
use here::Here;

pub(super) use moving::gone;

/// What a core has of connections that speak past any channel.
pub(super) struct Relay {
    /// Which users are connected here, by whatever dialect.
    pub users: Users,
    here: Here,
    groups: ConnectionGroups,
    reachable: Reachable,
    /// What is to be told to cores, in order.
    told: Vec<(CoreId, RelayMessage)>,
    counts: RelayCounters,
}

/// The parts of a core that functions about such connections work on: its edge, its home side, and what it knows of them.
pub(super) struct RelaySide<'a> {
    pub edge: &'a mut Edge,
    pub homes: &'a mut HomeSide,
    pub relay: &'a mut Relay,
}

impl RelaySide<'_> {
    /// Says something to a core, behind what ended here before.
    fn post(&mut self, to: CoreId, message: CoreMessage) {
        mesh::post(self.edge, self.homes, to, message);
    }
}

impl Shard {
    pub(super) fn relay_side(&mut self) -> RelaySide<'_> {
        RelaySide { edge: &mut self.edge, homes: &mut self.homes, relay: &mut self.relay }
    }
}

impl Relay {
    /// Nobody yet.
    pub fn new(setup: &Setup) -> Self {
        let seed = setup.core_seed();
        let hasher = |purpose: u64| KeyedState::new(seed, 0x3e1a_0000 + purpose);
        Self {
            users: Users::new(seed),
            here: Here::new(hasher(0), hasher(1)),
            groups: ConnectionGroups::default(),
            reachable: Reachable::new(hasher(2)),
            told: Vec::new(),
            counts: RelayCounters::default(),
        }
    }

    /// What is counted where it happens.
    pub fn counts(&self) -> RelayCounters {
        let (groups, members) = self.groups.totals();
        RelayCounters { groups_open: groups as u64, group_members: members as u64, ..self.counts }
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        self.here.invariants();
        self.groups.invariants();
        assert!(self.told.is_empty(), "what is to be told is told before the call ends");
    }
}
