//! What is to be written to one connection of the channels that it hears.

use super::Fanout;
use super::turns::Offer;
use crate::base::ids::ConnectionId;
use crate::model::channel::ChannelName;

impl Fanout {
    /// The next connection whose turn it is to be sent to. `ready` says whether its socket takes bytes; of those
    /// that are not it is noted what they owe, and their owner goes on with it when they are.
    pub fn next_transmit(&mut self, ready: impl FnMut(ConnectionId) -> bool) -> Option<ConnectionId> {
        self.end_offer();
        self.turns.next(&mut self.streams.pool, &mut self.subscriptions, ready)
    }

    /// Looks for what a connection owes before its turns come: it is sent to anyhow.
    pub fn look_ahead(&mut self, connection: ConnectionId) {
        self.end_offer();
        self.turns.look_ahead(connection, &self.streams.pool, &mut self.subscriptions);
    }

    /// Whether there is something to write to a connection, as far as its turns came.
    pub fn owes(&self, connection: ConnectionId) -> bool {
        let offered = |offer: &Offer| self.streams[offer.stream].pending(offer.place);
        self.turns.offer(connection).is_some_and(offered) || self.subscriptions.owes(connection)
    }

    /// Hands over what to write to a connection, channel by channel, until `take` has no place for more. A channel's run is
    /// one piece, or two where it goes over the end of its ring; pieces may be empty.
    #[inline]
    pub fn runs<'a>(&'a self, connection: ConnectionId, mut take: impl FnMut(&'a [u8]) -> bool) {
        if let Some(offer) = self.turns.offer(connection) {
            let (first, second) = self.streams[offer.stream].run(offer.place);
            let _ = take(first) && take(second);
            return;
        }
        for id in self.subscriptions.owed(connection) {
            let one = self.subscriptions.get(id);
            let (first, second) = self.streams[one.stream].run(one.place);
            if !take(first) || !take(second) {
                return;
            }
        }
    }

    /// Notes that a connection got all that it was offered, where that was the run of one channel, of so many bytes. False if
    /// it was offered otherwise: then nothing is noted.
    #[inline]
    pub fn sent_whole(&mut self, connection: ConnectionId, bytes: usize) -> bool {
        let Some(offer) = self.turns.offer(connection) else { return false };
        let is_whole = self.streams[offer.stream].advance_whole(offer.place, bytes);
        if is_whole {
            self.turns.end_offer();
        }
        is_whole
    }

    /// Notes that so many bytes of a connection's runs were written. The rest of a frame that was cut in the middle
    /// is appended to `torn`; it goes before anything else. Whether there is more to write.
    pub fn sent(&mut self, connection: ConnectionId, bytes: usize, torn: &mut Vec<u8>) -> bool {
        if self.sent_whole(connection, bytes) {
            return false;
        }
        self.end_offer();
        let mut left = bytes;
        while left > 0
            && let Some(id) = self.subscriptions.first_owed(connection)
        {
            let subscription = self.subscriptions.get(id);
            let stream = &mut self.streams[subscription.stream];
            left -= stream.advance(subscription.place, left, torn);
            if stream.pending(subscription.place) {
                break;
            }
            self.subscriptions.owe_nothing(id);
        }
        debug_assert_eq!(left, 0, "the kernel takes no more than it was offered");
        self.subscriptions.owes(connection)
    }

    /// Of what was offered, whatever is there still is owed: it was not said that it is written.
    pub(super) fn end_offer(&mut self) {
        if let Some(offer) = self.turns.end_offer()
            && self.streams[offer.stream].pending(offer.place)
        {
            self.subscriptions.owe(offer.subscription);
        }
    }

    /// Appends everything that a connection still has to get of a channel to `out`, and counts it as sent.
    pub fn take_pending(&mut self, connection: ConnectionId, channel: &ChannelName, out: &mut Vec<u8>) {
        if let Some(id) = self.find(connection, channel) {
            self.bring_forward(id, out);
        }
    }

    pub(super) fn bring_forward(&mut self, subscription: u32, out: &mut Vec<u8>) {
        let one = self.subscriptions.get(subscription);
        self.streams[one.stream].take_pending(one.place, out);
        self.subscriptions.owe_nothing(subscription);
    }

    /// Makes a subscriber wait until [`Fanout::release`].
    pub fn hold(&mut self, connection: ConnectionId, channel: &ChannelName) {
        if let Some(id) = self.find(connection, channel) {
            let one = self.subscriptions.get(id);
            self.streams[one.stream].set_paused(one.place, true);
            self.subscriptions.owe_nothing(id);
        }
    }

    /// Lets a held subscriber go.
    pub fn release(&mut self, connection: ConnectionId, channel: &ChannelName) {
        self.end_offer();
        let Some(id) = self.find(connection, channel) else { return };
        let one = self.subscriptions.get(id);
        let stream = &mut self.streams[one.stream];
        stream.set_paused(one.place, false);
        if stream.pending(one.place) {
            self.subscriptions.owe(id);
            self.turns.urge(connection);
        }
    }

    /// Whether nothing waits for its turn.
    pub fn is_idle(&self) -> bool {
        self.turns.is_idle()
    }
}
