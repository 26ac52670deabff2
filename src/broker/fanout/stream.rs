//! One channel for subscribers of one kind on one edge core: a ring of encoded frames and the cursors into it.
//! Every frame in the ring is for every subscriber whose cursor is before it.

use super::StreamId;
use super::encoding::Encoding;
use super::subscriber::Subscriber;
use crate::base::limits::InForce;
use crate::base::list::{Link, Linked};
use crate::base::ring::ByteRing;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;
use crate::protocol::framing::Framing;

/// Bytes of ring that one more subscriber pays for.
const RING_BYTES_PER_SUBSCRIBER: usize = 16;

/// A ring that is at least this long is long enough for any number of subscribers.
const LEAST_RING_BYTES_MAX: usize = 16 << 10;

/// The list of streams with something to send.
pub(super) const DIRTY: usize = 0;

/// What all subscribers of a stream have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    pub encoding: Encoding,
    /// Whether they are guests: they may see less, so what they may not see never comes into their ring.
    pub guests: bool,
}

/// A ring of encoded frames and the subscribers that read it.
pub(super) struct Stream {
    channel: ChannelName,
    kind: Kind,
    slow: SlowPolicy,
    ended: bool,
    /// Pushed to since the last sweep.
    touched: bool,
    /// Whether, and where, it is in the queue of the turns.
    dirty: Link,
    sibling: Option<StreamId>,
    position: Position,
    ring: ByteRing,
    subscribers: Vec<Subscriber>,
    /// Where the pass under way goes on, and ...
    pass_at: u32,
    /// ... how many subscribers it has yet to look at.
    pass_left: u32,
    /// Its place in the list of streams that hold ring memory, while it does.
    pub warm_at: u32,
}

impl Linked<DIRTY> for Stream {
    fn link(&mut self) -> &mut Link {
        &mut self.dirty
    }
    fn linked(&self) -> Link {
        self.dirty
    }
}

impl Stream {
    pub fn new(
        channel: ChannelName,
        kind: Kind,
        slow: SlowPolicy,
        position: Position,
        sibling: Option<StreamId>,
    ) -> Self {
        Self {
            channel,
            kind,
            slow,
            ended: false,
            touched: false,
            dirty: Link::default(),
            sibling,
            position,
            ring: ByteRing::default(),
            // Most channels of a large node have one subscriber here.
            subscribers: Vec::with_capacity(1),
            pass_at: 0,
            pass_left: 0,
            warm_at: 0,
        }
    }

