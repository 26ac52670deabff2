//! Answers that are long to make: some of one at a time, and one answer after the other, so that no call is long and not
//! many stand half made.

use super::Connections;
use crate::base::ids::ConnectionId;
use crate::base::limits::Limits;
use std::collections::VecDeque;

/// Connections whose next answer is long, in turn; that of the first is being made.
#[derive(Default)]
pub(in crate::shard) struct Making(VecDeque<ConnectionId>);

impl Making {
    /// Whether some more may be made for a connection.
    pub fn admits(&self, id: ConnectionId) -> bool {
        self.0.front().is_none_or(|first| *first == id)
    }

    /// The answer of a connection has its turn after the others.
    pub fn wait(&mut self, id: ConnectionId) {
        self.0.push_back(id);
    }

    /// Whose answer is made next.
    pub fn first(&self) -> Option<ConnectionId> {
        self.0.front().copied()
    }

    /// The answer of a connection is made, if that was what is being made.
    pub fn end(&mut self, id: ConnectionId) {
        if self.first() == Some(id) {
            self.0.pop_front();
        }
    }
}

/// Lets the next one have its turn if the first is gone, or if its answer has to wait until there is room for it.
pub(in crate::shard) fn pass_on(connections: &mut Connections, id: ConnectionId, limits: &Limits) {
    if connections.making.first() != Some(id) {
        return;
    }
    let connection = connections.slab.get_mut(id);
    let has_room = connection.as_ref().is_some_and(|connection| connection.has_room(limits));
    let made = connection.and_then(|connection| connection.pending.as_mut()?.made());
    match made {
        Some(made) if made.waits && has_room => {}
        made => {
            made.into_iter().for_each(|made| made.waits = false);
            connections.making.end(id);
        }
    }
}
