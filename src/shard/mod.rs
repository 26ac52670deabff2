//! Floor 3: one core's whole world, without I/O, clock or randomness.
//!
//! The runtime and the simulator drive a [`Shard`] through this contract and nothing else:
//!
//! | method | meaning |
//! |---|---|
//! | [`accept`](Shard::accept) | a socket exists |
//! | [`receive`](Shard::receive) | bytes arrived |
//! | [`ended`](Shard::ended) / [`disconnected`](Shard::disconnected) | the peer sent its last / the socket is gone |
//! | [`transmit`](Shard::transmit) / [`sent`](Shard::sent) / [`writable`](Shard::writable) | what to write, what was written, the socket has room again |
//! | [`peer`](Shard::peer) / [`next_for_peer`](Shard::next_for_peer) | another core speaks / is spoken to |
//! | [`logged`](Shard::logged) / [`next_for_log`](Shard::next_for_log) | the history log speaks / is spoken to |
//! | [`recorded`] / [`next_for_recorder`] | the recorder speaks / is spoken to |
//! | [`resolve`](Shard::resolve) | the outside answered an [`Effect`] |
//! | [`timeout`](Shard::timeout) | time passed |
//! | [`work`](Shard::work) | a slice of what was left so that no call is long |
//! | [`reload`](Shard::reload) | settings change |
//! | [`drain`](Shard::drain) | the process goes away |
//! | [`next_incident`](Shard::next_incident), [`next_access`](Shard::next_access) | what an operator may want to know of |
//! | [`note_turn`](Shard::note_turn), [`turned_away`](Shard::turned_away), [`tell_authorities`](Shard::tell_authorities), [`speaks_for`](Shard::speaks_for), [`is_for_operators`](Shard::is_for_operators) | what is known below the shard alone |
//! | [`poll`](Shard::poll) | what to do next, drained after every call |
//!
//! The same calls with the same seed give the same bytes. This module is the only one that calls its
//! neighbours below: each file or folder here is one kind of input or one kind of output, or the part of a core that they work on
//! (`edge`, `home`, `setup`, `places`).

mod access;
mod connections;
mod delivery;
mod drain;
mod edge;
mod effects;
mod home;
mod incidents;
mod log;
mod mesh;
mod output;
mod people;
mod places;
mod relay;
mod reload;
mod requests;
mod setup;
mod transports;
mod work;

pub use access::record::AccessRecord;
pub use connections::reserve::BESIDES_CONNECTIONS;
pub use effects::{Decoded, Effect, EffectId, Failure, Long, Resolution};
pub use incidents::{Incident, IncidentKind};
pub use log::{LogMessage, LogNews};
pub use mesh::message::ShardMessage;
pub use output::{Output, PIECES_MAX, Slices, WRITE_BYTES_MAX};
pub use people::{PeopleSettings, next_for_recorder, recorded};
pub use reload::Reload;
pub use requests::WebPushSettings;
pub use setup::Setup;

use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::metrics::beside::BesideCounters;
use crate::metrics::words::CloseReason;
use crate::model::fault::FaultCode;
use connections::connection::Due;
use connections::proxied::speaks_for;
use connections::timers::housekeep;
use delivery::ending::Endings;
use delivery::pacing;
use edge::Edge;
use home::HomeSide;
use people::People;
use relay::Relay;
use requests::{Asker, FanIns};
use std::net::IpAddr;
use std::sync::Arc;
use work::STEPS_MAX;

/// What authorities of certificates are told, by the tokens that they ask for (RFC 8555 section 8.3).
pub type Words = Arc<[(Box<str>, Box<str>)]>;

/// One core's world.
pub struct Shard {
    setup: Arc<Setup>,
    edge: Edge,
    homes: HomeSide,
    relay: Relay,
    fan_ins: FanIns,
    endings: Endings,
    people: People,
    /// What authorities of certificates are told.
    words: Words,
}

impl Shard {
    /// A core's world at its start.
    pub fn new(mut setup: Setup, now: Now) -> Self {
        let stored = std::mem::take(&mut setup.stored);
        let setup = Arc::new(setup);
        let limits = InForce::new(setup.limits.clone());
        Self {
            edge: Edge::new(setup.clone(), limits.clone(), now),
            homes: HomeSide::new(setup.clone(), &limits, &stored, now),
            relay: Relay::new(&setup),
            fan_ins: FanIns::default(),
            endings: Endings::default(),
            people: People::new(&setup, &limits, &stored),
            words: Arc::default(),
            setup,
        }
    }

    /// A call begins, with this reading of the clock.
    fn begin_call(&mut self, now: Now) {
        self.edge.now = now;
        self.homes.now = now;
    }

    /// A socket exists. `None` means that a limit refuses it: the caller closes the socket at once.
    pub fn accept(&mut self, now: Now, peer: IpAddr) -> Option<ConnectionId> {
        self.begin_call(now);
        let full = self.edge.connections.is_full(self.setup.connections_per_core_max());
        let admitted =
            if self.edge.drain.is_some() { None } else { self.edge.connections.admit(peer, &self.setup) };
        let Some(id) = admitted else {
            self.edge.counters.connections_refused += 1;
            self.edge.connections.incidents.add(IncidentKind::ConnectionRefused, None, Some(peer));
            return None;
        };
        self.edge.counters.connections_accepted += 1;
        self.edge.counters.connections_open += 1;
        if full && let Some(oldest) = self.edge.connections.reserve(id) {
            self.edge.counters.connections_refused += 1;
            self.edge.give_up(oldest, CloseReason::Timeout);
            self.settle();
        }
        let limit_ms = self.setup.limits.header_time_ms_max;
        self.edge.connections.set_deadline(now, id, Due::Header, limit_ms.into());
        Some(id)
    }

