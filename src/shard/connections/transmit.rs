//! Writing: what the kernel is offered, what it took, and what follows from that.

use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::metrics::words::CloseReason;
use crate::model::definition::SlowPolicy;
use crate::shard::connections::writes::Left;
use crate::shard::{Shard, Slices};

impl Shard {
    /// What to write next, borrowed from the rings; at least one byte after [`crate::shard::Output::Transmit`].
    pub fn transmit(&self, id: ConnectionId) -> Slices<'_> {
        self.connections.slices(id, &self.edge)
    }

    /// How many of the bytes of the last `transmit` the kernel took. Fewer than all of them means that the
    /// socket is full: the shard leaves it alone until `writable`.
    pub fn sent(&mut self, now: Now, id: ConnectionId, bytes: usize) {
        self.now = now;
        let Some(written) = self.connections.sent(id, bytes, &mut self.edge) else { return };
        self.counters.note_send(written.offered, bytes);
        if written.left == Left::Nothing {
            self.after_written(id);
        }
        self.settle();
    }

    /// The socket has room again.
    pub fn writable(&mut self, now: Now, id: ConnectionId) {
        self.now = now;
        self.connections.unblock(id);
    }

    /// Appends bytes that are for this connection alone.
    pub(in crate::shard) fn write(&mut self, id: ConnectionId, bytes: &[u8]) {
        let Some(connection) = self.connections.get(id) else { return };
        if bytes.is_empty() {
            return;
        }
        if connection.is_socket() && connection.outbox.len() >= self.setup.limits.outbox_bytes_max as usize {
            self.counters.note_slow(SlowPolicy::Disconnect);
            return self.give_up(id, CloseReason::Slow);
        }
        self.connections.write(id, bytes);
    }
}
