//! The process goes away: what a core does of it, step by step.

use super::Shard;
use super::connections::drain::Drain;
use super::connections::leaving::Leaves;
use super::delivery::pacing;
use super::edge::Edge;
use super::home::HomeSide;
use super::people;
use crate::base::ids::ConnectionId;
use crate::base::time::Now;

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
        self.homes.drains = true;
        self.edge.drain = Some(Drain::new(now.monotonic_us, over_ms, first, last));
        pacing::release_all(&mut self.edge);
        people::end_recordings(&mut self.people, &mut self.homes);
        drain_step(&mut self.edge);
        self.settle();
    }
}

/// Whether a drain has come to its end. True once: a core that has said so is idle, though its peers may
/// still need it.
pub(super) fn is_drained(edge: &mut Edge, homes: &mut HomeSide) -> bool {
    match &mut edge.drain {
        // A push service that is being called is waited for, so that how it answered is stored.
        Some(drain) if edge.connections.table().is_empty() && homes.web_push.is_quiet() => {
            !std::mem::replace(&mut drain.told, true)
        }
        _ => false,
    }
}

/// Notes as many connections as are due by now; they are closed some at a time.
pub(super) fn drain_step(edge: &mut Edge) {
    let Some((due, http_due)) = edge.drain.as_mut().and_then(|drain| drain.step(edge.now.monotonic_us))
    else {
        return;
    };
    edge.connections.leaving.extend(due.into_iter().map(|id| (id, Leaves::Restart)));
    if http_due && edge.connections.leaving.is_empty() {
        let all: Vec<_> = edge.connections.ids().map(|id| (id, Leaves::Idle)).collect();
        edge.connections.leaving.extend(all);
    }
}
