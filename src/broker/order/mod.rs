//! The order of the channels homed on a core: their places, their histories, who is to be told and what of it waits for
//! the disk.

pub(super) mod channel;
pub(super) mod channels;
pub(super) mod congestion;
pub(super) mod effect;
pub(super) mod epochs;
pub(super) mod heal;
pub(super) mod history;
pub(super) mod idempotency;
pub(super) mod log;
pub(super) mod members;
pub(super) mod messages;
pub(super) mod publish;
pub(super) mod retention;
pub(super) mod shares;
pub(super) mod subscribe;

pub use log::staged::LogPart;
