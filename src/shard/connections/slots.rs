//! Requests of connections that wait for an answer, and whether a connection may ask more.

use super::Connections;
use super::expect::Expect;
use super::pending::{Pending, Turn};
use crate::base::ids::ConnectionId;
use crate::base::limits::Limits;

/// Answers of a connection that are awaited or wait when a request for a long one comes; from as many on, it is not read
/// until that one is written.
const LONG_ANSWERS_MAX: usize = 4;

impl Connections {
    /// The requests of a connection that wait, if there are any.
    pub fn pending_mut(&mut self, id: ConnectionId) -> Option<&mut Pending> {
        self.slab.get_mut(id)?.pending.as_deref_mut()
    }

    /// Opens a slot for a request that is answered later; says its sequence.
    pub fn open_slot(&mut self, id: ConnectionId, expect: Expect) -> u32 {
        let connection = self.slab.get_mut(id).expect("the caller looked the connection up");
        connection.pending.get_or_insert_default().open(expect)
    }

    /// Reads nothing more of a connection until a request that was just opened is answered.
    pub fn hold_reading(&mut self, id: ConnectionId, sequence: u32) {
        if let Some(pending) = self.pending_mut(id) {
            pending.hold_reading(sequence);
        }
    }

    /// The answer to a request that was just opened may be long: few of them are awaited at a time, so that a connection
    /// makes a core keep little of what it does not read.
    pub fn hold_long(&mut self, id: ConnectionId, sequence: u32) {
        if let Some(pending) = self.pending_mut(id).filter(|pending| pending.len() >= LONG_ANSWERS_MAX) {
            pending.hold_reading(sequence);
        }
    }

    /// Leaves something until all before it is answered; nothing more is read until then.
    pub fn wait_turn(&mut self, id: ConnectionId, expect: Expect, turn: Turn) {
        if let Some(connection) = self.slab.get_mut(id) {
            connection.pending.get_or_insert_default().wait_turn(expect, turn);
        }
    }

    /// Whether a connection has so much to be answered or written that it is not read on. Reading starts again
    /// when half of it is gone.
    pub fn is_busy(&self, id: ConnectionId, limits: &Limits) -> bool {
        self.slab.get(id).is_some_and(|connection| {
            connection.holds_reading()
                || connection.in_flight() >= limits.requests_in_flight_max as usize
                || connection.outbox.len() >= limits.outbox_bytes_max as usize / 2
        })
    }

    /// Stops reading a connection that has asked for more than was answered and written. Whether it did.
    pub fn pause_if_busy(&mut self, id: ConnectionId, limits: &Limits) -> bool {
        let busy = self.is_busy(id, limits);
        if busy {
            self.pause(id);
        }
        busy
    }

    /// Whether a connection that is not read has caught up.
    pub fn may_resume(&self, id: ConnectionId, limits: &Limits) -> bool {
        self.slab.get(id).is_some_and(|connection| {
            connection.flags.paused
                && !connection.holds_reading()
                && connection.in_flight() <= limits.requests_in_flight_max as usize / 2
                && connection.outbox.len() <= limits.outbox_bytes_max as usize / 4
        })
    }
}

/// Whether the WebSocket that a request came by is at its end: it hears no answer any more, and is in nothing.
pub fn is_over(connections: &Connections, id: ConnectionId, expect: &Expect) -> bool {
    let is_socket = matches!(expect, Expect::Message { .. });
    connections.slab.get(id).is_none_or(|connection| is_socket && connection.is_closing())
}