    pub fn channel(&self) -> &ChannelName {
        &self.channel
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn slow(&self) -> SlowPolicy {
        self.slow
    }

    /// Position of the newest publication in the ring, or of the first subscribe.
    pub fn position(&self) -> Position {
        self.position
    }

    pub fn set_position(&mut self, position: Position) {
        self.position = position;
    }

    /// Who hears it, in no order.
    pub fn subscribers(&self) -> &[Subscriber] {
        &self.subscribers
    }

    /// Whether it waits for its turn, or has it.
    pub fn is_dirty(&self) -> bool {
        self.dirty.is_linked()
    }

    pub fn sibling(&self) -> Option<StreamId> {
        self.sibling
    }

    pub fn set_sibling(&mut self, sibling: Option<StreamId>) {
        self.sibling = sibling;
    }

    pub fn ring_bytes(&self) -> usize {
        self.ring.capacity()
    }

    pub fn set_paused(&mut self, place: u32, paused: bool) {
        self.subscribers[place as usize].paused = paused;
    }

    /// Whether the channel has ended: nothing of it is sent any more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The channel has ended: what was not sent of it is dropped.
    pub fn end(&mut self) {
        self.ended = true;
        self.sibling = None;
        self.ring = ByteRing::default();
    }

    /// Where the next subscriber will be.
    pub fn next_place(&self) -> u32 {
        self.subscribers.len() as u32
    }

    /// Adds a subscriber, which is given what is pushed from now on.
    pub fn add(&mut self, subscriber: Subscriber) {
        let cursor = self.ring.head();
        self.subscribers.push(Subscriber { cursor, ..subscriber });
        if self.is_dirty() {
            // The pass under way meets one more; without this it would end before whoever it has yet to look at.
            self.pass_left += 1;
        }
    }

    /// Removes a subscriber; says which one is in its place, if one is.
    pub fn remove(&mut self, place: u32) -> Option<Subscriber> {
        self.subscribers.swap_remove(place as usize);
        self.subscribers.get(place as usize).copied()
    }

    /// Appends a frame for every subscriber but the one at `except`, which must owe nothing and owes nothing of this
    /// either. Whoever owes so much that the ring cannot hold it is moved to the frame and appended to `lapped`. A
    /// frame that is larger than a ring may be laps whoever owes anything.
    pub fn push(
        &mut self,
        frame: &[u8],
        except: Option<u32>,
        limits: &InForce,
        lapped: &mut Vec<Subscriber>,
    ) {
        self.touched = true;
        if self.ring.room() < frame.len() {
            self.make_room(frame.len(), limits.get().egress_ring_bytes_max as usize, lapped);
        }
        self.ring.push(frame);
        if let Some(place) = except {
            self.subscribers[place as usize].cursor = self.ring.head();
        }
    }

    fn make_room(&mut self, bytes: usize, ring_bytes_max: usize, lapped: &mut Vec<Subscriber>) {
        self.release_read();
        self.ring.grow_to(self.least_ring_bytes().min(ring_bytes_max));
        if self.ring.grow_for(bytes, ring_bytes_max) {
            return;
        }
        let needed = bytes.saturating_sub(self.ring.room()) as u64;
        self.lap(self.ring.tail().saturating_add(needed).min(self.ring.head()), lapped);
        self.release_read();
        // Only a frame that does not fit into an empty ring finds too little room: it has the ring for itself.
        self.ring.grow_for(bytes, bytes);
    }

    /// What the ring has at least. A frame over the end of the ring costs every subscriber a write in two pieces,
    /// so a ring that many read is long enough for that to be rare; for few, memory is dearer.
    fn least_ring_bytes(&self) -> usize {
        (self.subscribers.len() * RING_BYTES_PER_SUBSCRIBER).min(LEAST_RING_BYTES_MAX)
    }

    /// Moves every subscriber whose cursor lies before `position` to the head.
    fn lap(&mut self, position: u64, lapped: &mut Vec<Subscriber>) {
        let head = self.ring.head();
        for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.cursor < position) {
            subscriber.cursor = head;
            lapped.push(*subscriber);
        }
    }

    /// Lets go of what every subscriber has been sent.
    fn release_read(&mut self) {
        let tail = self.subscribers.iter().map(|subscriber| subscriber.cursor).min();
        self.ring.release_to(tail.unwrap_or(self.ring.head()));
    }

    /// Begins a pass over all subscribers, or lets the one under way go on for one more round.
    pub fn begin_pass(&mut self) {
        self.pass_left = self.subscribers.len() as u32;
    }

    /// Whether there are subscribers that the pass has yet to look at.
    pub fn is_in_pass(&self) -> bool {
        self.pass_left > 0
    }

    /// Goes on with the pass to the next subscriber that has something to get and may get it; says its place too. Looks at
    /// no more than `looks` of them, and takes those off it.
    pub fn next_of_pass(&mut self, looks: &mut u32) -> Option<(u32, Subscriber)> {
        let head = if self.ended { 0 } else { self.ring.head() };
        while *looks > 0 && self.pass_left > 0 {
            *looks -= 1;
            self.pass_left -= 1;
            let place = if (self.pass_at as usize) < self.subscribers.len() { self.pass_at } else { 0 };
            self.pass_at = place + 1;
            let subscriber = self.subscribers.get(place as usize)?;
            if subscriber.cursor < head && !subscriber.paused {
                return Some((place, *subscriber));
            }
        }
        None
    }

    /// Bytes that this subscriber has to get now.
    #[inline]
    pub fn unsent(&self, place: u32) -> usize {
        let subscriber = &self.subscribers[place as usize];
        if self.ended || subscriber.paused { 0 } else { (self.ring.head() - subscriber.cursor) as usize }
    }

    /// Whether this subscriber has something to get and may get it.
    #[inline]
    pub fn pending(&self, place: u32) -> bool {
        self.unsent(place) > 0
    }

    /// The frames to send to this subscriber now, contiguous but for the ring's end. Empty if it is held.
    pub fn run(&self, place: u32) -> (&[u8], &[u8]) {
        let subscriber = &self.subscribers[place as usize];
        if self.ended || subscriber.paused {
            return (&[], &[]);
        }
        self.ring.run(subscriber.cursor, self.ring.head())
    }

