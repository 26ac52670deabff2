//! One channel in one dialect on one edge core: a ring of encoded frames and the cursors into it.

use super::StreamId;
use super::subscriber::{Audience, NewSubscriber, Subscriber};
use crate::base::ids::ConnectionId;
use crate::base::ring::ByteRing;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;
use std::collections::VecDeque;

/// Bytes of ring that one more subscriber pays for.
const RING_BYTES_PER_SUBSCRIBER: usize = 16;

/// A ring that is at least this long is long enough for any number of subscribers.
const LEAST_RING_BYTES_MAX: usize = 16 << 10;

/// A frame that is not for everyone. Frames without a mark are for all, so a run of them stays one send.
#[derive(Clone, Copy)]
struct Mark {
    start: u64,
    end: u64,
    audience: Audience,
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

/// See the module.
pub struct Stream {
    channel: ChannelName,
    dialect: u8,
    slow: SlowPolicy,
    ended: bool,
    /// Pushed to since the last sweep.
    touched: bool,
    /// In the fan-out's queue.
    pub(super) dirty: bool,
    sibling: Option<StreamId>,
    position: Position,
    ring: ByteRing,
    /// Marks of frames in the ring, in order; `None` while every frame is for everyone.
    #[allow(
        clippy::box_collection,
        reason = "most streams have none, and there are many: 8 bytes against 32"
    )]
    marks: Option<Box<VecDeque<Mark>>>,
    subscribers: Vec<Subscriber>,
    /// Where the pass under way goes on, and ...
    pub(super) pass_at: u32,
    /// ... how many subscribers it has yet to look at.
    pub(super) pass_left: u32,
}

impl Stream {
    pub(super) fn new(
        channel: ChannelName,
        dialect: u8,
        slow: SlowPolicy,
        position: Position,
        sibling: Option<StreamId>,
    ) -> Self {
        Self {
            channel,
            dialect,
            slow,
            ended: false,
            touched: false,
            dirty: false,
            sibling,
            position,
            ring: ByteRing::default(),
            marks: None,
            // Most channels of a large node have one subscriber here.
            subscribers: Vec::with_capacity(1),
            pass_at: 0,
            pass_left: 0,
        }
    }

    /// Which channel.
    pub fn channel(&self) -> &ChannelName {
        &self.channel
    }

    /// Which dialect its frames are in.
    pub fn dialect(&self) -> u8 {
        self.dialect
    }

    /// Position of the newest publication in the ring, or of the first subscribe.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Who hears it, in no order.
    pub fn subscribers(&self) -> &[Subscriber] {
        &self.subscribers
    }

    /// How many subscribers may see such a frame.
    pub(super) fn audience_size(&self, audience: Audience) -> u64 {
        match audience {
            Audience::All => self.subscribers.len() as u64,
            _ => self.subscribers.iter().filter(|subscriber| audience.includes(subscriber)).count() as u64,
        }
    }

    pub(super) fn sibling(&self) -> Option<StreamId> {
        self.sibling
    }

    pub(super) fn set_sibling(&mut self, sibling: Option<StreamId>) {
        self.sibling = sibling;
    }

    pub(super) fn ring_bytes(&self) -> usize {
        self.ring.capacity()
    }

    pub(super) fn is_warm(&self) -> bool {
        self.ring.capacity() > 0
    }

    pub(super) fn set_held(&mut self, place: u32, held: bool) {
        self.subscribers[place as usize].held = held;
    }

