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
//! | [`resolve`](Shard::resolve) | the outside answered an [`Effect`] |
//! | [`timeout`](Shard::timeout) | time passed |
//! | [`work`](Shard::work) | a slice of what was left so that no call is long |
//! | [`reload`](Shard::reload) | settings change |
//! | [`drain`](Shard::drain) | the process goes away |
//! | [`next_incident`](Shard::next_incident) | what an operator may want to know of |
//! | [`poll`](Shard::poll) | what to do next, drained after every call |
//!
//! The same calls with the same seed give the same bytes. This module is the only one that calls its
//! neighbours below: each file here is one kind of input or one kind of output, and leaves know nothing of each
//! other.

mod access;
mod connections;
mod delivery;
mod edge;
mod effects;
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

pub use access::Access;
pub use connections::reserve::BESIDES_CONNECTIONS;
pub use effects::{Decoded, Effect, EffectId, Failure, Long, Resolution};
pub use incidents::{Incident, IncidentKind};
pub use log::{LogMessage, LogNews};
pub use mesh::message::ShardMessage;
pub use output::{Output, PIECES_MAX, Slices};
pub use people::PeopleSettings;
pub use reload::Reload;
pub use requests::WebPushSettings;
pub use setup::Setup;

use crate::base::hash::KeyedState;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::home::Home;
use crate::metrics::counters::TlsCounters;
use crate::metrics::words::CloseReason;
use crate::model::channel::ChannelName;
use crate::model::fault::FaultCode;
use crate::model::meeting::channel_of;
use crate::store::Stored;
use connections::connection::Due;
use connections::proxied::speaks_for;
use delivery::ending::Endings;
use delivery::users::Fresh;
use edge::Edge;
use effects::Effects;
use log::LogSide;
use mesh::Queues;
use people::People;
use relay::Relay;
use requests::{Asker, Changes, FanIns, GroupChanges, InTurn, Logins, MeetingChanges, Then, WebPushSide};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use work::DEADLINES_MAX;

/// What authorities of certificates are told, by the tokens that they ask for (RFC 8555 section 8.3).
pub type Words = Arc<[(Box<str>, Box<str>)]>;

/// One core's world.
pub struct Shard {
    setup: Arc<Setup>,
    edge: Edge,
    home: Home,
    relay: Relay,
    fan_ins: FanIns,
    changes: Changes,
    effects: Effects<Asker, Then>,
    endings: Endings,
    logins: Logins,
    group_changes: GroupChanges,
    meeting_changes: MeetingChanges,
    web_push: WebPushSide,
    people: People,
    mesh: Queues,
    log: LogSide,
    /// When the next housekeeping is due, monotonic microseconds.
    housekeeping_us: u64,
    fresh: Fresh,
    /// What authorities of certificates are told.
    words: Words,
    outputs: VecDeque<Output>,
    /// Working space for encoding, kept between calls.
    scratch: Vec<u8>,
}

impl Shard {
    /// A core's world at its start.
    pub fn new(mut setup: Setup, now: Now) -> Self {
        let stored = std::mem::take(&mut setup.stored);
        let seed = setup.core_seed();
        let setup = Arc::new(setup);
        let limits = InForce::new(setup.limits.clone());
        let mut home = Home::new(seed, setup.cores, setup.definitions.clone(), &setup.realms, limits.clone());
        if setup.history_flush_ms.is_some() {
            home.log_mut().attach();
        }
        let mut shard = Self {
            edge: Edge::new(setup.clone(), limits.clone(), now),
            relay: Relay::new(&setup),
            home,
            fan_ins: FanIns::default(),
            changes: Changes::new(&setup, limits.clone(), &stored),
            effects: Effects::new(limits.clone(), setup.cores),
            endings: Endings::default(),
            logins: Logins::new(now, seed, &setup.limits, &stored),
            group_changes: InTurn::new(KeyedState::new(seed, 0x6409)),
            web_push: WebPushSide::new(&setup, &stored),
            meeting_changes: InTurn::new(KeyedState::new(seed, 0x3ee7)),
            people: People::new(&setup, &limits, &stored),
            mesh: Queues::new(setup.core, setup.cores, limits.clone()),
            log: LogSide::new(setup.history_flush_ms),
            housekeeping_us: now.monotonic_us,
            fresh: Fresh::new(seed),
            words: Arc::default(),
            outputs: VecDeque::new(),
            scratch: Vec::new(),
            setup,
        };
        shard.restore(&stored);
        shard
    }