    /// Notes that up to `bytes` bytes of the run were written; says how many of them the run took. If they end
    /// in mid-frame, the rest of that frame is appended to `torn`, for the ring may lap it before the socket
    /// has room again.
    #[inline]
    pub fn advance(&mut self, place: u32, bytes: usize, torn: &mut Vec<u8>) -> usize {
        let unsent = self.unsent(place);
        if bytes < unsent {
            self.advance_within(place, bytes, torn);
            return bytes;
        }
        self.subscribers[place as usize].cursor += unsent as u64;
        unsent
    }

    /// Notes that the whole run was written, if it has so many bytes; whether it has.
    #[inline]
    pub fn advance_whole(&mut self, place: u32, bytes: usize) -> bool {
        let is_whole = self.unsent(place) == bytes;
        if is_whole {
            self.subscribers[place as usize].cursor += bytes as u64;
        }
        is_whole
    }

    /// Advances where the run is longer.
    #[cold]
    fn advance_within(&mut self, place: u32, bytes: usize, torn: &mut Vec<u8>) {
        let (start, end) = (self.subscribers[place as usize].cursor, self.ring.head());
        let (mut cursor, reached) = (start, start + bytes as u64);
        while cursor < reached {
            cursor += self.kind.encoding.framing.frame_bytes(&self.first_bytes(cursor, end)) as u64;
        }
        let (first, second) = self.ring.run(reached, cursor);
        torn.extend_from_slice(first);
        torn.extend_from_slice(second);
        self.subscribers[place as usize].cursor = cursor;
    }

    fn first_bytes(&self, from: u64, end: u64) -> [u8; Framing::HEAD_BYTES_MAX] {
        let mut bytes = [0; Framing::HEAD_BYTES_MAX];
        let (first, second) = self.ring.run(from, end.min(from + bytes.len() as u64));
        bytes[..first.len()].copy_from_slice(first);
        bytes[first.len()..first.len() + second.len()].copy_from_slice(second);
        bytes
    }

    /// Appends all that this subscriber still has to get and counts it as sent, held or not.
    pub fn take_pending(&mut self, place: u32, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        let subscriber = &mut self.subscribers[place as usize];
        let (first, second) = self.ring.run(subscriber.cursor, self.ring.head());
        out.extend_from_slice(first);
        out.extend_from_slice(second);
        subscriber.cursor = self.ring.head();
    }

    /// Gives the ring's memory back if all is sent and nothing was pushed since the last call; where nothing was pushed and
    /// some of it is not read, what is more than that takes.
    pub fn cool(&mut self) {
        if !std::mem::take(&mut self.touched) {
            self.release_read();
            self.ring.shrink();
        }
    }

    /// Who has got the least.
    pub fn slowest(&self) -> Option<Subscriber> {
        self.subscribers.iter().min_by_key(|subscriber| subscriber.cursor).copied()
    }

    /// Bytes that a subscriber still has to get.
    pub fn owed_bytes(&self, place: u32) -> usize {
        if self.ended { 0 } else { (self.ring.head() - self.subscribers[place as usize].cursor) as usize }
    }

    /// Moves one subscriber to the head; it is appended to `lapped`. The ring gives back what the others do not need.
    pub fn skip(&mut self, place: u32, lapped: &mut Vec<Subscriber>) {
        let head = self.ring.head();
        let subscriber = &mut self.subscribers[place as usize];
        subscriber.cursor = head;
        lapped.push(*subscriber);
        self.release_read();
        self.ring.shrink();
    }

    /// Moves every subscriber to the head that still has to get more than `bytes_max`; they are appended to `lapped`. The ring
    /// gives back what the others do not need.
    pub fn cut(&mut self, bytes_max: usize, lapped: &mut Vec<Subscriber>) {
        self.lap(self.ring.head().saturating_sub(bytes_max as u64), lapped);
        self.release_read();
        self.ring.shrink();
    }

    /// Gives the ring's memory back; nobody needs it any more.
    pub fn give_back(&mut self) {
        self.ring.give_back();
    }

    pub fn invariants(&self) {
        assert!(!self.subscribers.is_empty(), "a stream goes with its last subscriber");
        let kept = self.ring.tail()..=self.ring.head();
        assert!(
            self.ended || self.subscribers.iter().all(|subscriber| kept.contains(&subscriber.cursor)),
            "a cursor is in the ring"
        );
    }
}
