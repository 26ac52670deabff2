//! What a home core says of itself, and what must always hold.

use super::Home;

/// Counts of one core, for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HomeState {
    /// Channels open.
    pub channels: u64,
    /// Users with a connection, homed here.
    pub online_users: u64,
    /// Publications that got an offset here, since the start.
    pub published: u64,
    /// Publishes that were answered from the memory of idempotency keys, since the start.
    pub duplicates: u64,
    /// Publications in all histories.
    pub history_publications: u64,
    /// Their archived bytes.
    pub history_bytes: u64,
    /// Bytes of memory that the histories take, with their channels.
    pub history_held_bytes: u64,
    /// Room records.
    pub rooms: u64,
    /// Profile records.
    pub profiles: u64,
    /// Idempotency keys remembered.
    pub idempotency_keys: u64,
    /// (channel, core) pairs with a gap.
    pub gaps: u64,
}

impl Home {
    /// The counts now. Costs nothing to ask.
    pub fn state(&self) -> HomeState {
        let (history_bytes, history_publications) = self.order.channels.history_totals();
        HomeState {
            channels: self.order.channels.len() as u64,
            online_users: self.users.online() as u64,
            published: self.order.published,
            duplicates: self.order.duplicates,
            history_publications: history_publications as u64,
            history_bytes: history_bytes as u64,
            history_held_bytes: self.order.channels.history_held_bytes() as u64,
            rooms: self.rooms.len() as u64,
            profiles: self.users.records() as u64,
            idempotency_keys: self.order.idempotency.len() as u64,
            gaps: self.order.congestion.gaps() as u64,
        }
    }

    /// Asserts what must always hold between calls. Looks at everything: for tests and the simulator.
    pub fn invariants(&self) {
        self.order.invariants();
        self.rooms.invariants();
        self.meetings.invariants();
        self.groups.invariants();
        self.users.invariants();
    }
}
