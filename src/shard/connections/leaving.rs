//! Connections that end for a reason that many have at once: they fell behind with the same frame, or the process goes away.
//! They are noted here and closed some at a time, and by what each hears, as are those that a deadline ends.

use super::closing::CloseFrame;
use super::connection::Phase;
use crate::base::ids::ConnectionId;
use crate::metrics::words::CloseReason;
use crate::model::definition::SlowPolicy;
use crate::shard::edge::Edge;

/// Why a connection ends soon.
pub(in crate::shard) enum Leaves {
    /// It fell behind.
    Behind,
    /// It is a socket, and the process goes away.
    Restart,
    /// It is idle HTTP, and the process goes away.
    Idle,
}

impl Edge {
    /// A socket fell behind and is closed soon. Nothing more is written to it before that: it lost what came before.
    pub(in crate::shard) fn close_behind(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id).filter(|connection| connection.is_socket())
        else {
            return;
        };
        if !std::mem::replace(&mut connection.flags.silent, true) {
            self.counters.note_slow(SlowPolicy::Disconnect);
            self.connections.leaving.push_back((id, Leaves::Behind));
        }
    }
}

/// Closes some of those that leave, while there are steps.
pub(in crate::shard) fn close_leaving(edge: &mut Edge, steps: &mut usize) {
    while may_end(edge, *steps)
        && let Some((id, leaves)) = edge.connections.leaving.pop_front()
    {
        counting(edge, id, steps, |edge| match leaves {
            Leaves::Behind => edge.close_slow(id),
            Leaves::Restart => edge.close_socket(id, CloseFrame::RESTART),
            Leaves::Idle => close_if_idle(edge, id),
        });
    }
}

/// Whether one more connection may end by these steps. While many homes have yet to hear of those that went, none does.
pub(in crate::shard) fn may_end(edge: &Edge, steps: usize) -> bool {
    steps > 0 && !edge.farewells.are_many()
}

/// Does what may end a connection, and counts it: a step, and one for each channel that it hears no longer.
pub(in crate::shard) fn counting(
    edge: &mut Edge,
    id: ConnectionId,
    steps: &mut usize,
    act: impl FnOnce(&mut Edge),
) {
    let before = edge.fanout.count_of(id);
    act(edge);
    let ended = before.saturating_sub(edge.fanout.count_of(id));
    *steps = steps.saturating_sub(1 + ended);
}

/// Closes an HTTP connection that nothing is owed to.
fn close_if_idle(edge: &mut Edge, id: ConnectionId) {
    let idle = edge.connections.get(id).is_some_and(|connection| {
        matches!(connection.phase, Phase::Http(_))
            && connection.in_flight() == 0
            && connection.decoding_bytes == 0
    });
    if idle {
        edge.close_when_written(id, CloseReason::Drain);
    }
}
