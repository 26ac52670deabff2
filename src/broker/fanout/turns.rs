//! Chunked fan-out: which subscriber is sent to next.
//!
//! A pass walks all subscribers of a dirty stream once. A publication that arrives during a pass makes it go on
//! for one more round; whoever has everything already is passed over. After a chunk of sends the next dirty
//! stream has its turn, and the runtime reaps what arrived, so that what is published meanwhile is sent along.

use super::StreamId;
use super::stream::Stream;
use crate::base::ids::ConnectionId;
use crate::base::pool::Pool;
use std::collections::VecDeque;

/// Sends to one stream before another dirty stream has its turn, and before new input is looked at.
pub const CHUNK_SENDS: u32 = 32;

/// The dirty streams, in turn.
#[derive(Default)]
pub struct Turns {
    queue: VecDeque<StreamId>,
    /// Sends to the stream at the front since its turn began.
    sends: u32,
}

impl Turns {
    /// Every subscriber of the stream is to be looked at (again).
    pub(super) fn mark(&mut self, id: StreamId, stream: &mut Stream) {
        stream.pass_left = stream.subscribers().len() as u32;
        if !stream.dirty {
            stream.dirty = true;
            self.queue.push_back(id);
        }
    }

    /// The stream goes away.
    pub(super) fn forget(&mut self, id: StreamId) {
        self.queue.retain(|other| *other != id);
    }

    pub(super) fn next(
        &mut self,
        streams: &mut Pool<Stream>,
        mut ready: impl FnMut(ConnectionId) -> bool,
    ) -> Option<ConnectionId> {
        while let Some(&id) = self.queue.front() {
            let stream = &mut streams[id.0 as usize];
            if self.sends == CHUNK_SENDS {
                self.sends = 0;
                self.queue.rotate_left(1);
                continue;
            }
            while stream.pass_left > 0 {
                let place =
                    if (stream.pass_at as usize) < stream.subscribers().len() { stream.pass_at } else { 0 };
                stream.pass_at = place + 1;
                stream.pass_left -= 1;
                let connection = stream.subscribers()[place as usize].connection;
                if stream.pending(place) && ready(connection) {
                    self.sends += 1;
                    return Some(connection);
                }
            }
            stream.dirty = false;
            self.sends = 0;
            self.queue.pop_front();
        }
        None
    }

    /// Whether no stream is dirty.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }
}
