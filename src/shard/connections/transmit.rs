//! Output: what each socket is sent next.

use super::connection::Connection;
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::metrics::words::CloseReason;
use crate::model::definition::SlowPolicy;
use crate::protocol::websocket::writer::frame_bytes;
use crate::shard::{Output, PIECES_MAX, Shard, Slices};

impl Shard {
    /// What to write next, borrowed from the rings; at least one byte after [`Output::Transmit`].
    pub fn transmit(&self, id: ConnectionId) -> Slices<'_> {
        let mut slices = Slices::default();
        let Some(connection) = self.connections.get(id) else { return slices };
        slices.push(connection.outbox.pending());
        for subscription in &connection.subscriptions {
            let (first, second) = self.edge.stream(subscription.stream).run(subscription.place);
            if !slices.push(first) || !slices.push(second) {
                break;
            }
        }
        slices
    }

    /// How many of the bytes of the last `transmit` the kernel took. Fewer than all of them means that the
    /// socket is full: the shard leaves it alone until `writable`.
    pub fn sent(&mut self, now: Now, id: ConnectionId, bytes: usize) {
        self.now = now;
        let Some(connection) = self.connections.get_mut(id) else { return };
        let mut pieces = usize::from(!connection.outbox.is_empty());
        let mut offered = connection.outbox.len();
        let mut left = bytes - connection.outbox.consume(bytes);
        let mut torn = Vec::new();
        let mut more = false;
        for subscription in &connection.subscriptions {
            let (first, second) = self.edge.stream(subscription.stream).run(subscription.place);
            let run_pieces = usize::from(!first.is_empty()) + usize::from(!second.is_empty());
            if run_pieces == 0 {
                continue;
            }
            if pieces + run_pieces > PIECES_MAX {
                // Left for the next write. A run whose first piece was offered counts from its start again,
                // so its second piece is what is left.
                more = true;
                if pieces < PIECES_MAX {
                    offered += first.len();
                    left -= self.edge.sent(
                        subscription.stream,
                        subscription.place,
                        left.min(first.len()),
                        frame_bytes,
                        &mut torn,
                    );
                }
                break;
            }
            pieces += run_pieces;
            offered += first.len() + second.len();
            left -= self.edge.sent(subscription.stream, subscription.place, left, frame_bytes, &mut torn);
        }
        debug_assert_eq!(left, 0, "the kernel takes no more than it was offered");
        connection.outbox.write(&torn);
        self.counters.note_send(offered, bytes);
        if bytes < offered {
            connection.flags.blocked = true;
        } else if more || !torn.is_empty() {
            self.make_ready(id);
        } else {
            self.after_written(id);
        }
        self.settle();
    }

    /// The socket has room again.
    pub fn writable(&mut self, now: Now, id: ConnectionId) {
        self.now = now;
        if let Some(connection) = self.connections.get_mut(id) {
            connection.flags.blocked = false;
            self.make_ready(id);
        }
    }

    /// Appends bytes that are for this connection alone.
    pub(in crate::shard) fn write(&mut self, id: ConnectionId, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if bytes.is_empty() {
            return;
        }
        if connection.is_socket() && connection.outbox.len() >= self.setup.limits.outbox_bytes_max as usize {
            self.counters.note_slow(SlowPolicy::Disconnect);
            return self.give_up(id, CloseReason::Slow);
        }
        connection.outbox.write(bytes);
        self.make_ready(id);
    }

    /// Queues a connection for the next writes.
    pub(in crate::shard) fn make_ready(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id)
            && !connection.flags.queued
        {
            connection.flags.queued = true;
            self.ready.push_back(id);
        }
    }

    /// The connection to write to next: replies first, then the channels' subscribers in their turn.
    pub(in crate::shard) fn next_transmit(&mut self) -> Option<ConnectionId> {
        while let Some(id) = self.ready.pop_front() {
            let Some(connection) = self.connections.get_mut(id) else { continue };
            connection.flags.queued = false;
            if !connection.flags.blocked && self.has_output(id) {
                return Some(id);
            }
        }
        let connections = &self.connections;
        self.edge.next_transmit(|id| connections.get(id).is_some_and(|connection| !connection.flags.blocked))
    }

    pub(in crate::shard) fn has_output(&self, id: ConnectionId) -> bool {
        let pending = |connection: &Connection| {
            !connection.outbox.is_empty()
                || connection.subscriptions.iter().any(|one| self.edge.stream(one.stream).pending(one.place))
        };
        self.connections.get(id).is_some_and(pending)
    }

    /// Stops or restarts reading a socket.
    pub(in crate::shard) fn set_paused(&mut self, id: ConnectionId, paused: bool) {
        if let Some(connection) = self.connections.get_mut(id)
            && connection.flags.paused != paused
        {
            connection.flags.paused = paused;
            self.outputs.push_back(if paused { Output::Pause(id) } else { Output::Resume(id) });
        }
    }
}
