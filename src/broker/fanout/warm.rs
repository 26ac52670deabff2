//! Which streams hold ring memory, and how it is given back: some at a time, so that no turn is long.

use super::StreamId;
use super::streams::Streams;

/// Streams that hold ring memory.
#[derive(Default)]
pub(super) struct Warm {
    streams: Vec<StreamId>,
    /// Where the sweep goes on.
    at: usize,
    /// Bytes of all rings.
    bytes: usize,
}

impl Warm {
    /// A stream's ring had so many bytes and may have others now.
    pub fn note(&mut self, id: StreamId, bytes_before: usize, streams: &mut Streams) {
        let bytes = streams[id].ring_bytes();
        if bytes == bytes_before {
            return;
        }
        self.bytes = self.bytes - bytes_before + bytes;
        if bytes_before == 0 {
            streams[id].warm_at = self.streams.len() as u32;
            self.streams.push(id);
        } else if bytes == 0 {
            let at = streams[id].warm_at as usize;
            self.streams.swap_remove(at);
            if let Some(moved) = self.streams.get(at) {
                streams[*moved].warm_at = at as u32;
            }
        }
    }

    /// Looks at some streams, after those of the last call, and gives back the memory of those that were quiet since
    /// they were looked at before. A step is a stream or a few of its subscribers.
    pub fn sweep(&mut self, steps: usize, streams: &mut Streams) {
        let (mut left, mut looked_at) = (steps, 0);
        let all = self.streams.len();
        while left > 0 && looked_at < all && !self.streams.is_empty() {
            if self.at >= self.streams.len() {
                self.at = 0;
            }
            let id = self.streams[self.at];
            let stream = &mut streams[id];
            left = left.saturating_sub(1 + stream.subscribers().len() / SUBSCRIBERS_PER_STEP);
            looked_at += 1;
            let before = stream.ring_bytes();
            if stream.cool() {
                // Another one comes into its place.
                self.note(id, before, streams);
            } else {
                self.at += 1;
            }
        }
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
                self.streams[stream.warm_at as usize].index(),
                index,
                "ring memory is known to the sweep"
            );
            (count, bytes) = (count + 1, bytes + stream.ring_bytes());
        }
        assert_eq!((self.streams.len(), self.bytes), (count, bytes), "ring memory is counted");
    }
}

/// Subscribers whose cursors are looked at in the time that a stream takes.
const SUBSCRIBERS_PER_STEP: usize = 32;