    /// Takes over what was stored: every definition, and the rooms and meetings that are at home here.
    fn restore(&mut self, stored: &Stored) {
        stored.definitions.iter().for_each(|record| self.home.restore_definition(record));
        let (setup, home) = (&self.setup, &mut self.home);
        let is_here = |channel: &ChannelName| setup.home_of(channel.as_str()) == setup.core;
        for (channel, room) in stored.rooms.iter().filter(|(channel, _)| is_here(channel)) {
            home.rooms.restore(channel, room.clone());
        }
        for group in stored.groups.iter().filter(|group| is_here(&group.channel)) {
            home.groups.put(Arc::new(group.clone()));
        }
        for meeting in stored.meetings.iter().filter(|meeting| is_here(&channel_of(&meeting.id))) {
            home.meetings.put(Arc::new(meeting.clone()));
        }
        reload::know_users(self);
    }

    /// A socket exists. `None` means that a limit refuses it: the caller closes the socket at once.
    pub fn accept(&mut self, now: Now, peer: IpAddr) -> Option<ConnectionId> {
        self.edge.now = now;
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
            self.part_with_departed();
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
        self.edge.now = now;
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
    pub fn next_access(&mut self) -> Option<Access> {
        self.edge.accesses.pop_front()
    }

    /// A socket was turned away for want of a descriptor.
    pub fn turned_away(&mut self) {
        self.edge.counters.connections_refused += 1;
        self.edge.connections.incidents.add(IncidentKind::ConnectionRefused, None, None);
    }

    /// Bytes arrived. They are parsed in place (and changed: unmasked); only a partial frame is kept.
    pub fn receive(&mut self, now: Now, id: ConnectionId, bytes: &mut [u8]) {
        self.edge.now = now;
        self.edge.counters.bytes_received += bytes.len() as u64;
        self.read(id, bytes);
        self.settle();
    }

    /// The peer will send no more (FIN). Answers that are still owed are written before [`Output::Close`].
    pub fn ended(&mut self, now: Now, id: ConnectionId) {
        self.edge.now = now;
        self.edge.end_of_input(id);
        self.settle();
    }

    /// The socket is gone (reset, error); the id is dead after this call and the caller closes the socket.
    pub fn disconnected(&mut self, now: Now, id: ConnectionId) {
        self.edge.now = now;
        self.edge.forget(id, CloseReason::Reset);
        self.settle();
    }

    /// Another core speaks. Messages of one core arrive in the order in which it said them.
    pub fn peer(&mut self, now: Now, from: CoreId, message: ShardMessage) {
        self.edge.now = now;
        self.edge.counters.peer_messages += 1;
        self.hear(from, message.0);
        self.settle();
    }

    /// Time passed; due when the deadline of [`Output::Idle`] is reached.
    pub fn timeout(&mut self, now: Now) {
        self.edge.now = now;
        self.edge.fire_deadlines(DEADLINES_MAX);
        self.expire_fan_ins();
        self.expire_changes();
        self.expire_effects();
        self.people.fire(now);
        requests::fire_web_push(self, now);
        self.edge.drain_step();
        self.work_for_log();
        self.housekeep();
        self.settle();
    }

    /// What to do next. [`Output::Idle`] says that nothing is left for now.
    pub fn poll(&mut self) -> Output {
        if let Some(wish) = self.edge.connections.next_wish() {
            if let Output::Close(id) = wish {
                self.edge.forget(id, CloseReason::Finished);
                self.part_with_departed();
            }
            return wish;
        }
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if let Some(id) = self.edge.connections.next_transmit(&mut self.edge.fanout) {
            return Output::Transmit(id);
        }
        if work::is_left(self) {
            return Output::Work;
        }
        if self.drained() {
            return Output::Drained;
        }
        Output::Idle { deadline_us: Some(self.next_deadline_us()) }
    }

    /// What an operator may want to know of by now: see [`Incident`].
    pub fn next_incident(&mut self, now: Now) -> Option<Incident> {
        self.edge.connections.incidents.next(now)
    }

    /// Notes how long a turn took, in microseconds, and what was counted of TLS up to then, for the metrics: the shard itself
    /// reads no clock, and TLS is spoken below it. One core is told how many lines of the process's log were lost since its
    /// start, the others 0.
    pub fn note_turn(&mut self, busy_us: u64, log_lines_lost: u64, tls: TlsCounters) {
        self.edge.counters.note_turn(busy_us);
        self.edge.counters.log_lines_lost = log_lines_lost;
        for _ in self.edge.counters.tls.handshakes_failed..tls.handshakes_failed {
            self.edge.connections.incidents.add(IncidentKind::HandshakeFailed, None, None);
        }
        self.edge.counters.tls = tls;
    }

    /// Asserts what must always hold between calls; for tests and the simulator.
    pub fn invariants(&self) {
        self.edge.invariants();
        self.people.invariants();
        self.relay.invariants();
        self.home.invariants();
        self.endings.invariants(&self.edge);
        self.log.invariants(&self.home);
        self.effects.invariants();
        self.meeting_changes.invariants();
        self.group_changes.invariants();
        self.logins.vouchers.invariants();
        self.web_push.invariants();
        self.mesh.invariants();
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
