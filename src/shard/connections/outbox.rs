//! Bytes owed to one connection alone: replies, control frames, the rest of a cut frame. Eight bytes when empty.

/// See the module.
#[derive(Default)]
pub(in crate::shard) struct Outbox(Option<Box<Owed>>);

struct Owed {
    bytes: Vec<u8>,
    /// Bytes of the front that are written.
    written: usize,
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
    pub fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match &mut self.0 {
            Some(owed) => owed.bytes.extend_from_slice(bytes),
            None => self.0 = Some(Box::new(Owed { bytes: bytes.to_vec(), written: 0 })),
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
                owed.bytes.drain(..owed.written);
                owed.written = 0;
            }
        }
        taken
    }
}

/// Written bytes that are kept in front at most, so that a reader that is always a little behind does not
/// make the buffer grow for ever.
const COMPACT_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gives_back_what_was_written_in_order(steps in proptest::collection::vec((any::<bool>(), 0usize..90_000), 0..40)) {
            let mut outbox = Outbox::default();
            let (mut model, mut next) = (Vec::new(), 0u8);
            for (write, size) in steps {
                if write {
                    let bytes: Vec<u8> = (0..size).map(|_| { next = next.wrapping_add(1); next }).collect();
                    outbox.write(&bytes);
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
}
