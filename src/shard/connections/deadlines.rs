//! What is due for a connection, and when.

use super::Connections;
use super::connection::Due;
use crate::base::ids::ConnectionId;
use crate::base::time::{Now, earliest};

impl Connections {
    /// Sets what happens to a connection, and in how many milliseconds.
    pub fn set_deadline(&mut self, now: Now, id: ConnectionId, due: Due, in_ms: u64) {
        let Some(connection) = self.slab.get_mut(id) else { return };
        connection.due = due;
        connection.deadline_ms = now.monotonic_ms() + in_ms;
        let deadline_us = connection.deadline_ms * 1000;
        // An entry that fires too early is set again then; so a connection has one live entry as a rule.
        if deadline_us < connection.wheel_us {
            connection.wheel_us = deadline_us;
            self.wheel.schedule(id, deadline_us);
        }
    }

    /// Asks the wheels for which connections something may be due.
    pub fn advance(&mut self, now: Now) {
        let mut fired = Vec::new();
        self.tokens.advance(now.monotonic_us, &mut fired);
        self.wheel.advance(now.monotonic_us, &mut fired);
        self.fired.extend(fired);
    }

    /// What is due for a connection that fired, if its time has come; if not, it fires again then.
    pub fn take_due(&mut self, now: Now, id: ConnectionId) -> Option<Due> {
        let connection = self.slab.get_mut(id)?;
        if connection.wheel_us > now.monotonic_us {
            return None;
        }
        if connection.deadline_ms > now.monotonic_ms() {
            connection.wheel_us = connection.deadline_ms * 1000;
            self.wheel.schedule(id, connection.wheel_us);
            return None;
        }
        connection.wheel_us = u64::MAX;
        Some(connection.due)
    }

    /// Looks at the credentials of a connection in so many milliseconds, or before.
    pub fn watch(&mut self, now: Now, id: ConnectionId, in_ms: u64) {
        let Some(connection) = self.slab.get_mut(id) else { return };
        let at_us = now.monotonic_us.saturating_add(in_ms.saturating_mul(1000));
        let at_s = second(at_us);
        // One entry at most is alive, however often credentials are renewed: one that comes too early is set again.
        if at_s < connection.watched_s {
            connection.watched_s = at_s;
            self.tokens.schedule(id, at_us);
        }
    }

    /// Whether the credentials of a connection that fired are to be looked at; if not, they are when it fires again.
    pub fn take_watched(&mut self, now: Now, id: ConnectionId) -> bool {
        let Some(connection) = self.slab.get_mut(id) else { return false };
        let is_due = connection.watched_s <= second(now.monotonic_us);
        if is_due {
            connection.watched_s = u32::MAX;
        }
        is_due
    }

    /// When something is due next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        earliest([self.wheel.next_us(), self.tokens.next_us()])
    }
}

/// The second of the monotonic clock in which a moment lies.
fn second(us: u64) -> u32 {
    u32::try_from(us / 1_000_000).unwrap_or(u32::MAX - 1)
}
