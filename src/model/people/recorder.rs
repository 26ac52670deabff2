//! What a recorder and the core of a recorded call say to each other, again and again.

use super::UserId;
use super::signal::SignalKind;
use std::sync::Arc;

/// Bytes of an offer or answer that the recorder reads; that of a call of a hundred tracks has fewer.
pub const DESCRIPTION_BYTES_MAX: usize = 64 << 10;

/// A core to the recorder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecorderWord {
    /// Somebody talks from now on, or came once more.
    Came {
        /// Which recording.
        recording: Arc<str>,
        /// Who.
        user: UserId,
    },
    /// Somebody talks no longer.
    Left {
        /// Which recording.
        recording: Arc<str>,
        /// Who.
        user: UserId,
    },
    /// A person's program says something to the recorder.
    Signal {
        /// Which recording.
        recording: Arc<str>,
        /// Whose.
        from: UserId,
        /// Of which kind.
        kind: SignalKind,
        /// One JSON value.
        json: Box<str>,
    },
}

/// The recorder to the core of a recorded call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecorderNews {
    /// It says something to a person's program.
    Signal {
        /// Which recording.
        recording: Arc<str>,
        /// Whose.
        to: UserId,
        /// Of which kind.
        kind: SignalKind,
        /// One JSON value.
        json: Box<str>,
    },
    /// A recording is to end, which nobody asked for: it reached a bound, or the disk is full.
    Ended {
        /// Which recording.
        recording: Arc<str>,
    },
}

/// What a core has the recorder do, and waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecorderJob {
    /// Begin a recording, of nobody yet. All the recorder's recordings together stay within these bounds.
    Open {
        /// Its id.
        recording: Arc<str>,
        /// Who began it.
        by: UserId,
        /// What it may take.
        bounds: RecorderBounds,
    },
    /// End a recording. One that is over is no mistake.
    Close {
        /// Its id.
        recording: Arc<str>,
    },
    /// Delete the file of a recording.
    Forget {
        /// Its id.
        recording: Arc<str>,
    },
}

/// What recordings may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecorderBounds {
    /// Recordings that run, in the whole node.
    pub at_once_max: u32,
    /// Seconds of one.
    pub recording_s_max: u32,
    /// Bytes of one.
    pub recording_bytes_max: u64,
    /// Bytes of all that are kept; none begins beyond it.
    pub recordings_bytes_max: u64,
}

/// Why the recorder did not begin a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecorderRefusal {
    /// As many run as may.
    TooMany,
    /// Whoever began it has its share of those that run.
    TooManyOfYours,
    /// Those that are kept take as many bytes as may be.
    NoRoom,
    /// The disk, or the quota on it, is full.
    DiskFull,
    /// There is no file for it; the operator's log says why.
    Broken,
}
