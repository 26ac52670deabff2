//! The connections of this core: what is known of each, what it is owed, when something is due, how it ends.
//!
//! [`Connections`] owns them, and knows nothing of channels or users; what a connection hears is asked of the
//! fan-out that it is called with. The rest of this folder is what the shard does with them.

pub(super) mod admission;
pub(super) mod allowances;
pub(super) mod closing;
pub(super) mod connection;
pub(super) mod deadlines;
pub(super) mod drain;
pub(super) mod expect;
pub(super) mod input;
pub(super) mod leaving;
pub(super) mod making;
pub(super) mod outbox;
pub(super) mod pending;
pub(super) mod proxied;
pub(super) mod reserve;
pub(super) mod slots;
pub(super) mod timers;
pub(super) mod tokens;
pub(super) mod transmit;
pub(super) mod writes;

use crate::base::ids::ConnectionId;
use crate::base::limits::Limits;
use crate::base::slab::Slab;
use crate::base::time::Now;
use crate::base::wheel::Wheel;
use crate::metrics::words::CloseReason;
use crate::model::session::{Payer, Session};
use crate::protocol::websocket::deflate::Inflater;
use crate::shard::incidents::{IncidentKind, Incidents};
use crate::shard::{Output, Setup};
use admission::Admission;
use allowances::Allowances;
use connection::Connection;
use leaving::Leaves;
use making::Making;
use outbox::Spares;
use reserve::Reserve;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// All connections of one core, and what is to be done with them next.
pub(super) struct Connections {
    slab: Slab<Connection>,
    admission: Admission,
    reserve: Reserve,
    spares: Spares,
    /// When something is due for a connection.
    wheel: Wheel<ConnectionId>,
    /// When the end of a connection's credentials is looked at.
    tokens: Wheel<ConnectionId>,
    /// Connections of which the wheel said that something may be due, and that were not looked at yet.
    pub fired: VecDeque<ConnectionId>,
    /// Connections that are closed soon, in order.
    pub leaving: VecDeque<(ConnectionId, Leaves)>,
    /// Whose input is read next, and how much of it.
    pub allowances: Allowances,
    /// Whose long answers are made.
    pub making: Making,
    /// Held once by every file that is sent.
    pub files: Arc<()>,
    /// Connections that may have something of their own to write.
    ready: VecDeque<ConnectionId>,
    /// Sockets to pause, resume and close, in order.
    wishes: VecDeque<Output>,
    /// Inflates what came compressed, of one connection after the other.
    pub inflater: Inflater,
    /// What an operator may want to know of.
    pub incidents: Incidents,
}

impl Connections {
    /// None, at this moment of the monotonic clock, in microseconds.
    pub fn new(seed: u64, now_us: u64) -> Self {
        Self {
            slab: Slab::default(),
            admission: Admission::new(seed),
            reserve: Reserve::default(),
            spares: Spares::default(),
            wheel: Wheel::new(now_us),
            tokens: Wheel::new(now_us),
            fired: VecDeque::new(),
            leaving: VecDeque::new(),
            allowances: Allowances::default(),
            making: Making::default(),
            files: Arc::default(),
            ready: VecDeque::new(),
            wishes: VecDeque::new(),
            inflater: Inflater::default(),
            incidents: Incidents::default(),
        }
    }

    /// Adds a connection of an address, if its limits allow one more. A proxy that says for whom it speaks has none of its
    /// own.
    pub fn admit(&mut self, peer: IpAddr, setup: &Setup) -> Option<ConnectionId> {
        let proxied = setup.trusts(peer);
        let address = if proxied {
            self.admission.enter(peer)
        } else {
            self.admission.accept(peer, &setup.limits).ok()?
        };
        let mut connection = Connection::new(address);
        connection.flags.proxied = proxied;
        Some(self.slab.insert(connection))
    }

    /// Counts a proxy's connection for the client that it speaks for. False if that client has as many as may be.
    pub fn follow(&mut self, id: ConnectionId, client: IpAddr, limits: &Limits) -> bool {
        let Some(connection) = self.slab.get_mut(id) else { return true };
        let (unauthenticated, kept) = (connection.flags.unauthenticated, connection.kept_bytes);
        match self.admission.pass_on(connection.address, client, unauthenticated, kept, limits) {
            Ok(address) => {
                connection.address = address;
                true
            }
            Err(_) => false,
        }
    }

    /// An address of the host that a connection counts for; `None` where a proxy names nobody.
    pub fn address(&self, id: ConnectionId) -> Option<IpAddr> {
        let connection = self.slab.get(id)?;
        self.admission.address(connection.address).filter(|address| !address.is_unspecified())
    }

