//! The edge of this core: its connections, what they hear, what each is written next, and how each ends.
//!
//! Whoever ends a connection may be in the middle of its streams or of its answers. So what follows from it at homes, among
//! people and in groups is noted as a [`Departure`], in one queue with what the edge says after it. What the home side says to other
//! cores goes at once, and is about other things.

use super::Setup;
use super::access::record::AccessRecord;
use super::connections::Connections;
use super::connections::drain::Drain;
use super::delivery::farewells::Farewells;
use super::delivery::scratch::Scratch;
use super::mesh::message::CoreMessage;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::fanout::{Fanout, Lapped};
use crate::broker::pacing::Pacing;
use crate::metrics::counters::Counters;
use crate::model::channel::ChannelName;
use crate::model::session::Session;
use crate::protocol::http::DateCache;
use std::collections::VecDeque;
use std::sync::Arc;

/// The connections of a core, and all that is known of them there.
pub(super) struct Edge {
    /// The reading of the clock that the call under way came with.
    pub now: Now,
    /// What the shard is made of.
    pub setup: Arc<Setup>,
    /// The limits in force, shared with all that they bound; a reload replaces them here once.
    pub limits: InForce,
    pub connections: Connections,
    /// What the connections hear.
    pub fanout: Fanout,
    /// What waits on the way to them.
    pub pacing: Pacing,
    pub counters: Counters,
    /// Homes that have yet to hear who went.
    pub farewells: Farewells,
    /// The process goes away.
    pub drain: Option<Drain>,
    /// When the next housekeeping is due, monotonic microseconds.
    pub housekeeping_us: u64,
    /// What follows from what ended, in order.
    pub(super) departures: VecDeque<Departure>,
    /// Subscribers that fell behind in the publish under way.
    pub(super) lapped: Vec<Lapped>,
    pub(super) date: DateCache,
    /// Requests that were answered, for the access log.
    pub(super) accesses: VecDeque<AccessRecord>,
    pub(super) scratch: Scratch,
}

/// What ended here, and is to be known elsewhere.
pub(super) enum Departure {
    /// A subscription, which its home counts.
    Subscription { channel: ChannelName, epoch: u64, session: Arc<Session> },
    /// A WebSocket, with whoever spoke on it.
    Socket { id: ConnectionId, session: Option<Arc<Session>> },
    /// What is said to a core after all before it.
    Word { to: CoreId, message: CoreMessage },
}

impl Edge {
    /// No connections yet.
    pub fn new(setup: Arc<Setup>, limits: InForce, now: Now) -> Self {
        let seed = setup.core_seed();
        Self {
            now,
            connections: Connections::new(seed, now.monotonic_us),
            fanout: Fanout::new(seed, limits.clone()),
            pacing: Pacing::new(seed),
            counters: Counters::default(),
            farewells: Farewells::default(),
            drain: None,
            housekeeping_us: now.monotonic_us,
            departures: VecDeque::new(),
            lapped: Vec::new(),
            date: DateCache::default(),
            accesses: VecDeque::new(),
            scratch: Scratch::default(),
            setup,
            limits,
        }
    }

    /// Notes what ended.
    pub fn depart(&mut self, departure: Departure) {
        self.departures.push_back(departure);
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert!(self.departures.is_empty(), "what ended is known elsewhere before the call ends");
        assert!(self.lapped.is_empty(), "who fell behind is told before the call ends");
        self.fanout.invariants();
        self.pacing.invariants();
        self.connections.invariants();
        for id in self.connections.ids() {
            let Some(connection) = self.connections.get(id) else { continue };
            assert!(connection.is_socket() || self.fanout.count_of(id) == 0, "only sockets hear channels");
            let leaves = !self.connections.leaving.is_empty();
            assert!(!connection.flags.silent || leaves, "who is told nothing more is closed soon");
            let has_message = connection.pending.as_ref().is_some_and(|pending| pending.has_message());
            assert!(!connection.is_closing() || !has_message, "a socket at its end waits for no answer");
            if self.connections.is_written() && self.fanout.is_idle() {
                let written =
                    !connection.takes_bytes() || (connection.outbox.is_empty() && !self.fanout.owes(id));
                assert!(written, "what is to be written is queued");
            }
        }
    }
}
