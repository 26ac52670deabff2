//! The edge side: which connections of this core hear which channel, and what each still has to be sent.
//!
//! A stream is one channel for subscribers of one kind (an encoding; guests or not): a ring of encoded frames and
//! its subscribers, each a cursor into the ring. A frame in the ring is for all of them, so who hears nothing owes
//! nothing. Fan-out walks dirty streams in chunks and round-robin; what a subscriber gets is decided when it is
//! its turn (late binding), so that everything published meanwhile leaves in the same send.
//!
//! Callers name connections and channels; streams and places in them are known here only. What a connection owes is
//! a list of its own, so that no send looks at what else it hears.
//!
//! Invariants: a cursor stands at the start of a frame, between the ring's tail and head; a subscription with
//! bytes to come is paused, or in its connection's list of what it owes, or in a dirty stream, whose pass finds it, or
//! offered to the connection at this moment.

mod encoding;
mod owed;
mod relief;
mod stream;
mod streams;
mod subscriber;
mod subscriptions;
mod turns;
mod warm;

pub use encoding::Encoding;
pub use subscriber::{Audience, NewSubscriber};
pub use turns::CHUNK_SENDS;

use crate::base::hash::KeyedState;
use crate::base::ids::ConnectionId;
use crate::base::limits::InForce;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;
use crate::protocol::websocket::deflate::Compressor;
use std::num::NonZeroU32;
use stream::Kind;
use streams::Streams;
use subscriber::Subscriber;
use subscriptions::Subscriptions;
use turns::Turns;
use warm::Warm;

/// A stream's place in the pool, counted from one, so that its absence takes no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct StreamId(NonZeroU32);

impl StreamId {
    fn of(index: usize) -> Self {
        Self::from_number(index as u32)
    }

    fn from_number(number: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(number))
    }

    fn number(self) -> u32 {
        self.0.get() - 1
    }

    fn index(self) -> usize {
        self.number() as usize
    }
}

/// A subscriber that owed more than the ring keeps and was moved to its head.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lapped {
    /// Whose.
    pub connection: ConnectionId,
    /// Which channel it lost publications of.
    pub channel: ChannelName,
    /// What it gets.
    pub policy: SlowPolicy,
    /// Where the channel was before the frame that the subscriber gets next.
    pub position: Position,
}

/// A subscription that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsubscribed {
    /// To which channel.
    pub channel: ChannelName,
    /// To which life of it.
    pub epoch: u64,
    /// Whether that life is over too.
    pub ended: bool,
}

/// All streams of one core.
pub struct Fanout {
    streams: Streams,
    subscriptions: Subscriptions,
    turns: Turns,
    warm: Warm,
    /// What rings may take is among them.
    limits: InForce,
    /// Working space for a frame, kept between publications.
    scratch: Vec<u8>,
    /// Makes frames smaller, for encodings that want it.
    compressor: Compressor,
    /// Subscribers that the frame just pushed has lapped.
    overtaken: Vec<Subscriber>,
}

impl Fanout {
    /// A fan-out without channels.
    pub fn new(seed: u64, limits: InForce) -> Self {
        Self {
            streams: Streams::new(KeyedState::new(seed, 0xed6e)),
            subscriptions: Subscriptions::new(KeyedState::new(seed, 0x5b5c)),
            turns: Turns::default(),
            warm: Warm::default(),
            limits,
            scratch: Vec::new(),
            compressor: Compressor::default(),
            overtaken: Vec::new(),
        }
    }

    /// Adds a subscriber that hears what is published from now on; it must not hear the channel yet. `position` is
    /// where the channel is.
    pub fn subscribe(
        &mut self,
        channel: &ChannelName,
        slow: SlowPolicy,
        position: Position,
        subscriber: NewSubscriber,
    ) {
        let NewSubscriber { connection, encoding, guest, paused } = subscriber;
        let id = self.streams.find_or_open(channel, Kind { encoding, guests: guest }, slow, position);
        let stream = &mut self.streams[id];
        let subscription = self.subscriptions.add(connection, id, stream.next_place());
        stream.add(Subscriber { connection, cursor: 0, subscription, paused });
    }

    /// Whether a connection hears a channel.
    pub fn hears(&self, connection: ConnectionId, channel: &ChannelName) -> bool {
        self.find(connection, channel).is_some()
    }

    /// How many channels a connection hears.
    pub fn count_of(&self, connection: ConnectionId) -> usize {
        self.subscriptions.count(connection)
    }

    /// The channels that a connection hears, in the order of subscribing, and whether each has ended.
    pub fn channels_of(&self, connection: ConnectionId) -> impl Iterator<Item = (&ChannelName, bool)> {
        self.subscriptions.of(connection).map(|id| {
            let stream = &self.streams[self.subscriptions.get(id).stream];
            (stream.channel(), stream.has_ended())
        })
    }

