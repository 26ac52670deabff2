//! Places beyond the bound of connections, for whoever asks how the node is or runs it: a node that is full still says so.
//!
//! Nobody can tell who it is before it has asked something. So each one that comes gets such a place, for as long as no later
//! one needs it, and is refused if it asks for anything else. Whoever holds places in silence loses them to the next.

use crate::base::ids::ConnectionId;
use crate::model::fault::{Fault, FaultCode};
use std::collections::VecDeque;

/// Places of one core.
const RESERVED_PLACES: usize = 8;

/// Sockets of one core besides its connections: those in reserved places, and as many again that are on their way out.
pub const BESIDES_CONNECTIONS: usize = 2 * RESERVED_PLACES;

/// Who has a reserved place, oldest first.
#[derive(Default)]
pub struct Reserve(VecDeque<ConnectionId>);

impl Reserve {
    /// Places that are taken.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a connection has one.
    pub fn has(&self, id: ConnectionId) -> bool {
        self.0.contains(&id)
    }

    /// Gives one to a connection; says who must go for it.
    pub fn give(&mut self, id: ConnectionId) -> Option<ConnectionId> {
        let gone = if self.0.len() >= RESERVED_PLACES { self.0.pop_front() } else { None };
        self.0.push_back(id);
        gone
    }

    /// A connection is gone.
    pub fn free(&mut self, id: ConnectionId) {
        self.0.retain(|other| *other != id);
    }
}

/// The answer to whoever has a reserved place and asks for what is not the node's own.
pub fn full() -> Fault {
    Fault::new(
        FaultCode::Overloaded,
        "this node has as many connections as it can hold; try again shortly, or another node",
    )
}
