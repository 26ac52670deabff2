//! Who gives way when rings take too much: rings are kept for whoever has not read them.
//!
//! What one connection owes over all its channels is looked at when a ring grows for it, so it may grow by what rings take
//! that are grown already: it stays below twice its bound.

use super::stream::Stream;
use super::subscriber::Subscriber;
use super::{Fanout, Lapped, StreamId};
use crate::base::limits::{InForce, RINGS_PER_CORE};

/// Full rings that one connection may owe over all its channels.
const RINGS_PER_CONNECTION: u32 = 4;

/// Bytes that one connection may owe, however short rings are.
const LEAST_CONNECTION_BYTES_MAX: usize = 1 << 20;

/// Bytes that all rings may take, however short they are.
const LEAST_RINGS_BYTES_MAX: usize = 8 << 20;

/// Bytes of so many full rings.
fn rings_bytes(limits: &InForce, count: u32) -> usize {
    (limits.get().egress_ring_bytes_max as usize).saturating_mul(count as usize)
}

impl Fanout {
    /// A ring has grown: whoever it is kept for gives way if it owes too much over all that it hears.
    pub(super) fn bound_connection(&mut self, id: StreamId, lapped: &mut Vec<Lapped>) {
        // Nobody owes more than all rings keep. Otherwise each ring that grows would cost a look at all that its slowest hears.
        let bytes_max = rings_bytes(&self.limits, RINGS_PER_CONNECTION).max(LEAST_CONNECTION_BYTES_MAX);
        if self.warm.bytes() <= bytes_max {
            return;
        }
        let Some(slowest) = self.streams[id].slowest() else { return };
        let all = self.subscriptions.of(slowest.connection).map(|other| {
            let other = self.subscriptions.get(other);
            self.streams[other.stream].owed_bytes(other.place)
        });
        if all.sum::<usize>() > bytes_max {
            let place = self.subscriptions.get(slowest.subscription).place;
            self.relieve(id, lapped, |stream, overtaken| stream.skip(place, overtaken));
        }
    }

    /// Rings take too much together: of the longest one those go on at its head who owe more than a quarter of it, until
    /// there is room. Who owes little is not touched while somebody owes more.
    pub(super) fn bound_rings(&mut self, lapped: &mut Vec<Lapped>) {
        // Mostly less is taken than is let to them in any case.
        if self.warm.bytes() <= LEAST_RINGS_BYTES_MAX {
            return;
        }
        let bytes_max = rings_bytes(&self.limits, RINGS_PER_CORE).max(LEAST_RINGS_BYTES_MAX);
        while self.warm.bytes() > bytes_max
            && let Some(id) = self.warm.longest()
        {
            let before = self.streams[id].ring_bytes();
            self.relieve(id, lapped, |stream, overtaken| stream.cut(before / 4, overtaken));
            if self.streams[id].ring_bytes() == before {
                self.relieve(id, lapped, |stream, overtaken| stream.cut(0, overtaken));
            }
        }
    }

    fn relieve(
        &mut self,
        id: StreamId,
        lapped: &mut Vec<Lapped>,
        give_way: impl FnOnce(&mut Stream, &mut Vec<Subscriber>),
    ) {
        let stream = &mut self.streams[id];
        let before = stream.ring_bytes();
        give_way(stream, &mut self.overtaken);
        self.report_overtaken(id, lapped);
        self.warm.note(id, before, &mut self.streams);
    }
}
