//! What a shard wants done outside, and what comes back. The shard goes on meanwhile; whoever does an effect answers
//! with [`crate::shard::Shard::resolve`], once for each.

use super::long::{Decoded, Long};
use crate::auth::{PasswordHash, Secret};
use crate::model::people::file::FileJob;
use crate::model::people::recorder::{RecorderJob, RecorderRefusal};
use crate::model::settings::{Reloaded, SettingsCommand, SettingsInForce};
use crate::model::web_push::{Called, PushDelivery};
use crate::store::{Range, RangeRead, Span, Table, Write};
use std::sync::Arc;

/// Which effect of a shard; each is used once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EffectId(pub u64);

/// Something to be done outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Put these records on the disk, all or none; resolved when they are safe there. Writes of one shard are done and
    /// resolved in their order.
    Write(Vec<Write>),
    /// Delete what is in these spans, which nobody reads any more, then put these records on the disk. Resolved as
    /// `Write`, but if it fails, the spans may be empty all the same.
    Replace(Vec<Span>, Vec<Write>),
    /// Look these keys up. What this shard wrote before is found.
    Find(Table, Vec<Vec<u8>>),
    /// Check a password, which takes tens of milliseconds on a thread of its own.
    Verify {
        /// The password.
        password: Secret,
        /// What it must fit.
        hash: Arc<PasswordHash>,
    },
    /// Encrypt a message for a browser and hand it to its push service.
    Push(Box<PushDelivery>),
    /// Find out what long input asks for, which may take milliseconds, on a thread of its own.
    Decode(Arc<Long>),
    /// Read a part of a table. What this shard wrote before is in it.
    Read(Range),
    /// Copy all that is stored at one moment to a new file of this name beside the store. Writes go on meanwhile. One
    /// core of a node asks for it, and not again before it is resolved.
    Backup {
        /// A name without a path.
        file: String,
        /// Files of this kind that there may be then.
        count_max: u32,
    },
    /// Read the node's settings anew, or say which are in force. One core of a node asks for it.
    Settings(SettingsCommand),
    /// Have a call recorded, or no longer.
    Recorder(RecorderJob),
    /// Read or delete the file of a recording.
    File(FileJob),
}

/// What became of an effect.
#[derive(Clone, PartialEq, Debug)]
pub enum Resolution {
    /// To `Write` and `Replace`: all of it is on the disk.
    Stored,
    /// To `Read`.
    Found(RangeRead),
    /// To `Backup`: the copy is on the disk.
    BackedUp {
        /// Its length.
        bytes: u64,
    },
    /// To `Find`: the value of each key, in their order.
    Values(Vec<Option<Vec<u8>>>),
    /// To `Decode`: what it asks for.
    Decoded(Box<Decoded>),
    /// To `Verify`: whether it fits.
    Verified(bool),
    /// To `Push`: what came of the call.
    Called(Called),
    /// To `SettingsCommand::Reload`: what came of it, or every mistake in the configuration, which is not taken over then.
    Reloaded(Result<Reloaded, String>),
    /// To `SettingsCommand::Show`.
    SettingsShown(SettingsInForce),
    /// To `Recorder`: the bytes of a file that is closed, 0 if there is none.
    Recorder(Result<u64, RecorderRefusal>),
    /// To `File`: the bytes, fewer than were wanted where the file ends or is not there; none of one that is deleted.
    Piece(Vec<u8>),
    /// It was not done. A write that failed may still turn up if the process ends before the disk works again.
    Failed(Failure),
}

impl Resolution {
    /// Whether what was to be written is on the disk.
    ///
    /// # Errors
    /// It is not, as far as is known.
    pub(in crate::shard) fn stored(&self) -> Result<(), Failure> {
        match self {
            Self::Stored => Ok(()),
            Self::Failed(failure) => Err(*failure),
            // Nobody who writes asked for anything else.
            Self::Found(_)
            | Self::BackedUp { .. }
            | Self::Values(_)
            | Self::Verified(_)
            | Self::Called(_)
            | Self::Reloaded(_)
            | Self::SettingsShown(_)
            | Self::Recorder(_)
            | Self::Piece(_)
            | Self::Decoded(_) => Err(Failure::Broken),
        }
    }
}

/// Why an effect was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The disk, or the quota on it, is full.
    DiskFull,
    /// The file system can only be read.
    ReadOnly,
    /// There are as many backups as may be.
    TooManyBackups,
    /// Anything else; the operator's log says what.
    Broken,
}

impl Failure {
    /// The half of a sentence that says why.
    pub fn reason(self) -> &'static str {
        match self {
            Self::DiskFull => "the disk is full",
            Self::ReadOnly => "the disk can only be read",
            Self::TooManyBackups => {
                "there are as many as limits.backups_max allows, and old ones have to be moved away first"
            }
            Self::Broken => "the disk refuses it",
        }
    }
}