    /// Whether the channel has ended: nothing of it is sent any more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The channel has ended: what was not sent of it is dropped.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.sibling = None;
        self.ring = ByteRing::default();
        self.marks = None;
    }

    pub(super) fn add(&mut self, subscriber: NewSubscriber) -> u32 {
        let NewSubscriber { connection, held, authenticated } = subscriber;
        self.subscribers.push(Subscriber { connection, cursor: self.ring.head(), held, authenticated });
        self.subscribers.len() as u32 - 1
    }

    pub(super) fn remove(&mut self, place: u32) -> Option<super::Moved> {
        self.subscribers.swap_remove(place as usize);
        let moved = self.subscribers.get(place as usize)?;
        Some(super::Moved { connection: moved.connection, from: self.subscribers.len() as u32, to: place })
    }

    /// Appends a frame. A subscriber that owes so much that the ring cannot hold it is moved to the head.
    pub(super) fn push(
        &mut self,
        frame: &[u8],
        position: Option<Position>,
        audience: Audience,
        ring_bytes_max: usize,
        lapped: &mut Vec<Lapped>,
    ) {
        self.touched = true;
        if !self.make_room(frame.len(), ring_bytes_max, lapped) {
            // Larger than the whole ring: nobody can be sent it, so everybody is told of the gap.
            self.position = position.unwrap_or(self.position);
            self.lap(u64::MAX, lapped);
            return;
        }
        self.position = position.unwrap_or(self.position);
        let start = self.ring.head();
        self.ring.push(frame);
        if audience != Audience::All {
            self.marks.get_or_insert_default().push_back(Mark { start, end: self.ring.head(), audience });
        }
    }

    fn make_room(&mut self, bytes: usize, ring_bytes_max: usize, lapped: &mut Vec<Lapped>) -> bool {
        if self.ring.room() >= bytes {
            return true;
        }
        self.release_read();
        self.ring.grow_to(self.least_ring_bytes().min(ring_bytes_max));
        if self.ring.grow_for(bytes, ring_bytes_max) {
            return true;
        }
        if bytes > self.ring.capacity() {
            return false;
        }
        let needed = bytes - self.ring.room();
        self.lap(self.ring.tail() + needed as u64, lapped);
        self.release_read();
        true
    }

    /// What the ring has at least. A frame over the end of the ring costs every subscriber a write in two pieces,
    /// so a ring that many read is long enough for that to be rare; for few, memory is dearer.
    fn least_ring_bytes(&self) -> usize {
        (self.subscribers.len() * RING_BYTES_PER_SUBSCRIBER).min(LEAST_RING_BYTES_MAX)
    }

    /// Moves every subscriber whose cursor lies before `position` to the head.
    fn lap(&mut self, position: u64, lapped: &mut Vec<Lapped>) {
        let head = self.ring.head();
        for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.cursor < position) {
            subscriber.cursor = head;
            lapped.push(Lapped {
                connection: subscriber.connection,
                channel: self.channel.clone(),
                policy: self.slow,
                position: self.position,
            });
        }
    }

    /// Lets go of what every subscriber has been sent.
    fn release_read(&mut self) {
        let tail = self.subscribers.iter().map(|subscriber| subscriber.cursor).min();
        self.ring.release_to(tail.unwrap_or(self.ring.head()));
        if let Some(marks) = &mut self.marks {
            while marks.front().is_some_and(|mark| mark.end <= self.ring.tail()) {
                marks.pop_front();
            }
            if marks.is_empty() {
                self.marks = None;
            }
        }
    }

    /// Where the next byte for this subscriber is: its cursor, past frames that are not for it.
    fn start(&self, subscriber: &Subscriber) -> u64 {
        let mut start = subscriber.cursor;
        let Some(marks) = &self.marks else { return start };
        let first = marks.partition_point(|mark| mark.start < start);
        for mark in marks.range(first..) {
            if mark.start != start || mark.audience.includes(subscriber) {
                break;
            }
            start = mark.end;
        }
        start
    }

    /// Where the run that starts at `start` ends: at the head or before a frame that is not for this subscriber.
    fn run_end(&self, subscriber: &Subscriber, start: u64) -> u64 {
        let Some(marks) = &self.marks else { return self.ring.head() };
        let first = marks.partition_point(|mark| mark.start < start);
        marks
            .range(first..)
            .find(|mark| !mark.audience.includes(subscriber))
            .map_or(self.ring.head(), |mark| mark.start)
    }

    /// Whether this subscriber has something to get and may get it.
    pub fn pending(&self, place: u32) -> bool {
        let subscriber = &self.subscribers[place as usize];
        !self.ended && !subscriber.held && self.start(subscriber) < self.ring.head()
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.ended && self.subscribers.iter().any(|subscriber| subscriber.cursor < self.ring.head())
    }

    /// The frames to send to this subscriber now, contiguous but for the ring's end. Empty if it is held.
    pub fn run(&self, place: u32) -> (&[u8], &[u8]) {
        let subscriber = &self.subscribers[place as usize];
        if self.ended || subscriber.held {
            return (&[], &[]);
        }
        let start = self.start(subscriber);
        self.ring.run(start, self.run_end(subscriber, start))
    }

    /// Notes that up to `bytes` bytes of the run were written; says how many of them the run took. If they end
    /// in mid-frame, the rest of that frame is appended to `torn`, for the ring may lap it before the socket
    /// has room again. `frame_bytes` tells the length of a frame from its first bytes.
    pub(super) fn advance(
        &mut self,
        place: u32,
        bytes: usize,
        frame_bytes: impl Fn(&[u8]) -> usize,
        torn: &mut Vec<u8>,
    ) -> usize {
        if self.ended {
            return 0;
        }
        let subscriber = self.subscribers[place as usize];
        let start = self.start(&subscriber);
        let end = self.run_end(&subscriber, start);
        let taken = bytes.min((end - start) as usize);
        let reached = start + taken as u64;
        let mut cursor = end;
        if reached < end {
            cursor = start;
            while cursor < reached {
                cursor += frame_bytes(&self.first_bytes(cursor, end)) as u64;
            }
            let (first, second) = self.ring.run(reached, cursor);
            torn.extend_from_slice(first);
            torn.extend_from_slice(second);
        }
        self.subscribers[place as usize].cursor = cursor;
        taken
    }

    /// Enough bytes for any frame header (RFC 6455 section 5.2: at most 10 without a mask).
    fn first_bytes(&self, from: u64, end: u64) -> [u8; 10] {
        let (first, second) = self.ring.run(from, end.min(from + 10));
        let mut bytes = [0; 10];
        bytes[..first.len()].copy_from_slice(first);
        bytes[first.len()..first.len() + second.len()].copy_from_slice(second);
        bytes
    }

    /// Appends all that this subscriber still has to get and counts it as sent, held or not.
    pub(super) fn take_pending(&mut self, place: u32, out: &mut Vec<u8>) {
        while !self.ended {
            let subscriber = self.subscribers[place as usize];
            let start = self.start(&subscriber);
            let end = self.run_end(&subscriber, start);
            if start == end {
                break;
            }
            let (first, second) = self.ring.run(start, end);
            out.extend_from_slice(first);
            out.extend_from_slice(second);
            self.subscribers[place as usize].cursor = end;
        }
    }

    /// Gives the ring's memory back if all is sent and nothing was pushed since the last call. Whether it did.
    pub(super) fn cool(&mut self) -> bool {
        if std::mem::take(&mut self.touched) || self.has_pending() {
            return false;
        }
        self.ring.give_back();
        self.marks = None;
        true
    }

    pub(super) fn invariants(&self) {
        assert!(!self.subscribers.is_empty(), "a stream goes with its last subscriber");
        if self.ended {
            return;
        }
        for subscriber in &self.subscribers {
            assert!(
                (self.ring.tail()..=self.ring.head()).contains(&subscriber.cursor),
                "a cursor is in the ring"
            );
        }
        assert!(
            self.marks
                .iter()
                .flat_map(|marks| marks.iter())
                .all(|mark| mark.start < mark.end && mark.end <= self.ring.head())
        );
    }
}
