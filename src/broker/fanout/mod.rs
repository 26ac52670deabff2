//! The edge side: which connections of this core hear which channel, and what each still has to be sent.
//!
//! A [`Stream`] is one channel in one dialect: a ring of encoded frames and its subscribers, each a cursor
//! into the ring. Fan-out walks dirty streams in chunks and round-robin; what a subscriber gets is decided when
//! it is its turn (late binding), so that everything published meanwhile leaves in the same send.
//!
//! Invariants: a cursor stands at the start of a frame, between the ring's tail and head; a subscriber with
//! bytes to come is in a dirty stream, or held or blocked by its owner, who marks the stream again later.

mod stream;
mod subscriber;
mod turns;

pub use stream::{Lapped, Stream};
pub use subscriber::{Audience, NewSubscriber, Subscriber};
pub use turns::CHUNK_SENDS;
use turns::Turns;

use crate::base::hash::KeyedState;
use crate::base::ids::ConnectionId;
use crate::base::index::NameIndex;
use crate::base::pool::Pool;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;

/// Index of a stream in [`Fanout`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamId(pub u32);

/// A subscriber that moved to another place because one was removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Whose it is.
    pub connection: ConnectionId,
    /// Where it was and ...
    pub from: u32,
    /// ... is now.
    pub to: u32,
}

/// All streams of one core.
pub struct Fanout {
    streams: Pool<Stream>,
    /// The first stream of a channel; those of other dialects follow by [`Stream::sibling`].
    by_channel: NameIndex,
    turns: Turns,
    /// Streams that hold ring memory.
    warm: Vec<StreamId>,
    ring_bytes_max: usize,
    /// Working space for a frame, kept between publications.
    scratch: Vec<u8>,
}

impl Fanout {
    /// A fan-out without channels. `ring_bytes_max` bounds what one stream keeps for its slowest subscriber.
    pub fn new(seed: u64, ring_bytes_max: usize) -> Self {
        Self {
            streams: Pool::default(),
            by_channel: NameIndex::new(KeyedState::new(seed, 0xed6e)),
            turns: Turns::default(),
            warm: Vec::new(),
            ring_bytes_max,
            scratch: Vec::new(),
        }
    }

    /// A stream that exists.
    pub fn stream(&self, id: StreamId) -> &Stream {
        &self.streams[id.0 as usize]
    }

    /// The stream of a channel in a dialect.
    pub fn find(&self, channel: &ChannelName, dialect: u8) -> Option<StreamId> {
        self.siblings(channel).find(|id| self.stream(*id).dialect() == dialect)
    }

