//! Everything that is stored as lines of JSON, for people and other programs: what `corecast export` writes and
//! `corecast import` reads. The first line says the form, the last one how many there are, and each other one is a
//! record; the messages of a meeting follow it, in their order. A line at a time is in memory.

mod definitions;
mod devices;
mod export;
mod groups;
mod import;
mod meetings;
mod recordings;
mod rooms;
mod web_push;

pub use export::{Damage, Export};
pub use import::{Import, Imported, LineError};

use definitions::DefinitionLine;
use devices::DeviceLine;
use groups::GroupLine;
use meetings::{MeetingLine, MessageLine};
use recordings::RecordingLine;
use rooms::RoomLine;
use serde::{Deserialize, Serialize};
use web_push::PushSubscriptionLine;

/// The form that is written.
const FORM: u32 = 1;

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    CorecastExport(u32),
    LastDefinitionId(u64),
    Definition(DefinitionLine),
    Room(RoomLine),
    Group(GroupLine),
    Logout(LogoutLine),
    Revocation(RevocationLine),
    Device(DeviceLine),
    Recording(RecordingLine),
    PushSubscription(PushSubscriptionLine),
    Meeting(MeetingLine),
    Message(MessageLine),
    /// The number of lines before it, so that a file that was cut is not taken for whole.
    End(u64),
}

/// A session that was ended before its time.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogoutLine {
    /// 32 hexadecimal digits.
    session: String,
    until_unix_s: u64,
}

/// What a user was given up to a second holds no longer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevocationLine {
    user: String,
    until_unix_s: u64,
}

#[cfg(test)]
pub(super) mod tests;
