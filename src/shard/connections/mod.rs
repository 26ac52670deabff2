//! The connections of this core: what is known of each, what it is owed, when something is due, how it ends.

pub(super) mod admission;
pub(super) mod closing;
pub(super) mod connection;
pub(super) mod drain;
pub(super) mod expect;
pub(super) mod outbox;
pub(super) mod pending;
pub(super) mod timers;
pub(super) mod transmit;
