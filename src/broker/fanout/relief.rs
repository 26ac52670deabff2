//! Who gives way when rings take too much: rings are kept for whoever has not read them.
//!
//! What one connection owes over all its channels is looked at when a ring grows for it, so it may grow by what rings take
//! that are grown already: it stays below twice its bound.

use super::stream::Stream;
use super::subscriber::Subscriber;
use super::{Fanout, Lapped, StreamId};

impl Fanout {
    /// A ring has grown: whoever it is kept for gives way if it owes too much over all that it hears.
    pub(super) fn bound_connection(&mut self, id: StreamId, lapped: &mut Vec<Lapped>) {
        // Nobody owes more than all rings keep. Otherwise each ring that grows would cost a look at all that its slowest hears.
        if self.warm.bytes() <= self.bounds.connection_bytes_max {
            return;
        }
        let Some(slowest) = self.streams[id].slowest() else { return };
        let all = self.subscriptions.of(slowest.connection).map(|other| {
            let other = self.subscriptions.get(other);
            self.streams[other.stream].owed_bytes(other.place)
        });
        if all.sum::<usize>() > self.bounds.connection_bytes_max {
            let place = self.subscriptions.get(slowest.subscription).place;
            self.relieve(id, lapped, |stream, overtaken| stream.skip(place, overtaken));
        }
    }

    /// Rings take too much together: of the longest one those go on at its head who owe more than a quarter of it, until
    /// there is room. Who owes little is not touched while somebody owes more.
    pub(super) fn bound_rings(&mut self, lapped: &mut Vec<Lapped>) {
        while self.warm.bytes() > self.bounds.rings_bytes_max
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
