//! Meetings: people who are named one by one, and what they may do.

pub(super) mod changes;
pub(super) mod table;

pub use changes::{MeetingChange, MeetingChangeKind, PlacedMessage};
pub use table::{MeetingsPart, merge_meetings};
