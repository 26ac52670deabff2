//! Writing: what the kernel is offered, what it took, and what follows from that.

use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::model::definition::SlowPolicy;
use crate::shard::connections::connection::Connection;
use crate::shard::connections::writes::Left;
use crate::shard::edge::Edge;
use crate::shard::{Shard, Slices};

/// A socket that nothing was written to yet may be owed so many times `outbox_bytes_max`: what comes in one turn is
/// told before anything is written.
const UNTRIED_FACTOR: usize = 4;

impl Shard {
    /// What to write next, borrowed from the rings; at least one byte after [`crate::shard::Output::Transmit`].
    #[inline(always)]
    pub fn transmit(&self, id: ConnectionId) -> Slices<'_> {
        self.edge.connections.slices(id, &self.edge.fanout)
    }

    /// How many of the bytes of the last `transmit` the kernel took. Fewer than all of them means that the
    /// socket is full: the shard leaves it alone until `writable`.
    pub fn sent(&mut self, now: Now, id: ConnectionId, bytes: usize) {
        self.begin_call(now);
        let Some(written) = self.edge.connections.sent(id, bytes, &mut self.edge.fanout) else { return };
        self.edge.counters.note_send(written.offered, bytes);
        if !written.awaited && !self.endings.has_work(&self.homes.home) {
            // The usual case, a publication that reached its subscriber: nothing follows from it.
            return;
        }
        if self.edge.connections.get(id).is_some_and(Connection::waits_for_room) {
            self.release_answers(id);
        }
        if written.left == Left::Nothing && !self.edge.end_if_finished(id) {
            self.edge.close_if_ended(id);
            self.resume_if_calm(id);
        }
        self.settle();
    }

    /// The socket has room again.
    pub fn writable(&mut self, now: Now, id: ConnectionId) {
        self.begin_call(now);
        self.edge.connections.unblock(id);
    }
}

impl Edge {
    /// Appends bytes that are for this connection alone.
    pub(in crate::shard) fn write(&mut self, id: ConnectionId, bytes: &[u8]) {
        if !bytes.is_empty() && may_owe_more(self, id) {
            self.connections.write(id, bytes);
        }
    }
}

/// Appends a long frame for this connection alone, and queues it. Nothing of the frame is copied.
pub(in crate::shard) fn write_long(edge: &mut Edge, id: ConnectionId, frame: Vec<u8>) {
    if may_owe_more(edge, id)
        && let Some(connection) = edge.connections.get_mut(id)
    {
        connection.outbox.write_long(frame);
        edge.connections.make_ready(id);
    }
}

/// Whether a connection may be owed more; one whose peer does not read is closed.
fn may_owe_more(edge: &mut Edge, id: ConnectionId) -> bool {
    let Some(connection) = edge.connections.get(id).filter(|connection| !connection.flags.silent) else {
        return false;
    };
    // Before the socket refused some, nobody knows that its peer does not read.
    let owed_max = edge.setup.limits.outbox_bytes_max as usize;
    let owed_max = if connection.flags.blocked { owed_max } else { owed_max.saturating_mul(UNTRIED_FACTOR) };
    let is_slow = connection.is_socket() && connection.outbox.len() >= owed_max;
    if is_slow {
        edge.counters.note_slow(SlowPolicy::Disconnect);
        edge.close_slow(id);
    }
    !is_slow
}