    /// All dialects' streams of a channel.
    fn siblings(&self, channel: &ChannelName) -> impl Iterator<Item = StreamId> + '_ {
        std::iter::successors(self.first(channel), |id| self.stream(*id).sibling())
    }

    /// The first stream of a channel.
    fn first(&self, channel: &ChannelName) -> Option<StreamId> {
        let name_of = |index: u32| self.streams[index as usize].channel().as_str();
        self.by_channel.find(channel.as_str(), name_of).map(StreamId)
    }

    /// Makes a stream the first of its channel.
    fn set_first(&mut self, id: StreamId) {
        let name_of = |index: u32| self.streams[index as usize].channel().as_str();
        self.by_channel.set(name_of(id.0), id.0, name_of);
    }

    /// Adds a subscriber that hears what is published from now on.
    /// `position` is where the channel is. Returns the stream and the subscriber's place in it.
    pub fn subscribe(
        &mut self,
        channel: &ChannelName,
        dialect: u8,
        slow: SlowPolicy,
        position: Position,
        subscriber: NewSubscriber,
    ) -> (StreamId, u32) {
        let id = self.find(channel, dialect).unwrap_or_else(|| {
            let sibling = self.first(channel);
            let stream = Stream::new(channel.clone(), dialect, slow, position, sibling);
            let id = StreamId(self.streams.insert(stream) as u32);
            self.set_first(id);
            id
        });
        let stream = &mut self.streams[id.0 as usize];
        if stream.dirty {
            // The pass under way meets one more; without this it would end before whoever it has yet to look at.
            stream.pass_left += 1;
        }
        (id, stream.add(subscriber))
    }

    /// Removes a subscriber; the stream goes with its last one.
    pub fn unsubscribe(&mut self, id: StreamId, place: u32) -> Option<Moved> {
        let stream = &mut self.streams[id.0 as usize];
        let moved = stream.remove(place);
        if stream.subscribers().is_empty() {
            if stream.dirty {
                self.turns.forget(id);
            }
            if stream.is_warm() {
                self.warm.retain(|warm| *warm != id);
            }
            if !stream.has_ended() {
                self.unlink(id);
            }
            self.streams.remove(id.0 as usize);
        } else if stream.has_pending() {
            // The moved subscriber may have been passed over in the pass that is under way.
            self.turns.mark(id, stream);
        }
        moved
    }

    /// A channel has ended: nothing of it is sent any more, and what has its name next is another channel. Says who
    /// heard it; their subscriptions stay until [`Fanout::unsubscribe`].
    pub fn end(&mut self, channel: &ChannelName) -> Vec<ConnectionId> {
        let mut connections = Vec::new();
        let mut next = self.first(channel);
        if let Some(first) = next {
            self.by_channel.remove(channel.as_str(), first.0);
        }
        while let Some(id) = next {
            let stream = &mut self.streams[id.0 as usize];
            next = stream.sibling();
            connections.extend(stream.subscribers().iter().map(|subscriber| subscriber.connection));
            if std::mem::take(&mut stream.dirty) {
                self.turns.forget(id);
            }
            if stream.is_warm() {
                self.warm.retain(|warm| *warm != id);
            }
            stream.end();
        }
        connections
    }

    /// Who hears a channel as a guest.
    pub fn guests(&self, channel: &ChannelName) -> Vec<ConnectionId> {
        let subscribers = self.siblings(channel).flat_map(|id| self.stream(id).subscribers());
        subscribers.filter(|one| !one.authenticated).map(|one| one.connection).collect()
    }

    /// Takes a stream that goes away out of its channel's streams.
    fn unlink(&mut self, id: StreamId) {
        let gone = self.stream(id);
        let (channel, next) = (gone.channel().clone(), gone.sibling());
        let before = self.siblings(&channel).find(|other| self.stream(*other).sibling() == Some(id));
        match (before, next) {
            (Some(before), next) => self.streams[before.0 as usize].set_sibling(next),
            (None, Some(next)) => self.set_first(next),
            (None, None) => self.by_channel.remove(channel.as_str(), id.0),
        }
    }

    /// Puts one frame into every stream of a channel. `encode` appends the whole frame for a dialect, or
    /// nothing if the dialect does not tell this. Subscribers that owed too much are reported in `lapped`. Says
    /// for how many subscribers a frame is.
    pub fn publish(
        &mut self,
        channel: &ChannelName,
        position: Option<Position>,
        audience: Audience,
        lapped: &mut Vec<Lapped>,
        mut encode: impl FnMut(u8, &mut Vec<u8>),
    ) -> u64 {
        let mut messages = 0;
        let mut next = self.first(channel);
        while let Some(id) = next {
            let stream = &mut self.streams[id.0 as usize];
            next = stream.sibling();
            self.scratch.clear();
            encode(stream.dialect(), &mut self.scratch);
            if self.scratch.is_empty() {
                continue;
            }
            let was_warm = stream.is_warm();
            stream.push(&self.scratch, position, audience, self.ring_bytes_max, lapped);
            if !was_warm && stream.is_warm() {
                self.warm.push(id);
            }
            messages += stream.audience_size(audience);
            self.turns.mark(id, stream);
        }
        if self.scratch.capacity() > SCRATCH_BYTES_KEPT {
            self.scratch = Vec::new();
        }
        messages
    }

    /// Makes a subscriber wait until [`Fanout::release`].
    pub fn hold(&mut self, id: StreamId, place: u32) {
        self.streams[id.0 as usize].set_held(place, true);
    }

    /// Lets a held subscriber go.
    pub fn release(&mut self, id: StreamId, place: u32) {
        let stream = &mut self.streams[id.0 as usize];
        stream.set_held(place, false);
        if stream.pending(place) {
            self.turns.mark(id, stream);
        }
    }

    /// The next connection whose turn it is to be sent to. `ready` says whether its socket takes bytes;
    /// those that are not are passed over, and their owner gathers what they missed when they are.
    pub fn next_transmit(&mut self, ready: impl FnMut(ConnectionId) -> bool) -> Option<ConnectionId> {
        self.turns.next(&mut self.streams, ready)
    }

    /// Notes that up to `bytes` bytes of a subscriber's run were written; see [`Stream::run`]. Says how many
    /// of them the run took. The rest of a frame that was cut in the middle is appended to `torn`.
    /// `frame_bytes` tells a frame's length from its first ten bytes. A subscriber that has more to get is for its
    /// owner to go on with: nobody else is looked at for it.
    pub fn sent(
        &mut self,
        id: StreamId,
        place: u32,
        bytes: usize,
        frame_bytes: impl Fn(&[u8]) -> usize,
        torn: &mut Vec<u8>,
    ) -> usize {
        self.streams[id.0 as usize].advance(place, bytes, frame_bytes, torn)
    }

    /// Appends everything a subscriber still has to get to `out`, and counts it as sent.
    pub fn take_pending(&mut self, id: StreamId, place: u32, out: &mut Vec<u8>) {
        self.streams[id.0 as usize].take_pending(place, out);
    }

    /// Gives back ring memory of streams that have been quiet since the last call. Call it every second or so.
    pub fn sweep(&mut self) {
        let streams = &mut self.streams;
        self.warm.retain(|id| !streams[id.0 as usize].cool());
    }

    /// Whether no stream has anything to send to a socket that takes bytes.
    pub fn is_idle(&self) -> bool {
        self.turns.is_idle()
    }

    /// Streams there are, and bytes of ring memory.
    pub fn size(&self) -> (usize, usize) {
        let bytes = self.warm.iter().map(|id| self.stream(*id).ring_bytes()).sum();
        (self.streams.len(), bytes)
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        for (index, stream) in self.streams.iter() {
            stream.invariants();
            let id = StreamId(index as u32);
            let linked = self.siblings(stream.channel()).any(|other| other == id);
            assert!(linked != stream.has_ended(), "every stream is linked until it ends");
            assert_eq!(stream.is_warm(), self.warm.contains(&id), "ring memory is known to the sweep");
        }
        assert!(self.by_channel.count() <= self.streams.len());
    }
}

/// A larger working space came from a rare large message and is not kept.
const SCRATCH_BYTES_KEPT: usize = 64 << 10;

#[cfg(test)]
mod tests;
