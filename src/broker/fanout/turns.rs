//! Chunked fan-out: which subscriber is sent to next.
//!
//! A pass walks all subscribers of a dirty stream once and notes that they owe; whose socket takes bytes is sent to.
//! A publication that arrives during a pass makes it go on for one more round; whoever has everything already is
//! passed over. After a chunk of sends the next dirty stream has its turn, and the runtime reaps what arrived, so
//! that what is published meanwhile is sent along.

use super::StreamId;
use super::stream::{DIRTY, Stream};
use super::subscriptions::Subscriptions;
use crate::base::ids::ConnectionId;
use crate::base::list::List;
use crate::base::pool::Pool;

/// Sends to one stream before another dirty stream has its turn, and before new input is looked at.
pub const CHUNK_SENDS: u32 = 32;

/// Dirty streams that are looked at for one connection that is sent to anyhow, so that what it hears of them leaves in
/// the same send.
const STREAMS_AHEAD_MAX: usize = 8;

/// The dirty streams, in turn.
#[derive(Default)]
pub(super) struct Turns {
    queue: List<DIRTY>,
    /// Sends to the stream at the front since its turn began.
    sends: u32,
    /// Connections that owe and that no pass will come to.
    urged: Vec<ConnectionId>,
}

impl Turns {
    /// Every subscriber of the stream is to be looked at (again).
    pub fn mark(&mut self, id: StreamId, streams: &mut Pool<Stream>) {
        let stream = &mut streams[id.index()];
        stream.pass_left = stream.subscribers().len() as u32;
        self.queue.push_back(streams, id.number());
    }

    /// This connection is to be looked at, whatever the passes do.
    pub fn urge(&mut self, connection: ConnectionId) {
        self.urged.push(connection);
    }

    /// The stream is not to be looked at any more.
    pub fn forget(&mut self, id: StreamId, streams: &mut Pool<Stream>) {
        if self.queue.first() == Some(id.number()) {
            self.sends = 0;
        }
        self.queue.remove(streams, id.number());
    }

    pub fn next(
        &mut self,
        streams: &mut Pool<Stream>,
        subscriptions: &mut Subscriptions,
        mut ready: impl FnMut(ConnectionId) -> bool,
    ) -> Option<ConnectionId> {
        while let Some(connection) = self.urged.pop() {
            if subscriptions.owes(connection) && ready(connection) {
                return Some(connection);
            }
        }
        while let Some(number) = self.queue.first() {
            if self.sends == CHUNK_SENDS {
                self.sends = 0;
                self.queue.move_back(streams, number);
                continue;
            }
            let stream = &mut streams[StreamId::from_number(number).index()];
            while stream.pass_left > 0 {
                let place =
                    if (stream.pass_at as usize) < stream.subscribers().len() { stream.pass_at } else { 0 };
                stream.pass_at = place + 1;
                stream.pass_left -= 1;
                if !stream.pending(place) {
                    continue;
                }
                let subscriber = stream.subscribers()[place as usize];
                subscriptions.owe(subscriber.subscription);
                if ready(subscriber.connection) {
                    self.sends += 1;
                    if subscriptions.count(subscriber.connection) > 1 {
                        self.look_ahead(subscriber.connection, streams, subscriptions);
                    }
                    return Some(subscriber.connection);
                }
            }
            self.sends = 0;
            self.queue.remove(streams, number);
        }
        None
    }

    /// Notes what a connection owes of the streams whose turn it is or comes next.
    pub fn look_ahead(
        &self,
        connection: ConnectionId,
        streams: &Pool<Stream>,
        subscriptions: &mut Subscriptions,
    ) {
        for number in self.queue.iter(streams).take(STREAMS_AHEAD_MAX) {
            let stream = StreamId::from_number(number);
            if let Some(id) = subscriptions.find(connection, stream)
                && streams[stream.index()].pending(subscriptions.get(id).place)
            {
                subscriptions.owe(id);
            }
        }
    }

    /// Whether no stream is dirty.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.urged.is_empty()
    }
}
