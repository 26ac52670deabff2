//! Floor 2: what is kept over a restart, as bytes. Formats, their versions, and what a write consists of; no I/O and
//! no rule. `runtime/side/store` puts the bytes on the disk.
//!
//! Stored forms are types of their own, so that a change of the model is never a silent change of what is on disks.

pub mod counters;
pub mod definitions;
pub mod devices;
pub mod format;
pub mod groups;
pub mod known_addresses;
pub mod lines;
pub mod log;
pub mod logouts;
pub mod meetings;
mod range;
pub mod recordings;
pub mod revocations;
pub mod rooms;
mod stored;
pub mod web_push;
mod write;

/// Begins the name of a backup's file.
pub const BACKUP_PREFIX: &str = "backup-";
/// Ends it.
pub const BACKUP_SUFFIX: &str = ".redb";

pub use counters::probe;
pub use format::RecordError;
pub use range::{Range, RangeRead};
pub use stored::Stored;
pub use write::{Span, StoreRecord, Table, Write};