    /// The subscription to a channel counts as the newest one from now on.
    pub fn move_back(&mut self, connection: ConnectionId, channel: &ChannelName) {
        if let Some(id) = self.find(connection, channel) {
            self.subscriptions.move_back(id);
        }
    }

    /// Ends the subscription to a channel, if there is one. What was not sent of it is dropped.
    pub fn unsubscribe(&mut self, connection: ConnectionId, channel: &ChannelName) -> Option<Unsubscribed> {
        let id = self.find(connection, channel)?;
        Some(self.remove(id))
    }

    /// Ends the newest subscription of a connection, if it has one.
    pub fn unsubscribe_newest(&mut self, connection: ConnectionId) -> Option<Unsubscribed> {
        let id = self.subscriptions.newest(connection)?;
        Some(self.remove(id))
    }

    /// Ends the subscription to a channel that has ended. Looks at all that the connection hears.
    pub fn unsubscribe_ended(
        &mut self,
        connection: ConnectionId,
        channel: &ChannelName,
    ) -> Option<Unsubscribed> {
        let over = |id: &u32| {
            let stream = &self.streams[self.subscriptions.get(*id).stream];
            stream.has_ended() && stream.channel() == channel
        };
        let id = self.subscriptions.of(connection).find(over)?;
        Some(self.remove(id))
    }

    /// A channel has ended: nothing of it is sent any more, and what has its name next is another channel. Says who
    /// heard it; their subscriptions stay until they are ended.
    pub fn end(&mut self, channel: &ChannelName) -> Vec<ConnectionId> {
        let mut connections = Vec::new();
        let mut next = self.streams.first(channel);
        self.streams.forget_channel(channel);
        while let Some(id) = next {
            self.turns.forget(id, &mut self.streams.pool);
            let stream = &mut self.streams[id];
            next = stream.sibling();
            let ring_bytes = stream.ring_bytes();
            for subscriber in stream.subscribers() {
                connections.push(subscriber.connection);
                self.subscriptions.owe_nothing(subscriber.subscription);
            }
            stream.end();
            self.warm.note(id, ring_bytes, &mut self.streams);
        }
        connections
    }

    /// Who hears a channel.
    pub fn hearers(&self, channel: &ChannelName) -> Vec<ConnectionId> {
        let streams = self.streams.of(channel).map(|id| &self.streams[id]);
        streams.flat_map(|stream| stream.subscribers()).map(|one| one.connection).collect()
    }

    /// Who hears a channel as a guest.
    pub fn guests(&self, channel: &ChannelName) -> Vec<ConnectionId> {
        let streams = self.streams.of(channel).map(|id| &self.streams[id]);
        let guests = streams.filter(|stream| stream.kind().guests).flat_map(|stream| stream.subscribers());
        guests.map(|one| one.connection).collect()
    }

    /// Puts one frame into every stream of a channel whose subscribers may see it. `encode` appends the whole frame
    /// in an encoding, or nothing if it does not tell this. Subscribers that owed too much are reported in `lapped`.
    /// What the one that is left out still owes of the channel is appended to `aside`: it goes to its connection
    /// alone, before anything that comes later, and its cursor passes the frame. Says for how many subscribers the
    /// frame is.
    pub fn publish(
        &mut self,
        channel: &ChannelName,
        position: Option<Position>,
        audience: Audience,
        lapped: &mut Vec<Lapped>,
        aside: &mut Vec<u8>,
        mut encode: impl FnMut(Encoding, &mut Vec<u8>),
    ) -> u64 {
        let except = match audience {
            Audience::Except(connection) => self.find(connection, channel),
            Audience::All | Audience::Authenticated => None,
        };
        let except = except.map(|id| {
            self.bring_forward(id, aside);
            *self.subscriptions.get(id)
        });
        let mut messages = 0;
        let mut encoded = None;
        let mut next = self.streams.first_published(channel);
        while let Some(id) = next {
            next = self.streams[id].sibling();
            let Kind { encoding, guests } = self.streams[id].kind();
            let except = except.filter(|one| one.stream == id).map(|one| one.place);
            let ring_bytes = self.streams[id].ring_bytes();
            let hearers = self.streams[id].subscribers().len() - usize::from(except.is_some());
            if hearers > 0 && !(guests && audience == Audience::Authenticated) {
                if encoded != Some(encoding) {
                    self.scratch.clear();
                    encode(encoding, &mut self.scratch);
                    encoding.framing.pack(&mut self.compressor, &mut self.scratch);
                    encoded = Some(encoding);
                }
                if !self.scratch.is_empty() {
                    self.push(id, except, lapped);
                    messages += hearers as u64;
                }
            }
            if let Some(position) = position {
                self.streams[id].set_position(position);
            }
            if self.streams[id].ring_bytes() > ring_bytes {
                self.bound_connection(id, lapped);
            }
        }
        self.bound_rings(lapped);
        if self.scratch.capacity() > SCRATCH_BYTES_KEPT {
            self.scratch = Vec::new();
        }
        messages
    }

