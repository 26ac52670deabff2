//! Bytes owed to one connection alone: replies, control frames, the rest of a cut frame. Eight bytes when empty.

use crate::protocol::websocket::writer::frame_bytes;
use std::collections::VecDeque;

/// Bytes owed to one connection alone.
#[derive(Default)]
pub(in crate::shard) struct Outbox(Option<Box<Owed>>);

/// Bytes in chunks: what was written goes a chunk at a time, so that nothing is moved within a long one.
struct Owed {
    front: Chunk,
    /// Bytes of the front that are written.
    written: usize,
    behind: VecDeque<Chunk>,
    /// Bytes of all chunks behind the front.
    behind_bytes: usize,
}

struct Chunk {
    bytes: Vec<u8>,
    /// Where a frame begins; what is before belongs to no frame, or to frames that were begun. Behind all bytes
    /// where there are no frames. No frame goes over the end of a chunk.
    frame: usize,
}

/// A chunk that has so many bytes gets no more, so that a reader that is always a little behind does not make it grow for
/// ever.
const CHUNK_BYTES: usize = 64 << 10;

/// Emptied outboxes. The next ones begin in their memory: an answer is owed for microseconds, so few of them serve all
/// connections.
#[derive(Default)]
pub(in crate::shard) struct Spares(Vec<Outbox>);

impl Spares {
    const COUNT_MAX: usize = 32;
    const BYTES_MAX: usize = 2 << 10;

    fn take(&mut self) -> Box<Owed> {
        let fresh = || Box::new(Owed::of(Chunk { bytes: Vec::new(), frame: 0 }));
        self.0.pop().and_then(|spare| spare.0).unwrap_or_else(fresh)
    }

    fn give(&mut self, mut owed: Box<Owed>) {
        if self.0.len() < Self::COUNT_MAX && owed.front.bytes.capacity() <= Self::BYTES_MAX {
            owed.front.bytes.clear();
            self.0.push(Outbox(Some(owed)));
        }
    }
}

/// What bytes are that are appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) enum Bytes {
    /// Whole WebSocket frames.
    Frames,
    /// The rest of a frame that was begun.
    Rest,
    /// HTTP.
    Plain,
}

impl Bytes {
    /// Where frames begin in so many of them.
    fn frame(self, bytes: usize) -> usize {
        match self {
            Self::Frames => 0,
            Self::Rest => bytes,
            Self::Plain => usize::MAX,
        }
    }
}

impl Outbox {
    /// Hands over what is still to be written, piece by piece, until `take` has no place for more; whether it had for all.
    #[inline]
    pub fn pieces<'a>(&'a self, mut take: impl FnMut(&'a [u8]) -> bool) -> bool {
        self.0.as_ref().is_none_or(|owed| {
            take(&owed.front.bytes[owed.written..]) && owed.behind.iter().all(|chunk| take(&chunk.bytes))
        })
    }

    /// Bytes still to be written.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |owed| owed.front.bytes.len() - owed.written + owed.behind_bytes)
    }

    /// Whether nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8], kind: Bytes, spares: &mut Spares) {
        if bytes.is_empty() {
            return;
        }
        match &mut self.0 {
            Some(owed) => owed.append(bytes, kind),
            None => {
                let mut owed = spares.take();
                owed.front.bytes.extend_from_slice(bytes);
                owed.front.frame = kind.frame(bytes.len());
                owed.written = 0;
                self.0 = Some(owed);
            }
        }
    }

    /// Appends a long frame in its own memory: nothing of it is copied.
    pub fn write_long(&mut self, frame: Vec<u8>) {
        if frame.is_empty() {
            return;
        }
        let chunk = Chunk { bytes: frame, frame: Bytes::Frames.frame(0) };
        match &mut self.0 {
            Some(owed) => owed.push(chunk),
            None => self.0 = Some(Box::new(Owed::of(chunk))),
        }
    }

    /// What is appended from here on is frames.
    pub fn begin_frames(&mut self) {
        if let Some(owed) = &mut self.0 {
            let last = owed.last();
            last.frame = last.bytes.len();
        }
    }

    /// Notes that up to `bytes` bytes were written; says how many of them were from here. The memory goes
    /// when all is written: most connections are idle most of the time.
    pub fn consume(&mut self, bytes: usize, spares: &mut Spares) -> usize {
        let taken = bytes.min(self.len());
        let Some(owed) = &mut self.0 else { return 0 };
        let mut left = taken;
        loop {
            let of_front = left.min(owed.front.bytes.len() - owed.written);
            owed.written += of_front;
            left -= of_front;
            if owed.written < owed.front.bytes.len() {
                return taken;
            }
            if !owed.pass_front() {
                spares.give(self.0.take().expect("looked at above"));
                return taken;
            }
        }
    }

    /// Drops every frame of which nothing was written yet, so that another can follow at once.
    pub fn cut(&mut self) {
        let Some(owed) = &mut self.0 else { return };
        owed.pass_begun();
        owed.front.cut();
        owed.behind.iter_mut().for_each(Chunk::cut);
        owed.behind.retain(|chunk| !chunk.bytes.is_empty());
        owed.behind_bytes = owed.behind.iter().map(|chunk| chunk.bytes.len()).sum();
        if owed.written == owed.front.bytes.len() && !owed.pass_front() {
            self.0 = None;
        }
    }
}