    /// Something happened to a connection that an operator may want to know of.
    pub fn note(&mut self, kind: IncidentKind, id: ConnectionId) {
        let address = self.address(id);
        self.incidents.add(kind, Some(id), address);
    }

    /// Whether all places for everybody are taken.
    pub fn is_full(&self, places: usize) -> bool {
        self.slab.len() - self.reserve.len() >= places
    }

    /// Gives a new connection a reserved place; says whose has to end for it.
    pub fn reserve(&mut self, id: ConnectionId) -> Option<ConnectionId> {
        self.reserve.give(id)
    }

    /// Whether a connection has a reserved place.
    pub fn is_reserved(&self, id: ConnectionId) -> bool {
        self.reserve.has(id)
    }

    /// Takes a connection out; its id is dead.
    pub fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.slab.remove(id)?;
        self.reserve.free(id);
        self.admission.keep(connection.address, connection.kept_bytes, 0);
        self.admission.gone(connection.address, connection.flags.unauthenticated);
        Some(connection)
    }

    /// A connection proved who it speaks for: it is no longer one that nobody vouches for.
    pub fn vouch(&mut self, id: ConnectionId) {
        let Some(connection) = self.slab.get_mut(id) else { return };
        if std::mem::take(&mut connection.flags.unauthenticated) {
            self.admission.authenticated(connection.address);
        }
    }

    /// A connection; `None` if it is gone.
    pub fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.slab.get(id)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.slab.get_mut(id)
    }

    /// All ids that are alive.
    pub fn ids(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.slab.ids()
    }

    /// The table, for whoever goes through it by place.
    pub fn table(&self) -> &Slab<Connection> {
        &self.slab
    }

    /// All connections.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> + '_ {
        self.slab.ids().filter_map(|id| self.slab.get(id))
    }

    /// Takes one command off a connection's quota; false if it is used up.
    pub fn take_quota(&mut self, now: Now, id: ConnectionId, per_second_max: u32) -> bool {
        self.slab.get_mut(id).is_some_and(|one| one.commands.take(now.monotonic_ms(), per_second_max))
    }

    /// Parses nothing more of a connection, and stops its socket.
    pub fn pause(&mut self, id: ConnectionId) {
        let Some(connection) = self.slab.get_mut(id) else { return };
        connection.flags.paused = true;
        self.stop(id);
    }

    /// Stops a socket: what is kept of it is read before it is read again.
    pub fn stop(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slab.get_mut(id)
            && !std::mem::replace(&mut connection.flags.stopped, true)
        {
            self.wishes.push_back(Output::Pause(id));
        }
    }

    /// Reads a socket again whose connection has no input that waits: nothing is kept of it that waits to be parsed, so what is
    /// kept never grows beyond what was on its way when the socket stopped.
    pub fn restart(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slab.get_mut(id)
            && !connection.holds_input()
            && std::mem::take(&mut connection.flags.stopped)
        {
            self.wishes.push_back(Output::Resume(id));
        }
    }

    /// Notes why a connection ends; the first reason counts.
    pub fn decide_end(&mut self, id: ConnectionId, why: CloseReason) {
        if let Some(connection) = self.slab.get_mut(id) {
            connection.why.get_or_insert(why);
        }
    }

    /// Wishes for the end of a socket, once. The connection lives until the wish is taken: the caller may hand in a
    /// new socket before it closes this one.
    pub fn wish_close(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slab.get_mut(id)
            && !std::mem::replace(&mut connection.flags.given_up, true)
        {
            self.wishes.push_back(Output::Close(id));
        }
    }

    /// The next wish about a connection that is alive.
    pub fn next_wish(&mut self) -> Option<Output> {
        while let Some(wish) = self.wishes.pop_front() {
            let (Output::Close(id) | Output::Pause(id) | Output::Resume(id)) = wish else { continue };
            if self.slab.get(id).is_some() {
                return Some(wish);
            }
        }
        None
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert_eq!(self.admission.total(), self.slab.len(), "every connection is admitted once");
        let kept: usize = self.iter().map(|connection| connection.kept_bytes as usize).sum();
        assert_eq!(self.admission.kept(), kept, "what is kept is counted");
        for connection in self.iter() {
            assert_eq!(connection.pending.is_some(), connection.in_flight() > 0, "no empty list is kept");
            connection.pending.iter().for_each(|pending| pending.invariants());
        }
    }
}

/// In whose account is what a connection takes of something that all share: its session's, or its host's where that has none.
pub(in crate::shard) fn account(connections: &Connections, id: ConnectionId, session: &Session) -> Arc<str> {
    let account = session.account();
    match connections.address(id) {
        Some(from) if account.is_empty() => Payer::host(from).name.into(),
        _ => account,
    }
}
