//! Deadlines of connections and the housekeeping of the core.

use super::closing::CloseFrame;
use super::connection::{Due, Phase};
use super::drain::Drain;
use super::leaving::{counting, may_end};
use crate::base::ids::ConnectionId;
use crate::base::time::earliest;
use crate::metrics::words::CloseReason;
use crate::protocol::http::Refusal;
use crate::protocol::websocket::{Opcode, write_frame};
use crate::shard::Shard;
use crate::shard::edge::Edge;
use crate::shard::people::{PeopleSide, tend_recordings};

/// Microseconds between two housekeepings.
const HOUSEKEEPING_US: u64 = 1_000_000;

/// Deadlines of connections that one call looks at: some hundred microseconds where each ends one.
const DEADLINES_MAX: usize = 64;

/// Steps in which rings are looked at in one housekeeping: one or two milliseconds if all give their memory back.
const SWEEP_STEPS_MAX: usize = 8_192;

impl Edge {
    /// Does what is due, for some connections and while there are steps; the rest of them is due next.
    pub(in crate::shard) fn fire_deadlines(&mut self, steps: &mut usize) {
        self.connections.advance(self.now);
        for _ in 0..DEADLINES_MAX {
            if !may_end(self, *steps) {
                return;
            }
            let Some(id) = self.connections.fired.pop_front() else { return };
            counting(self, id, steps, |edge| {
                if edge.connections.take_watched(edge.now, id) {
                    edge.judge_token(id);
                }
                if let Some(due) = edge.connections.take_due(edge.now, id) {
                    edge.fire(id, due);
                }
            });
        }
    }

    fn fire(&mut self, id: ConnectionId, due: Due) {
        match due {
            // Requests that this node has yet to answer keep the connection; an answer that waits for its reader does not.
            Due::KeepAlive
                if self
                    .connections
                    .get(id)
                    .is_some_and(|one| one.in_flight() > 0 && !one.waits_for_room()) =>
            {
                let ms = u64::from(self.setup.limits.keep_alive_ms_max);
                self.connections.set_deadline(self.now, id, Due::KeepAlive, ms);
            }
            Due::KeepAlive | Due::Pong | Due::Closed if self.earns_time(id, due) => {}
            Due::KeepAlive => self.close_when_written(id, CloseReason::Timeout),
            Due::Header => self.time_out(id, "the request head did not come in time"),
            Due::Body => self.time_out(id, "the request body did not come in time"),
            Due::Ping => self.ping(id),
            Due::Pong => self.close_socket(id, CloseFrame::PING_TIMEOUT),
            Due::Closed => self.give_up(id, CloseReason::Timeout),
        }
    }

    /// Puts a deadline off for a peer that reads what it is owed, or whose silence is this node's: it is not read while
    /// an answer to it is awaited. Whether it did.
    fn earns_time(&mut self, id: ConnectionId, due: Due) -> bool {
        let Some(connection) = self.connections.get_mut(id) else { return false };
        if due == Due::KeepAlive && connection.outbox.is_empty() {
            return false;
        }
        let ms = connection.earn_ms(self.setup.limits.peer_bytes_per_second_min);
        let is_ours = due == Due::Pong && connection.holds_input() && !connection.flags.blocked;
        match (ms, is_ours) {
            (0, true) => self.connections.set_deadline(self.now, id, Due::Ping, self.setup.ping_interval_ms),
            (0, false) => return false,
            (ms, _) => self.connections.set_deadline(self.now, id, due, ms),
        }
        true
    }

    fn time_out(&mut self, id: ConnectionId, reason: &'static str) {
        let partial = match self.connections.get(id).map(|connection| &connection.phase) {
            // Who never said anything expects no answer: browsers open connections before they need them.
            Some(Phase::Http(reader)) if reader.is_idle() => {
                return self.close_when_written(id, CloseReason::Timeout);
            }
            Some(Phase::Http(reader)) => reader.partial_head(),
            _ => None,
        };
        self.refuse(id, &Refusal::new(408, reason), partial, CloseReason::Timeout);
    }

    fn ping(&mut self, id: ConnectionId) {
        let limits = &self.setup.limits;
        let (time_ms, rate) = (limits.body_time_ms_max, limits.peer_bytes_per_second_min);
        if self.connections.is_dawdling(self.now, id, time_ms, rate) {
            return self.close_socket(id, CloseFrame::DAWDLING);
        }
        let mut frame = Vec::new();
        write_frame(&mut frame, Opcode::Ping, &[]);
        self.write(id, &frame);
        let timeout = self.setup.pong_timeout_ms;
        self.connections.set_deadline(self.now, id, Due::Pong, timeout);
    }
}

/// Does what is due once a second. What the home side says of it is passed on later in the same call.
pub(in crate::shard) fn housekeep(side: &mut PeopleSide<'_>) {
    if side.edge.housekeeping_us <= side.edge.now.monotonic_us {
        side.edge.housekeeping_us = side.edge.now.monotonic_us + HOUSEKEEPING_US;
        side.edge.fanout.sweep(SWEEP_STEPS_MAX);
        side.homes.housekeep();
        tend_recordings(side.people, side.homes);
    }
}

impl Shard {
    /// When `timeout` must be called next.
    pub(in crate::shard) fn next_deadline_us(&self) -> u64 {
        let next = earliest([
            self.edge.connections.next_us(),
            self.edge.pacing.next_us(),
            self.fan_ins.next_us(),
            self.homes.next_us(),
            self.endings.next_us(&self.homes.home),
            self.edge.drain.as_ref().map(Drain::next_us),
            self.people.next_us(),
        ]);
        next.unwrap_or(u64::MAX).min(self.edge.housekeeping_us)
    }
}
