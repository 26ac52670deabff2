//! What a shard wants done.

use super::effects::{Effect, EffectId};
use crate::base::ids::ConnectionId;

/// One wish, drained by [`super::Shard::poll`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Write [`super::Shard::transmit`] to this connection's socket and report [`super::Shard::sent`].
    Transmit(ConnectionId),
    /// Stop reading this connection's socket. Bytes that were already read may still be handed in.
    Pause(ConnectionId),
    /// Read it again.
    Resume(ConnectionId),
    /// All that is owed is written; end the socket gracefully. The id is dead: no call may name it again.
    Close(ConnectionId),
    /// Do this outside and report [`super::Shard::resolve`].
    Effect(EffectId, Effect),
    /// Nothing else is to be done, but work was left for later: call [`super::Shard::work`].
    Work,
    /// After `drain`: the last connection is gone. Given once.
    Drained,
    /// Nothing to do until something arrives or this moment of the monotonic clock, in microseconds.
    Idle {
        /// When to call [`super::Shard::timeout`]; `None` would be never, but there is always housekeeping.
        deadline_us: Option<u64>,
    },
}

/// Pieces in one write. Eight covers a reply and the runs of several channels; the rest follows in the next.
pub const PIECES_MAX: usize = 8;

/// Bytes of one write at most: to copy or to encrypt so many takes some 100 us, and whatever is owed beyond them waits until
/// others had their turn.
pub const WRITE_BYTES_MAX: usize = 256 << 10;

/// What goes to one socket in one write: borrowed pieces in order.
#[derive(Clone, Copy, Default)]
pub struct Slices<'a> {
    pieces: [&'a [u8]; PIECES_MAX],
    count: usize,
}

impl<'a> Slices<'a> {
    /// Adds a piece; empty ones are left out. False if there is no place for it.
    pub fn push(&mut self, piece: &'a [u8]) -> bool {
        if piece.is_empty() {
            return true;
        }
        if self.count == PIECES_MAX {
            return false;
        }
        self.pieces[self.count] = piece;
        self.count += 1;
        true
    }

    /// The pieces in order.
    pub fn pieces(&self) -> &[&'a [u8]] {
        &self.pieces[..self.count]
    }

    /// Bytes in all pieces.
    pub fn bytes(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }
}
