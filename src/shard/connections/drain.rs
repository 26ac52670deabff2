//! The process goes away: connections close spread over the drain time, so that clients do not all come back
//! at once somewhere else. Those whose clients try only once to come back close in the last moments, so that another node
//! may be there when they try.

use super::closing::CloseFrame;
use super::connection::Phase;
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::metrics::words::CloseReason;
use crate::shard::Shard;
use crate::shard::delivery::pacing;
use crate::shard::edge::Edge;
use crate::shard::people;

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
    told: bool,
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
    /// When its next step is due, monotonic microseconds.
    pub fn next_us(&self) -> u64 {
        self.next_us
    }
}

impl Shard {
    /// The process goes away: nothing is accepted any more, every connection closes within `over_ms`.
    /// [`crate::shard::Output::Drained`] follows when the last one is gone.
    pub fn drain(&mut self, now: Now, over_ms: u64) {
        self.begin_call(now);
        if self.edge.drain.is_some() {
            return;
        }
        let is_socket = |id: &ConnectionId| {
            self.edge.connections.get(*id).is_some_and(|connection| connection.is_socket())
        };
        let tries_once = |id: &ConnectionId| {
            let dialect = self.edge.connections.get(*id).and_then(|connection| connection.dialect());
            dialect.is_some_and(|dialect| dialect.returns_once)
        };
        let (last, first) = self.edge.connections.ids().filter(is_socket).partition(tries_once);
        let batch = |sockets, from_us| Batch { from_us, sockets, closed: 0 };
        let last_us = over_ms.saturating_sub(LAST_MS) * 1000;
        self.homes.drains = true;
        self.edge.drain = Some(Drain {
            started_us: now.monotonic_us,
            over_us: over_ms * 1000,
            next_us: now.monotonic_us,
            batches: [batch(first, 0), batch(last, last_us)],
            http_us: None,
            told: false,
        });
        pacing::release_all(&mut self.edge);
        people::end_recordings(self);
        self.edge.drain_step();
        self.settle();
    }

    /// Whether a drain has come to its end. True once: a core that has said so is idle, though its peers may
    /// still need it.
    pub(in crate::shard) fn drained(&mut self) -> bool {
        match &mut self.edge.drain {
            // A push service that is being called is waited for, so that how it answered is stored.
            Some(drain) if self.edge.connections.table().is_empty() && self.homes.web_push.is_quiet() => {
                !std::mem::replace(&mut drain.told, true)
            }
            _ => false,
        }
    }
}

impl Edge {
    /// Closes as many connections as are due by now.
    pub(in crate::shard) fn drain_step(&mut self) {
        let now_us = self.now.monotonic_us;
        let Some(drain) = &mut self.drain else { return };
        if now_us < drain.next_us {
            return;
        }
        drain.next_us = now_us + STEP_US;
        let elapsed = now_us - drain.started_us;
        let over_us = drain.over_us;
        let due = drain.batches.iter_mut().flat_map(|batch| batch.take_due(elapsed, over_us));
        let due: Vec<ConnectionId> = due.collect();
        if drain.batches.iter().all(Batch::is_over) && drain.http_us.is_none() {
            drain.http_us = Some(now_us + HTTP_GRACE_MS * 1000);
        }
        let http_due = drain.http_us.is_some_and(|http_us| http_us <= now_us);
        for id in due {
            self.close_socket(id, CloseFrame::RESTART);
        }
        if http_due {
            for id in self.connections.ids().collect::<Vec<_>>() {
                let idle = self.connections.get(id).is_some_and(|connection| {
                    matches!(connection.phase, Phase::Http(_))
                        && connection.in_flight() == 0
                        && connection.decoding_bytes == 0
                });
                if idle {
                    self.close_when_written(id, CloseReason::Drain);
                }
            }
        }
    }
}
