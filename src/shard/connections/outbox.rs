//! Bytes owed to one connection alone: replies, control frames, the rest of a cut frame. Eight bytes when empty.

use crate::protocol::websocket::writer::frame_bytes;

/// Bytes owed to one connection alone.
#[derive(Default)]
pub(in crate::shard) struct Outbox(Option<Box<Owed>>);

struct Owed {
    bytes: Vec<u8>,
    /// Bytes of the front that are written.
    written: usize,
    /// Where a frame begins; what is before belongs to no frame, or to frames that were begun. Behind all bytes
    /// where there are no frames.
    frame: usize,
}

/// Emptied outboxes. The next ones begin in their memory: an answer is owed for microseconds, so few of them serve all
/// connections.
#[derive(Default)]
pub(in crate::shard) struct Spares(Vec<Outbox>);

impl Spares {
    const COUNT_MAX: usize = 32;
    const BYTES_MAX: usize = 2 << 10;

    fn take(&mut self) -> Box<Owed> {
        let fresh = || Box::new(Owed { bytes: Vec::new(), written: 0, frame: 0 });
        self.0.pop().and_then(|spare| spare.0).unwrap_or_else(fresh)
    }

    fn give(&mut self, mut owed: Box<Owed>) {
        if self.0.len() < Self::COUNT_MAX && owed.bytes.capacity() <= Self::BYTES_MAX {
            owed.bytes.clear();
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

impl Outbox {
    /// What is still to be written.
    pub fn pending(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |owed| &owed.bytes[owed.written..])
    }

    /// Bytes still to be written.
    pub fn len(&self) -> usize {
        self.pending().len()
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
            Some(owed) => owed.bytes.extend_from_slice(bytes),
            None => {
                let mut owed = spares.take();
                owed.bytes.extend_from_slice(bytes);
                owed.written = 0;
                owed.frame = match kind {
                    Bytes::Frames => 0,
                    Bytes::Rest => bytes.len(),
                    Bytes::Plain => usize::MAX,
                };
                self.0 = Some(owed);
            }
        }
    }

    /// What is appended from here on is frames.
    pub fn begin_frames(&mut self) {
        if let Some(owed) = &mut self.0 {
            owed.frame = owed.bytes.len();
        }
    }

    /// Notes that up to `bytes` bytes were written; says how many of them were from here. The memory goes
    /// when all is written: most connections are idle most of the time.
    pub fn consume(&mut self, bytes: usize, spares: &mut Spares) -> usize {
        let taken = bytes.min(self.len());
        if let Some(owed) = &mut self.0 {
            owed.written += taken;
            if owed.written == owed.bytes.len() {
                spares.give(self.0.take().expect("looked at above"));
            } else if owed.written >= COMPACT_BYTES {
                owed.pass_begun();
                owed.bytes.drain(..owed.written);
                owed.frame = owed.frame.saturating_sub(owed.written);
                owed.written = 0;
            }
        }
        taken
    }

    /// Drops every frame of which nothing was written yet, so that another can follow at once.
    pub fn cut(&mut self) {
        if let Some(owed) = &mut self.0 {
            owed.pass_begun();
            owed.bytes.truncate(owed.frame);
            if owed.written == owed.bytes.len() {
                self.0 = None;
            }
        }
    }
}

impl Owed {
    /// Moves `frame` behind the frames that were begun.
    fn pass_begun(&mut self) {
        while self.frame < self.written {
            self.frame += frame_bytes(&self.bytes[self.frame..]);
        }
    }
}

/// Written bytes that are kept in front at most, so that a reader that is always a little behind does not
/// make the buffer grow for ever.
const COMPACT_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::websocket::{Opcode, write_frame};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gives_back_what_was_written_in_order(steps in proptest::collection::vec((any::<bool>(), 0usize..90_000), 0..40)) {
            let (mut outbox, mut spares) = (Outbox::default(), Spares::default());
            let (mut model, mut next) = (Vec::new(), 0u8);
            for (write, size) in steps {
                if write {
                    let bytes: Vec<u8> = (0..size).map(|_| { next = next.wrapping_add(1); next }).collect();
                    outbox.write(&bytes, Bytes::Plain, &mut spares);
                    model.extend(bytes);
                } else {
                    let taken = outbox.consume(size, &mut spares);
                    prop_assert_eq!(taken, size.min(model.len()));
                    model.drain(..taken);
                }
                prop_assert_eq!(outbox.pending(), &model[..]);
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
        assert_eq!((outbox.pending(), spares.0.len()), (&[0x81, 1, b'a'][..], Spares::COUNT_MAX - 1));
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
                outbox.write(&frame, Bytes::Frames, &mut spares);
                all.extend(frame);
                ends.push(all.len());
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
            assert_eq!(outbox.pending(), &all[written..end], "{written} bytes were written");
        }
        let (mut outbox, mut spares) = (Outbox::default(), Spares::default());
        outbox.write(b"rest of a frame", Bytes::Rest, &mut spares);
        outbox.write(&frame(1, 5), Bytes::Frames, &mut spares);
        outbox.cut();
        assert_eq!(outbox.pending(), b"rest of a frame");
    }
}