impl Owed {
    fn of(front: Chunk) -> Self {
        Self { front, written: 0, behind: VecDeque::new(), behind_bytes: 0 }
    }

    fn last(&mut self) -> &mut Chunk {
        self.behind.back_mut().unwrap_or(&mut self.front)
    }

    fn append(&mut self, bytes: &[u8], kind: Bytes) {
        let is_front = self.behind.is_empty();
        let last = self.last();
        if last.bytes.len() >= CHUNK_BYTES {
            return self.push(Chunk { bytes: bytes.to_vec(), frame: kind.frame(bytes.len()) });
        }
        last.bytes.extend_from_slice(bytes);
        if !is_front {
            self.behind_bytes += bytes.len();
        }
    }

    fn push(&mut self, chunk: Chunk) {
        self.behind_bytes += chunk.bytes.len();
        self.behind.push_back(chunk);
    }

    /// The front is written: what is behind it comes to the front. False if there is nothing.
    fn pass_front(&mut self) -> bool {
        let Some(next) = self.behind.pop_front() else { return false };
        self.behind_bytes -= next.bytes.len();
        (self.front, self.written) = (next, 0);
        true
    }

    /// Moves the front's `frame` behind the frames that were begun.
    fn pass_begun(&mut self) {
        let Chunk { bytes, frame } = &mut self.front;
        while *frame < self.written {
            *frame += frame_bytes(&bytes[*frame..]);
        }
    }
}

