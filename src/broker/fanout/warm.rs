//! Which streams hold ring memory, and how it is given back: some at a time, so that no turn is long.

use super::StreamId;
use super::streams::Streams;

/// Lengths that rings can have: powers of two.
const CLASSES: usize = u64::BITS as usize;

/// Streams that hold ring memory.
pub(super) struct Warm {
    /// By the length of their ring.
    classes: [Vec<StreamId>; CLASSES],
    /// How many there are.
    count: usize,
    /// Where the sweep goes on: the class, and the place in it.
    at: (usize, usize),
    /// Bytes of all rings.
    bytes: usize,
}

impl Default for Warm {
    fn default() -> Self {
        Self { classes: [const { Vec::new() }; CLASSES], count: 0, at: (0, 0), bytes: 0 }
    }
}

impl Warm {
    /// A stream's ring had so many bytes and may have others now.
    pub fn note(&mut self, id: StreamId, bytes_before: usize, streams: &mut Streams) {
        let bytes = streams[id].ring_bytes();
        if bytes == bytes_before {
            return;
        }
        self.bytes = self.bytes - bytes_before + bytes;
        if let Some(class) = bytes_before.checked_ilog2() {
            let class = &mut self.classes[class as usize];
            let at = streams[id].warm_at as usize;
            class.swap_remove(at);
            if let Some(moved) = class.get(at) {
                streams[*moved].warm_at = at as u32;
            }
            self.count -= 1;
        }
        if let Some(class) = bytes.checked_ilog2() {
            let class = &mut self.classes[class as usize];
            streams[id].warm_at = class.len() as u32;
            class.push(id);
            self.count += 1;
        }
    }

    /// Looks at some streams, after those of the last call, and gives back the memory of those that were quiet since
    /// they were looked at before. A step is a stream or a few of its subscribers.
    pub fn sweep(&mut self, steps: usize, streams: &mut Streams) {
        let (mut left, mut looked_at) = (steps, 0);
        let all = self.count;
        while left > 0 && looked_at < all && self.count > 0 {
            let (class, at) = self.at;
            let Some(id) = self.classes[class].get(at).copied() else {
                self.at = ((class + 1) % CLASSES, 0);
                continue;
            };
            let stream = &mut streams[id];
            left = left.saturating_sub(1 + stream.subscribers().len() / SUBSCRIBERS_PER_STEP);
            looked_at += 1;
            let before = stream.ring_bytes();
            stream.cool();
            if stream.ring_bytes() == before {
                self.at.1 += 1;
            } else {
                // Another one comes into its place.
                self.note(id, before, streams);
            }
        }
    }

    /// The stream with the longest ring.
    pub fn longest(&self) -> Option<StreamId> {
        self.classes.iter().rev().find_map(|class| class.first()).copied()
    }

    /// Bytes of all rings.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn invariants(&self, streams: &Streams) {
        let warm = streams.pool.iter().filter(|(_, stream)| stream.ring_bytes() > 0);
        let (mut count, mut bytes) = (0, 0);
        for (index, stream) in warm {
            assert_eq!(
                self.classes[stream.ring_bytes().ilog2() as usize][stream.warm_at as usize].index(),
                index,
                "ring memory is known to the sweep"
            );
            (count, bytes) = (count + 1, bytes + stream.ring_bytes());
        }
        assert_eq!((self.count, self.bytes), (count, bytes), "ring memory is counted");
    }
}

/// Subscribers whose cursors are looked at in the time that a stream takes.
const SUBSCRIBERS_PER_STEP: usize = 32;
