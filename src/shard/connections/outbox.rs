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
    pub fn write(&mut self, bytes: &[u8], kind: Bytes) {
        if bytes.is_empty() {
            return;
        }
        match &mut self.0 {
            Some(owed) => owed.bytes.extend_from_slice(bytes),
            None => {
                let frame = if kind == Bytes::Rest { bytes.len() } else { 0 };
                let frame = if kind == Bytes::Plain { usize::MAX } else { frame };
                self.0 = Some(Box::new(Owed { bytes: bytes.to_vec(), written: 0, frame }));
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
    pub fn consume(&mut self, bytes: usize) -> usize {
        let taken = bytes.min(self.len());
        if let Some(owed) = &mut self.0 {
            owed.written += taken;
            if owed.written == owed.bytes.len() {
                self.0 = None;
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
            let mut outbox = Outbox::default();
            let (mut model, mut next) = (Vec::new(), 0u8);
            for (write, size) in steps {
                if write {
                    let bytes: Vec<u8> = (0..size).map(|_| { next = next.wrapping_add(1); next }).collect();
                    outbox.write(&bytes, Bytes::Plain);
                    model.extend(bytes);
                } else {
                    let taken = outbox.consume(size);
                    prop_assert_eq!(taken, size.min(model.len()));
                    model.drain(..taken);
                }
                prop_assert_eq!(outbox.pending(), &model[..]);
                prop_assert_eq!(outbox.is_empty(), model.is_empty());
            }
        }
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
            let mut outbox = Outbox::default();
            outbox.write(b"HTTP/1.1 101", Bytes::Plain);
            outbox.begin_frames();
            let mut all = b"HTTP/1.1 101".to_vec();
            let mut ends = vec![all.len()];
            for (index, length) in [0, 7, 130, 70_000, 66_000, 90_000, 3].into_iter().enumerate() {
                let frame = frame(index as u8, length);
                outbox.write(&frame, Bytes::Frames);
                all.extend(frame);
                ends.push(all.len());
            }
            let written = written.min(all.len());
            let (mut left, mut step) = (written, 40_000);
            while left > 0 {
                step = step.min(left);
                assert_eq!(outbox.consume(step), step);
                left -= step;
            }
            outbox.cut();
            let end = *ends.iter().find(|end| **end >= written).expect("the last is the end");
            assert_eq!(outbox.pending(), &all[written..end], "{written} bytes were written");
        }
        let mut outbox = Outbox::default();
        outbox.write(b"rest of a frame", Bytes::Rest);
        outbox.write(&frame(1, 5), Bytes::Frames);
        outbox.cut();
        assert_eq!(outbox.pending(), b"rest of a frame");
    }
}
