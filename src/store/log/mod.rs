//! The history log of a node: one sequence of records from all cores, in segments that are files.
//!
//! - Records of one core keep their order, so those of one channel do.
//! - A segment is begun when the one before it is complete and on disk. So damage in any but the last
//!   segment is damage; at the end of the last one it may be what was being written when the process ended.
//! - After each time the file was synced, a mark says so ([`Entry::Synced`]). Damage before a mark is damage of what was on disk; damage
//!   after the last mark is a torn tail and is cut off.
//! - A log whose last record is [`Entry::Clean`] is complete. After any other end, publications that were answered may be
//!   missing from channels that are not committed.
//! - When a write or a sync failed, the segment is cut back to where it was last synced, before the next one is begun. So
//!   a failure leaves no damage in the middle. Records are lost then, until a checkpoint stands for them.
//! - A checkpoint begins a segment and writes every channel's state into it, between the appends. When all of them
//!   are on disk, the segments before it go.

mod batch;
mod checkpoint;
mod decode;
mod encode;
mod needed;
mod progress;
mod segment;
mod tail;
mod version1;

pub use batch::Batch;
pub use checkpoint::{FoundLog, Size};
pub use decode::{Damage, Decoder};
pub use encode::encode;
pub use needed::Reached;
pub use progress::Progress;
pub use segment::{Segments, file_name, is_unfinished, unfinished_name};
pub use tail::MarkFinder;

use crate::model::record::RecordView;

/// Version of the format of records. A newer one is refused, an older one is read by the code for it.
pub const VERSION: u8 = 2;

/// Bytes before a record's body: length and checksum of what follows them, version, kind.
const HEADER_BYTES: usize = 10;

/// Bytes that the length does not count: itself and the checksum.
const FRAME_BYTES: usize = 8;

/// One record of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// The first record of a segment.
    Begin {
        /// The segment's number.
        segment: u64,
        /// No epoch in the segments before it is greater.
        epoch: u64,
        /// Bytes of the segment before it, so that it is noticed if some of them are gone; 0 if there was none.
        before: u64,
    },
    /// A change of what is kept.
    History(RecordView<'a>),
    /// All of the segment before this record is on disk.
    Synced {
        /// The segment's number.
        segment: u64,
        /// Where this record is in the segment's file, in bytes.
        offset: u64,
    },
    /// The node stopped and everything is written.
    Clean,
}

/// Kinds of records, as they are written.
mod kind {
    pub const BEGIN: u8 = 1;
    pub const SYNCED: u8 = 2;
    pub const CLEAN: u8 = 3;
    pub const APPEND: u8 = 4;
    pub const RING: u8 = 5;
    pub const ENDED: u8 = 6;
    pub const KEY: u8 = 7;
}

/// Begins the body of a mark, so that marks can be found behind damage.
const MARK: [u8; 8] = *b"\x89SYNCED\n";

/// Bytes of the body of a mark.
const MARK_BYTES: usize = 24;

#[cfg(test)]
mod tests;