    /// The connection, which was just accepted, came by a listener for operators.
    pub fn is_for_operators(&mut self, id: ConnectionId) {
        if let Some(connection) = self.edge.connections.get_mut(id) {
            connection.flags.operators = true;
        }
    }

    /// A proxy has said, before anything else, who its client is; `None` is that it speaks for itself. Its connection counts
    /// for the client from here on.
    ///
    /// # Errors
    /// The proxy is not trusted, or the client has as many connections as may be: the caller closes the socket.
    pub fn speaks_for(
        &mut self,
        now: Now,
        id: ConnectionId,
        client: Option<IpAddr>,
    ) -> Result<(), &'static str> {
        self.begin_call(now);
        let outcome = speaks_for(&mut self.edge.connections, id, client, &self.setup);
        if outcome.is_err() {
            self.edge.counters.connections_refused += 1;
            self.edge.connections.note(IncidentKind::ConnectionRefused, id);
        }
        outcome
    }

    /// From here on authorities of certificates are told these words, each where its token is asked for.
    pub fn tell_authorities(&mut self, words: Words) {
        self.words = words;
    }

    /// The next request for the access log. All are to be taken after each call.
    pub fn next_access(&mut self) -> Option<AccessRecord> {
        self.edge.accesses.pop_front()
    }

    /// A socket was turned away for want of a descriptor.
    pub fn turned_away(&mut self) {
        self.edge.counters.connections_refused += 1;
        self.edge.connections.incidents.add(IncidentKind::ConnectionRefused, None, None);
    }

    /// Bytes arrived. They are parsed in place (and changed: unmasked); only a partial frame is kept.
    pub fn receive(&mut self, now: Now, id: ConnectionId, bytes: &mut [u8]) {
        self.begin_call(now);
        self.edge.counters.bytes_received += bytes.len() as u64;
        self.read(id, bytes);
        self.settle();
    }

    /// The peer will send no more (FIN). Answers that are still owed are written before [`Output::Close`].
    pub fn ended(&mut self, now: Now, id: ConnectionId) {
        self.begin_call(now);
        self.edge.end_of_input(id);
        self.settle();
    }

    /// The socket is gone (reset, error); the id is dead after this call and the caller closes the socket.
    pub fn disconnected(&mut self, now: Now, id: ConnectionId) {
        self.begin_call(now);
        self.edge.forget(id, CloseReason::Reset);
        self.settle();
    }

    /// Another core speaks. Messages of one core arrive in the order in which it said them.
    pub fn peer(&mut self, now: Now, from: CoreId, message: ShardMessage) {
        self.begin_call(now);
        self.edge.counters.peer_messages += 1;
        self.hear(from, message.0);
        self.settle();
    }

    /// Time passed; due when the deadline of [`Output::Idle`] is reached.
    pub fn timeout(&mut self, now: Now) {
        self.begin_call(now);
        let mut steps = STEPS_MAX;
        self.edge.fire_deadlines(&mut steps);
        pacing::send_due(&mut self.edge);
        self.fan_in_side().expire();
        self.homes.expire();
        self.people.fire(now);
        requests::fire_web_push(&mut self.homes);
        drain::drain_step(&mut self.edge);
        self.work_for_log();
        housekeep(&mut self.people_side());
        self.settle();
    }

    /// What to do next. [`Output::Idle`] says that nothing is left for now.
    pub fn poll(&mut self) -> Output {
        if let Some(wish) = self.edge.connections.next_wish() {
            if let Output::Close(id) = wish {
                self.edge.forget(id, CloseReason::Finished);
                if !self.edge.departures.is_empty() {
                    self.settle();
                }
            }
            return wish;
        }
        if let Some(wish) = self.homes.next_wish() {
            return wish;
        }
        let waits = |asker: &Asker| self.edge.connections.get(asker.ticket.connection).is_some();
        if let Some(check) = self.homes.effects.next_check(self.edge.now, waits) {
            return check;
        }
        if let Some(id) = self.edge.connections.next_transmit(&mut self.edge.fanout) {
            return Output::Transmit(id);
        }
        if work::is_left(&self.edge) || !self.edge.fanout.is_idle() {
            return Output::Work;
        }
        if drain::is_drained(&mut self.edge, &mut self.homes) {
            return Output::Drained;
        }
        Output::Idle { deadline_us: Some(self.next_deadline_us()) }
    }

    /// What an operator may want to know of by now: see [`Incident`].
    pub fn next_incident(&mut self, now: Now) -> Option<Incident> {
        self.edge.connections.incidents.next(now)
    }

    /// Notes how long a turn took, in microseconds, and what was counted beside the shard up to then, for the metrics: the shard
    /// itself reads no clock. One core is told how many lines of the process's log were lost since its start, the others 0.
    pub fn note_turn(&mut self, busy_us: u64, beside: BesideCounters) {
        self.edge.counters.note_turn(busy_us);
        for _ in self.edge.counters.beside.tls.handshakes_failed..beside.tls.handshakes_failed {
            self.edge.connections.incidents.add(IncidentKind::HandshakeFailed, None, None);
        }
        self.edge.counters.beside = beside;
    }

    /// Asserts what must always hold between calls; for tests and the simulator.
    pub fn invariants(&self) {
        self.edge.invariants();
        self.people.invariants();
        self.relay.invariants();
        self.homes.invariants();
        self.endings.invariants(&self.edge);
    }
}

impl Edge {
    /// Counts a fault that is answered to a connection.
    pub(in crate::shard) fn note_fault(&mut self, id: ConnectionId, code: FaultCode) {
        self.counters.note_fault(code);
        if let Some(kind) = IncidentKind::of(code) {
            self.connections.note(kind, id);
        }
    }
}
