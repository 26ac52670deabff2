//! Chunked fan-out: which subscriber is sent to next.
//!
//! A pass walks all subscribers of a dirty stream once and notes that they owe; whose socket takes bytes is sent to.
//! A publication that arrives during a pass makes it go on for one more round; whoever has everything already is
//! passed over. After a chunk of sends the next dirty stream has its turn, and the runtime reaps what arrived, so
//! that what is published meanwhile is sent along.

use super::StreamId;
use super::stream::{DIRTY, Stream};
use super::subscriber::Subscriber;
use super::subscriptions::Subscriptions;
use crate::base::ids::ConnectionId;
use crate::base::list::List;
use crate::base::pool::Pool;

/// Sends to one stream before another dirty stream has its turn, and before new input is looked at.
pub const CHUNK_SENDS: u32 = 32;

/// Dirty streams that are looked at for one connection that is sent to anyhow, so that what it hears of them leaves in
/// the same send.
const STREAMS_AHEAD_MAX: usize = 8;

/// All that a connection owes while it is sent to: it hears nothing else, or nothing else has something to send, so nothing
/// is noted of what it owes unless its socket leaves some of it.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    pub connection: ConnectionId,
    pub stream: StreamId,
    pub place: u32,
    pub subscription: u32,
}

/// Subscribers that are looked at in search of one whose socket takes bytes. If none of them does, the search goes on in
/// the next call.
const LOOKS_MAX: u32 = 1_024;

/// The dirty streams, in turn.
#[derive(Default)]
pub(super) struct Turns {
    queue: List<DIRTY>,
    /// Sends to the stream at the front since its turn began.
    sends: u32,
    /// Connections that owe and that no pass will come to.
    urged: Vec<ConnectionId>,
    /// What is being sent, until it is said how much of it was.
    offer: Option<Offer>,
}

impl Turns {
    /// Every subscriber of the stream is to be looked at (again).
    pub fn mark(&mut self, id: StreamId, streams: &mut Pool<Stream>) {
        streams[id.index()].begin_pass();
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
        let mut looks = LOOKS_MAX;
        while let Some(number) = self.queue.first() {
            if self.sends == CHUNK_SENDS {
                self.sends = 0;
                self.queue.move_back(streams, number);
                continue;
            }
            let (id, is_one) = (StreamId::from_number(number), self.queue.is_one());
            let stream = &mut streams[id.index()];
            while let Some((place, Subscriber { connection, subscription, .. })) =
                stream.next_of_pass(&mut looks)
            {
                if !ready(connection) {
                    subscriptions.owe(subscription);
                    continue;
                }
                self.sends += 1;
                if subscriptions.owes_only(connection, is_one) {
                    self.offer = Some(Offer { connection, stream: id, place, subscription });
                } else {
                    subscriptions.owe(subscription);
                    self.look_ahead(connection, streams, subscriptions);
                }
                return Some(connection);
            }
            if looks == 0 && stream.is_in_pass() {
                return None;
            }
            self.sends = 0;
            self.queue.remove(streams, number);
        }
        None
    }

    /// What is offered to this connection.
    #[inline]
    pub fn offer(&self, connection: ConnectionId) -> Option<&Offer> {
        self.offer.as_ref().filter(|offer| offer.connection == connection)
    }

    /// Takes what is offered, to whichever connection.
    #[inline]
    pub fn end_offer(&mut self) -> Option<Offer> {
        self.offer.take()
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
