//! What follows damage in a segment: if a mark does, the damaged bytes were on disk once.

use super::{Entry, FRAME_BYTES, HEADER_BYTES, MARK, MARK_BYTES, decode::decode};

/// Looks for a whole mark in bytes that come in pieces, from any place in a segment on.
pub struct MarkFinder {
    segment: u64,
    /// Where in the file `pending` begins.
    base: u64,
    /// The end of what was pushed, in which a mark may begin.
    pending: Vec<u8>,
}

/// Bytes of a whole mark.
const WHOLE: usize = HEADER_BYTES + MARK_BYTES;

impl MarkFinder {
    /// Looks from a place in the file of a segment on.
    pub fn new(segment: u64, offset: u64) -> Self {
        Self { segment, base: offset, pending: Vec::new() }
    }

    /// More bytes; whether a mark is among those up to here. A mark says where it is, so bytes of clients that look
    /// like one are none.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        self.pending.extend_from_slice(bytes);
        let places = self.pending.len().saturating_sub(WHOLE - 1);
        let found = (0..places).any(|at| {
            let framed = &self.pending[at..at + WHOLE];
            framed[HEADER_BYTES..].starts_with(&MARK) && self.is_mark(framed, at as u64)
        });
        self.base += places as u64;
        self.pending.drain(..places);
        found
    }

    fn is_mark(&self, framed: &[u8], at: u64) -> bool {
        debug_assert!(framed.len() > FRAME_BYTES);
        let wanted = Entry::Synced { segment: self.segment, offset: self.base + at };
        matches!(decode(framed), Ok(Some((_, entry))) if entry == wanted)
    }
}
