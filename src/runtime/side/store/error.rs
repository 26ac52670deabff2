//! Why the store could not be opened, each with what to do about it.

use crate::store::RecordError;
use std::path::PathBuf;
use thiserror::Error;

/// Why the store could not be opened.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file is another process's.
    #[error("the store {0} is open in another process; stop that one")]
    InUse(PathBuf),
    /// The file is not what was written.
    #[error(
        "the store {path} is damaged ({reason}); restore a backup of it, or move it away to start without the \
         definitions and rooms in it"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is of another program or of another version of the database.
    #[error(
        "the store {path} has file format {version}, which this corecast does not read: start the version that wrote it"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u8,
    },
    /// There is less than there was.
    #[error(
        "the store {path} lacks the last {missing} of {written} changes that were answered: it is damaged, emptied, or an older copy. Put \
         a newer copy in its place; or, to go on with what is in it, remove {last} and start again"
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// Changes that are not there.
        missing: u64,
        /// All of them.
        written: u64,
        /// What remembers them.
        last: PathBuf,
    },
    /// There are records of a kind that this program does not have.
    #[error(
        "the store {path} has records in the table \"{table}\", which this corecast does not know: another version has used this \
         file; start that one, or restore a backup from before it"
    )]
    UnknownTable {
        /// The file.
        path: PathBuf,
        /// Where they are.
        table: String,
    },
    /// A record in it cannot be used.
    #[error("in the store {path}, {source}")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The file cannot be made, read or written.
    #[error("the store {path} cannot be used: {reason}; check the disk and the rights of its directory")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the machine said.
        reason: String,
    },
}
