//! The process goes away: connections close spread over the drain time, so that clients do not all come back
//! at once somewhere else. Those whose clients try only once to come back close in the last moments, so that another node
//! may be there when they try.

use crate::base::ids::ConnectionId;

/// Microseconds between two steps.
const STEP_US: u64 = 50_000;

/// Milliseconds that idle HTTP connections are kept after the last WebSocket, so that a health check that keeps
/// its connection sees that the node is not ready.
const HTTP_GRACE_MS: u64 = 500;

/// Milliseconds before the end in which sockets close whose clients try once to come back.
const LAST_MS: u64 = 2_000;

/// A drain under way.
pub(in crate::shard) struct Drain {
    started_us: u64,
    over_us: u64,
    next_us: u64,
    /// WebSockets at the start: first those whose clients come back, then those that try once.
    batches: [Batch; 2],
    /// When idle HTTP connections close; set when the last WebSocket was closed.
    http_us: Option<u64>,
    /// [`crate::shard::Output::Drained`] was given.
    pub told: bool,
}

/// WebSockets that close one after the other.
struct Batch {
    /// Microseconds from the start of the drain to that of its own.
    from_us: u64,
    /// In the order in which they close.
    sockets: Vec<ConnectionId>,
    closed: usize,
}

impl Batch {
    /// Those that are due by now and not closed yet.
    fn take_due(&mut self, elapsed_us: u64, over_us: u64) -> Vec<ConnectionId> {
        let Some(elapsed_us) = elapsed_us.checked_sub(self.from_us) else { return Vec::new() };
        let (total, span_us) = (self.sockets.len() as u64, over_us.saturating_sub(self.from_us));
        // Some are closed at once and the last a step before the end.
        let due = ((elapsed_us + STEP_US) * total).div_ceil(span_us.saturating_sub(STEP_US).max(1));
        let due = due.min(total) as usize;
        let batch = self.sockets[self.closed..due].to_vec();
        self.closed = due;
        batch
    }

    fn is_over(&self) -> bool {
        self.closed == self.sockets.len()
    }
}

impl Drain {
    /// A drain that begins, of these sockets: those whose clients come back, and those whose clients try that once.
    pub fn new(now_us: u64, over_ms: u64, first: Vec<ConnectionId>, last: Vec<ConnectionId>) -> Self {
        let batch = |sockets, from_us| Batch { from_us, sockets, closed: 0 };
        Self {
            started_us: now_us,
            over_us: over_ms * 1000,
            next_us: now_us,
            batches: [batch(first, 0), batch(last, over_ms.saturating_sub(LAST_MS) * 1000)],
            http_us: None,
            told: false,
        }
    }

    /// When its next step is due, monotonic microseconds.
    pub fn next_us(&self) -> u64 {
        self.next_us
    }

    /// A step, if one is due: the sockets that close, and whether idle HTTP connections do.
    pub fn step(&mut self, now_us: u64) -> Option<(Vec<ConnectionId>, bool)> {
        if now_us < self.next_us {
            return None;
        }
        self.next_us = now_us + STEP_US;
        let (elapsed_us, over_us) = (now_us - self.started_us, self.over_us);
        let due = self.batches.iter_mut().flat_map(|batch| batch.take_due(elapsed_us, over_us)).collect();
        if self.batches.iter().all(Batch::is_over) && self.http_us.is_none() {
            self.http_us = Some(now_us + HTTP_GRACE_MS * 1000);
        }
        Some((due, self.http_us.is_some_and(|http_us| http_us <= now_us)))
    }
}
