//! How much of a connection's input is read before others have their turn.
//!
//! Work is counted in units: one is about a microsecond, what a short command takes. Of what arrives, a connection's first
//! units are read at once; whatever it sent beyond waits in its reader, and each such connection has its turn after the
//! other. So whoever asks little waits for nobody's flood, and a flood costs its own sender time.

use super::Connections;
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use std::collections::VecDeque;

/// Units of one turn of a connection, and of what arrives while few do.
pub(in crate::shard) const TURN_UNITS: u32 = 256;

/// Units that each connection has at least of what arrives, however many others flood.
pub(in crate::shard) const FEW_UNITS: u32 = 16;

/// Units of all that arrives in one turn of the core, after which each connection has only [`FEW_UNITS`] more.
const POT_UNITS: u32 = 2_048;

/// Bytes of input whose parsing is a unit.
const UNIT_BYTES: usize = 128;

/// Units of a command whose answer may be long: a list, a history, the state of all cores.
pub(in crate::shard) const LONG_UNITS: u32 = 64;

/// Units of the head of a request.
const HEAD_UNITS: u32 = 4;

/// What is left of a turn for the connection that is read, and who waits for its own.
#[derive(Default)]
pub(in crate::shard) struct Allowances {
    /// Connections whose input waits, in turn.
    queue: VecDeque<ConnectionId>,
    /// The reading of the clock that the pot is of, monotonic microseconds.
    at_us: u64,
    pot: u32,
    /// What is left for the connection that is read.
    left: u32,
}

impl Allowances {
    /// Input of one connection is read that arrived just now. Says what is to be given to [`Allowances::end`].
    pub fn begin(&mut self, now: Now) -> u32 {
        if self.at_us != now.monotonic_us {
            self.at_us = now.monotonic_us;
            self.pot = POT_UNITS;
        }
        std::mem::replace(&mut self.left, if self.pot == 0 { FEW_UNITS } else { TURN_UNITS })
    }

    /// What was read in between is over.
    pub fn end(&mut self, before: u32) {
        self.left = before;
    }

    /// Counts work for the connection that is read.
    pub fn spend(&mut self, units: u32) {
        self.left = self.left.saturating_sub(units);
        self.pot = self.pot.saturating_sub(units);
    }

    /// Counts the parsing of so many bytes, of a request or of a message.
    pub fn spend_input(&mut self, bytes: usize, is_request: bool) {
        let head = if is_request { HEAD_UNITS } else { 1 };
        self.spend(head.saturating_add(u32::try_from(bytes / UNIT_BYTES).unwrap_or(u32::MAX)));
    }

    /// Whether any connection waits for its turn.
    pub fn is_waited_for(&self) -> bool {
        !self.queue.is_empty()
    }
}

/// Leaves the rest of a connection's input until it is its turn, if it has used up its allowance. Whether it did.
pub(in crate::shard) fn give_way(connections: &mut Connections, id: ConnectionId) -> bool {
    let is_used_up = connections.allowances.left == 0;
    if is_used_up {
        wait_for_turn(connections, id);
    }
    is_used_up
}

/// Leaves a connection's input until it is its turn.
pub(in crate::shard) fn wait_for_turn(connections: &mut Connections, id: ConnectionId) {
    if let Some(connection) = connections.slab.get_mut(id)
        && !std::mem::replace(&mut connection.flags.waits, true)
    {
        connections.allowances.queue.push_back(id);
    }
}

/// The connection whose turn it is.
pub(in crate::shard) fn next_in_turn(connections: &mut Connections) -> Option<ConnectionId> {
    while let Some(id) = connections.allowances.queue.pop_front() {
        if let Some(connection) = connections.slab.get_mut(id) {
            connection.flags.waits = false;
            return Some(id);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Now {
        Now { monotonic_us: us, unix_ms: 0 }
    }

    #[test]
    fn who_comes_after_a_flood_still_has_a_few_units_and_the_next_turn_is_whole_again() {
        let mut allowances = Allowances::default();
        let mut read = |now, asked: u32| {
            let before = allowances.begin(now);
            let got = (0..asked).take_while(|_| {
                let left = allowances.left > 0;
                allowances.spend(1);
                left
            });
            let got = got.count() as u32;
            allowances.end(before);
            got
        };
        let flooded: u32 = (0..8).map(|_| read(at(1), 10_000)).sum();
        assert!((POT_UNITS - 8..=POT_UNITS).contains(&flooded), "{flooded}");
        assert_eq!(read(at(1), 10_000), FEW_UNITS);
        assert_eq!(read(at(1), 3), 3);
        assert_eq!(read(at(2), 10_000), TURN_UNITS);
    }

    #[test]
    fn what_is_long_costs_more() {
        let mut allowances = Allowances::default();
        let before = allowances.begin(at(1));
        allowances.spend_input(0, false);
        assert_eq!(allowances.left, TURN_UNITS - 1);
        allowances.spend_input(UNIT_BYTES * 10, true);
        assert_eq!(allowances.left, TURN_UNITS - 1 - HEAD_UNITS - 10);
        allowances.spend_input(usize::MAX, false);
        assert_eq!(allowances.left, 0);
        allowances.end(before);
    }
}
