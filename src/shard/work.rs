//! Work that gives way: what would make a call long is left here, and done a slice at a time. Whoever has a clock calls
//! [`Shard::work`] while a turn has time for it.

use super::Shard;
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::shard::connections::allowances::next_in_turn;
use crate::shard::connections::leaving::close_leaving;
use crate::shard::connections::making;
use crate::shard::delivery::farewells::Farewell;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh::post_unsubscribed;

/// Homes told in one slice of work. Each may tell the members of the channel, which takes a few microseconds.
const FAREWELLS_MAX: usize = 64;

/// Connections and subscriptions that end in one call, where it is this core that ends them: a few microseconds each. The last
/// connection of a call may hear more, up to what one may hear at all.
pub(super) const STEPS_MAX: usize = 256;

impl Shard {
    /// Does one slice of what was left for later, a few hundred microseconds of it as a rule. Whether there is more.
    pub fn work(&mut self, now: Now) -> bool {
        if !is_left(&self.edge) {
            return false;
        }
        self.begin_call(now);
        let mut steps = STEPS_MAX;
        close_leaving(&mut self.edge, &mut steps);
        self.edge.fire_deadlines(&mut steps);
        tell_homes(&mut self.edge, &mut self.homes);
        if let Some(id) = self.edge.connections.making.first() {
            // Some more of the long answer whose turn it is.
            self.release_answers(id);
            self.resume_if_calm(id);
            making::pass_on(&mut self.edge.connections, id, &self.setup.limits);
        }
        if let Some(id) = next_in_turn(&mut self.edge.connections) {
            read_on(self, id);
        }
        self.settle();
        is_left(&self.edge)
    }
}

/// Whether anything was left for later that a slice of work brings on. What is to be written is not among it: that goes when the
/// shard's wishes are fulfilled, and whoever works as long as something is left would keep it from going.
pub(super) fn is_left(edge: &Edge) -> bool {
    edge.connections.allowances.is_waited_for()
        || !edge.connections.fired.is_empty()
        || !edge.connections.leaving.is_empty()
        || edge.farewells.are_left()
        || edge.connections.making.first().is_some()
}

/// Reads what waits of a connection, as far as its allowance goes.
fn read_on(shard: &mut Shard, id: ConnectionId) {
    shard.read(id, &mut []);
    let reads_all = shard.edge.connections.get(id).is_some_and(|connection| !connection.flags.waits);
    if reads_all {
        shard.edge.connections.restart(id);
        // What was held back may have been no whole request.
        shard.edge.close_if_ended(id);
    }
}

/// Tells some homes who hears their channels no longer.
fn tell_homes(edge: &mut Edge, homes: &mut HomeSide) {
    for _ in 0..FAREWELLS_MAX {
        let Some(Farewell { channel, epoch, session }) = edge.farewells.next() else { return };
        post_unsubscribed(edge, homes, channel, epoch, session);
    }
}
