//! What a core and the history log say to each other.

use crate::broker::order::LogPart;
use crate::store::log::{Batch, Reached};

/// What a core says to the history log.
#[derive(PartialEq, Eq, Debug)]
pub enum LogMessage {
    /// All that was replayed is taken over; records may follow at once.
    Replayed {
        /// Bytes of the publications that are kept of it.
        live_bytes: u64,
    },
    /// Records, in order, and how far the checkpoint under way is with the last of them.
    Records(LogPart, Option<Reached>),
    /// All channels of this core have been handed over since the checkpoint of this number began.
    CheckpointThrough(u64),
    /// The resumption of this number was heard: what is said from here on is about a log that takes records.
    Resumed(u64),
}

/// What the history log says to a core.
#[derive(PartialEq, Eq, Debug)]
pub enum LogNews {
    /// Records of channels that are at home here, in order.
    Replayed(Batch),
    /// There are no more.
    ReplayedAll {
        /// The node before this one stopped and wrote everything.
        clean: bool,
        /// The greatest epoch that the log ever had.
        epoch: u64,
    },
    /// Every core has taken over what is its own: serve.
    Open,
    /// All records up to these numbers are written, and on disk. Numbers never fall.
    Moved {
        /// A crash of the process does not lose them.
        written: u64,
        /// A crash of the machine does not lose them either.
        synced: u64,
    },
    /// A checkpoint of this number has begun.
    Checkpoint(u64),
    /// The log has grown since a checkpoint of this number began, so that this many thousandths of all channels should be
    /// handed over by now.
    CheckpointDue(u64, u32),
    /// All records that were not said to be on disk are lost, and none will be taken until [`LogNews::Resume`].
    Failed,
    /// Records are taken again, after the core has said [`LogMessage::Resumed`] with this number. A checkpoint follows.
    Resume(u64),
}