    /// Puts the frame in `scratch` into one stream.
    fn push(&mut self, id: StreamId, except: Option<u32>, lapped: &mut Vec<Lapped>) {
        let stream = &mut self.streams[id];
        let ring_bytes = stream.ring_bytes();
        stream.push(&self.scratch, except, &self.limits, &mut self.overtaken);
        if !self.overtaken.is_empty() {
            self.report_overtaken(id, lapped);
        }
        self.warm.note(id, ring_bytes, &mut self.streams);
        self.turns.mark(id, &mut self.streams.pool);
    }

    /// Tells of the subscribers that a stream has just lapped.
    fn report_overtaken(&mut self, id: StreamId, lapped: &mut Vec<Lapped>) {
        let stream = &self.streams[id];
        for subscriber in self.overtaken.drain(..) {
            self.subscriptions.owe_nothing(subscriber.subscription);
            lapped.push(Lapped {
                connection: subscriber.connection,
                channel: stream.channel().clone(),
                policy: stream.slow(),
                position: stream.position(),
            });
        }
    }

    /// Gives back ring memory of streams that have been quiet since they were looked at before. Call it every second
    /// or so; one call looks at so many streams at most.
    pub fn sweep(&mut self, steps: usize) {
        self.warm.sweep(steps, &mut self.streams);
    }

    /// Bytes of ring memory.
    pub fn ring_bytes(&self) -> usize {
        self.warm.bytes()
    }

    /// Streams there are, and bytes of ring memory.
    pub fn size(&self) -> (usize, usize) {
        (self.streams.pool.len(), self.warm.bytes())
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        self.streams.invariants();
        self.warm.invariants(&self.streams);
        for (index, stream) in self.streams.pool.iter() {
            for (place, subscriber) in (0..).zip(stream.subscribers()) {
                let subscription = self.subscriptions.get(subscriber.subscription);
                assert_eq!((subscription.stream.index(), subscription.place), (index, place));
                let owed = self.subscriptions.is_owed(subscriber.subscription);
                assert!(!owed || stream.pending(place), "what is owed is there to be written");
                assert!(owed || stream.is_dirty() || !stream.pending(place), "what is pending is known");
                let found = self.subscriptions.find(subscriber.connection, StreamId::of(index));
                assert_eq!(found, Some(subscriber.subscription), "a subscription is found");
            }
        }
    }

    /// A connection's subscription to a channel that has not ended. What is said of a connection may come when its
    /// place is another one's, so the whole id counts.
    fn find(&self, connection: ConnectionId, channel: &ChannelName) -> Option<u32> {
        let id = self.streams.of(channel).find_map(|stream| self.subscriptions.find(connection, stream))?;
        let subscription = self.subscriptions.get(id);
        let subscriber = &self.streams[subscription.stream].subscribers()[subscription.place as usize];
        (subscriber.connection == connection).then_some(id)
    }

    /// Takes a subscription out; its stream goes with the last one.
    fn remove(&mut self, subscription: u32) -> Unsubscribed {
        self.end_offer();
        let subscriptions::Subscription { stream: id, place, .. } = *self.subscriptions.get(subscription);
        self.subscriptions.remove(subscription);
        let stream = &mut self.streams[id];
        let gone = Unsubscribed {
            channel: stream.channel().clone(),
            epoch: stream.position().epoch,
            ended: stream.has_ended(),
        };
        if let Some(moved) = stream.remove(place) {
            self.subscriptions.set_place(moved.subscription, place);
            if stream.is_dirty() && stream.pending(place) {
                // The pass under way may have passed it over where it was.
                self.subscriptions.owe(moved.subscription);
                self.turns.urge(moved.connection);
            }
        }
        if stream.subscribers().is_empty() {
            let ring_bytes = stream.ring_bytes();
            stream.give_back();
            self.warm.note(id, ring_bytes, &mut self.streams);
            self.turns.forget(id, &mut self.streams.pool);
            self.streams.remove(id);
        }
        gone
    }
}

/// A larger working space came from a rare large message and is not kept.
const SCRATCH_BYTES_KEPT: usize = 64 << 10;

#[cfg(test)]
mod tests;
