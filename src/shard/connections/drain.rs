//! The process goes away: connections close spread over the drain time, so that clients do not all come back
//! at once somewhere else.

use super::closing::CloseFrame;
use super::connection::Phase;
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::metrics::words::CloseReason;
use crate::shard::Shard;

/// Microseconds between two steps.
const STEP_US: u64 = 50_000;

/// Milliseconds that idle HTTP connections are kept after the last WebSocket, so that a health check that keeps
/// its connection sees that the node is not ready.
const HTTP_GRACE_MS: u64 = 500;

/// A drain under way.
pub(in crate::shard) struct Drain {
    started_us: u64,
    over_us: u64,
    next_us: u64,
    /// WebSockets at the start, in the order in which they close.
    sockets: Vec<ConnectionId>,
    closed: usize,
    /// When idle HTTP connections close; set when the last WebSocket was closed.
    http_us: Option<u64>,
    /// [`crate::shard::Output::Drained`] was given.
    told: bool,
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
        self.now = now;
        if self.drain.is_some() {
            return;
        }
        let is_socket =
            |id: &ConnectionId| self.connections.get(*id).is_some_and(|connection| connection.is_socket());
        self.drain = Some(Drain {
            started_us: now.monotonic_us,
            over_us: over_ms * 1000,
            next_us: now.monotonic_us,
            sockets: self.connections.ids().filter(is_socket).collect(),
            closed: 0,
            http_us: None,
            told: false,
        });
        self.drain_step();
        self.settle();
    }

    /// Closes as many connections as are due by now.
    pub(in crate::shard) fn drain_step(&mut self) {
        let now_us = self.now.monotonic_us;
        let Some(drain) = &mut self.drain else { return };
        if now_us < drain.next_us {
            return;
        }
        drain.next_us = now_us + STEP_US;
        let elapsed = now_us - drain.started_us;
        let total = drain.sockets.len() as u64;
        // Some are closed at once and the last a step before the end.
        let due =
            ((elapsed + STEP_US) * total).div_ceil(drain.over_us.saturating_sub(STEP_US).max(1)).min(total);
        let batch: Vec<ConnectionId> =
            drain.sockets[drain.closed..].iter().copied().take(due as usize - drain.closed).collect();
        drain.closed = due as usize;
        if due == total && drain.http_us.is_none() {
            drain.http_us = Some(now_us + HTTP_GRACE_MS * 1000);
        }
        let http_due = drain.http_us.is_some_and(|http_us| http_us <= now_us);
        for id in batch {
            self.close_socket(id, CloseFrame::RESTART);
        }
        if http_due {
            for id in self.connections.ids().collect::<Vec<_>>() {
                let idle = self.connections.get(id).is_some_and(|connection| {
                    matches!(connection.phase, Phase::Http(_)) && connection.in_flight() == 0
                });
                if idle {
                    self.close_when_written(id, CloseReason::Drain);
                }
            }
        }
    }

    /// Whether a drain has come to its end. True once: a core that has said so is idle, though its peers may
    /// still need it.
    pub(in crate::shard) fn drained(&mut self) -> bool {
        match &mut self.drain {
            // What is called meanwhile has its end before the process has.
            Some(drain) if self.connections.is_empty() && self.web_push.is_quiet() => {
                !std::mem::replace(&mut drain.told, true)
            }
            _ => false,
        }
    }
}