impl Chunk {
    /// Drops the frames that were not begun.
    fn cut(&mut self) {
        self.bytes.truncate(self.frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::websocket::{Opcode, write_frame};
    use proptest::prelude::*;

    fn pending(outbox: &Outbox) -> Vec<u8> {
        let mut all = Vec::new();
        assert!(outbox.pieces(|piece| {
            all.extend_from_slice(piece);
            true
        }));
        assert_eq!(outbox.len(), all.len());
        all
    }

    proptest! {
        #[test]
        fn gives_back_what_was_written_in_order(steps in proptest::collection::vec((0..3, 0usize..90_000), 0..40)) {
            let (mut outbox, mut spares) = (Outbox::default(), Spares::default());
            let (mut model, mut next) = (Vec::<u8>::new(), 0u8);
            for (act, size) in steps {
                if act < 2 {
                    let bytes: Vec<u8> = (0..size).map(|_| { next = next.wrapping_add(1); next }).collect();
                    model.extend(&bytes);
                    match act {
                        0 => outbox.write(&bytes, Bytes::Plain, &mut spares),
                        _ => outbox.write_long(bytes),
                    }
                } else {
                    let taken = outbox.consume(size, &mut spares);
                    prop_assert_eq!(taken, size.min(model.len()));
                    model.drain(..taken);
                }
                prop_assert_eq!(&pending(&outbox), &model);
                prop_assert_eq!(outbox.is_empty(), model.is_empty());
            }
        }
    }

    #[test]
    fn a_spare_that_is_taken_is_as_a_fresh_one_and_few_are_kept() {
        let mut spares = Spares::default();
        let mut outboxes: Vec<Outbox> = (0..100).map(|_| Outbox::default()).collect();
        outboxes.iter_mut().for_each(|outbox| outbox.write(b"an HTTP answer", Bytes::Plain, &mut spares));
        outboxes.iter_mut().for_each(|outbox| assert_eq!(outbox.consume(99, &mut spares), 14));
        assert_eq!(spares.0.len(), Spares::COUNT_MAX);
        let mut outbox = Outbox::default();
        outbox.write(&[0x81, 1, b'a'], Bytes::Frames, &mut spares);
        assert_eq!((pending(&outbox), spares.0.len()), (vec![0x81, 1, b'a'], Spares::COUNT_MAX - 1));
        outbox.cut();
        assert!(outbox.is_empty(), "its frames are its own");
        outbox.write(&[0; Spares::BYTES_MAX + 1], Bytes::Plain, &mut spares);
        let before = spares.0.len();
        outbox.consume(usize::MAX, &mut spares);
        assert_eq!((outbox.is_empty(), spares.0.len()), (true, before), "a large one goes");
    }

    #[test]
    fn what_was_begun_survives_a_cut_and_nothing_else() {
        let frame = |byte: u8, length: usize| {
            let mut out = Vec::new();
            write_frame(&mut out, Opcode::Text, &vec![byte; length]);
            out
        };
        for written in 0..400_000_usize {
            // Each byte of the first frames, then some.
            if written > 400 && written % 9_973 != 0 {
                continue;
            }
            let (mut outbox, mut spares) = (Outbox::default(), Spares::default());
            outbox.write(b"HTTP/1.1 101", Bytes::Plain, &mut spares);
            outbox.begin_frames();
            let mut all = b"HTTP/1.1 101".to_vec();
            let mut ends = vec![all.len()];
            for (index, length) in [0, 7, 130, 70_000, 66_000, 90_000, 3].into_iter().enumerate() {
                let frame = frame(index as u8, length);
                all.extend(&frame);
                ends.push(all.len());
                match index % 2 {
                    0 => outbox.write(&frame, Bytes::Frames, &mut spares),
                    _ => outbox.write_long(frame),
                }
            }
            let written = written.min(all.len());
            let (mut left, mut step) = (written, 40_000);
            while left > 0 {
                step = step.min(left);
                assert_eq!(outbox.consume(step, &mut spares), step);
                left -= step;
            }
            outbox.cut();
            let end = *ends.iter().find(|end| **end >= written).expect("the last is the end");
            assert_eq!(pending(&outbox), &all[written..end], "{written} bytes were written");
        }
        let (mut outbox, mut spares) = (Outbox::default(), Spares::default());
        outbox.write(b"rest of a frame", Bytes::Rest, &mut spares);
        outbox.write(&frame(1, 5), Bytes::Frames, &mut spares);
        outbox.cut();
        assert_eq!(pending(&outbox), b"rest of a frame");
    }

    #[test]
    fn a_long_frame_stays_where_it_is_and_what_follows_does_not_move_it() {
        let (mut outbox, mut spares) = (Outbox::default(), Spares::default());
        outbox.write(&[0x81, 1, b'a'], Bytes::Frames, &mut spares);
        let mut long = Vec::new();
        write_frame(&mut long, Opcode::Text, &vec![b'b'; 1 << 20]);
        let (from, bytes) = (long.as_ptr(), long.len());
        outbox.write_long(long);
        (0..1_000).for_each(|_| outbox.write(&[0x81, 1, b'c'], Bytes::Frames, &mut spares));
        assert_eq!(outbox.consume(3 + 1_000, &mut spares), 3 + 1_000);
        let mut pieces = Vec::new();
        outbox.pieces(|piece| {
            pieces.push((piece.as_ptr(), piece.len()));
            true
        });
        assert_eq!(pieces[0], (from.wrapping_add(1_000), bytes - 1_000));
        assert_eq!((pieces.len(), pieces[1].1), (2, 3_000));
    }
}
