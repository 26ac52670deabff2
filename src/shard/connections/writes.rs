//! What each socket is written next: the connection's own bytes, then the runs of the channels of which it owes.

use super::Connections;
use super::connection::Connection;
use super::outbox::Bytes;
use crate::base::ids::ConnectionId;
use crate::broker::fanout::Fanout;
use crate::shard::{PIECES_MAX, Slices, WRITE_BYTES_MAX};

/// What the kernel took of a write.
pub(in crate::shard) struct Written {
    /// Bytes that were offered.
    pub offered: usize,
    /// What that makes of the connection.
    pub left: Left,
    /// Whether something of the connection waits for its bytes to be written.
    pub awaited: bool,
}

/// What is left after a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) enum Left {
    /// The socket is full: nothing is written until it has room.
    Blocked,
    /// There is more to write at once.
    More,
    /// Nothing of what was offered.
    Nothing,
}

impl Connections {
    /// Appends bytes that are for this connection alone, and queues it.
    pub fn write(&mut self, id: ConnectionId, bytes: &[u8]) {
        if let Some(connection) = self.slab.get_mut(id) {
            let kind = if connection.is_socket() { Bytes::Frames } else { Bytes::Plain };
            connection.outbox.write(bytes, kind, &mut self.spares);
            self.make_ready(id);
        }
    }

    /// Queues a connection for the next writes.
    pub fn make_ready(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slab.get_mut(id)
            && !connection.flags.queued
        {
            connection.flags.queued = true;
            self.ready.push_back(id);
        }
    }

    /// The socket has room again.
    pub fn unblock(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slab.get_mut(id) {
            connection.flags.blocked = false;
            self.make_ready(id);
        }
    }

    /// The connection to write to next: replies first, then the channels' subscribers in their turn.
    pub fn next_transmit(&mut self, fanout: &mut Fanout) -> Option<ConnectionId> {
        while let Some(id) = self.ready.pop_front() {
            let Some(connection) = self.slab.get_mut(id) else { continue };
            connection.flags.queued = false;
            if !connection.takes_bytes() {
                continue;
            }
            fanout.look_ahead(id);
            if !connection.outbox.is_empty() || fanout.owes(id) {
                return Some(id);
            }
        }
        let slab = &self.slab;
        fanout.next_transmit(|id| slab.get(id).is_some_and(Connection::takes_bytes))
    }

    /// Whether no connection waits for its own bytes to be written.
    pub fn is_written(&self) -> bool {
        self.ready.is_empty()
    }

    /// What to write next, borrowed from the outbox and the rings. Made where it is used: moving it costs more than it.
    #[inline(always)]
    pub fn slices<'a>(&'a self, id: ConnectionId, fanout: &'a Fanout) -> Slices<'a> {
        let mut slices = Slices::default();
        if let Some(connection) = self.slab.get(id) {
            pieces(id, connection, fanout, |piece| slices.push(piece));
        }
        slices
    }

    /// Notes how many bytes of the last [`Connections::slices`] the kernel took.
    pub fn sent(&mut self, id: ConnectionId, bytes: usize, fanout: &mut Fanout) -> Option<Written> {
        let connection = self.slab.get_mut(id)?;
        connection.unheard_bytes =
            connection.unheard_bytes.saturating_add(bytes.try_into().unwrap_or(u32::MAX));
        let awaited = connection.awaits_writes();
        if connection.outbox.is_empty() && fanout.sent_whole(id, bytes) {
            // The usual case: a run of one channel, and all of it.
            return Some(Written { offered: bytes, left: Left::Nothing, awaited });
        }
        let offered = offered(id, connection, fanout);
        let own = connection.outbox.consume(bytes, &mut self.spares);
        let mut torn = Vec::new();
        let more = fanout.sent(id, bytes - own, &mut torn);
        if !torn.is_empty() {
            connection.outbox.write(&torn, Bytes::Rest, &mut self.spares);
        }
        let left = match () {
            () if bytes < offered => Left::Blocked,
            () if more || !connection.outbox.is_empty() => Left::More,
            () => Left::Nothing,
        };
        match left {
            Left::Blocked => connection.flags.blocked = true,
            Left::More => self.make_ready(id),
            Left::Nothing => {}
        }
        Some(Written { offered, left, awaited })
    }
}

/// Hands over what is to be written next, piece by piece, until it is enough for one write or `take` has no place for more.
fn pieces<'a>(
    id: ConnectionId,
    connection: &'a Connection,
    fanout: &'a Fanout,
    mut take: impl FnMut(&'a [u8]) -> bool,
) {
    let mut room_bytes = WRITE_BYTES_MAX;
    let mut take = |piece: &'a [u8]| {
        let some = &piece[..piece.len().min(room_bytes)];
        room_bytes -= some.len();
        take(some) && room_bytes > 0
    };
    if connection.outbox.pieces(&mut take) {
        fanout.runs(id, take);
    }
}

/// Bytes that were offered: of the pieces for which there was a place.
fn offered(id: ConnectionId, connection: &Connection, fanout: &Fanout) -> usize {
    let (mut bytes, mut places) = (0, PIECES_MAX);
    pieces(id, connection, fanout, |piece| {
        if piece.is_empty() {
            return true;
        }
        let has_place = places > 0;
        if has_place {
            bytes += piece.len();
            places -= 1;
        }
        has_place
    });
    bytes
}
