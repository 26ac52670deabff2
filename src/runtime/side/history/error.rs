//! Why a history log cannot be read or begun, each with what to do about it.

use crate::store::log::Damage;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a history log cannot be read or begun.
#[derive(Debug, Error)]
pub enum LogError {
    /// A file or the directory cannot be used.
    #[error("the history log cannot {what} {path}: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },

    /// Bytes that were on disk are not what they were.
    #[error(
        "the history log is damaged: {path} has no good record at byte {offset} ({damage:?}), and what follows was on disk. \
         Restore the file from a backup; or, to give up all that follows, move the files after it away and run: \
         truncate -s {offset} '{path}'"
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        damage: Damage,
    },

    /// A newer version wrote it.
    #[error("{path} was written by a newer version of this program (format {version}); run that version")]
    Newer {
        /// The segment.
        path: PathBuf,
        /// Of the format.
        version: u8,
    },

    /// A file is gone.
    #[error(
        "the history log is not whole: {path} is missing between others. Restore it from a backup; or, to give up all that was \
         before it, move the files before it away"
    )]
    Missing {
        /// The segment.
        path: PathBuf,
    },

    /// There is less than there was.
    #[error(
        "the history log lacks what was on disk: {path} had {bytes} bytes that were answered for, and is gone or shorter. Restore it \
         from a backup; or, to go on with what is there, remove {last} and start again"
    )]
    Lost {
        /// The segment.
        path: PathBuf,
        /// What it had, bytes.
        bytes: u64,
        /// What remembers it.
        last: PathBuf,
    },

    /// What is written is not found again.
    #[error(
        "{path} was removed or moved away while it was in use, so what is written is lost at the next start. Put the data \
         directory back, or stop the node and start it with one that is there"
    )]
    Gone {
        /// The segment.
        path: PathBuf,
    },

    /// The run ended while the log was being read.
    #[error("the node was stopped while it read the history log")]
    Stopped,
}

/// A fault of a file.
pub(super) fn file_error(what: &'static str, path: &Path, source: io::Error) -> LogError {
    LogError::File { what, path: path.to_owned(), source }
}
