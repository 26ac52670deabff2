//! Working space for encoding, so that a frame asks for no memory of its own.

/// A larger working space came from a rare large message and is not kept.
const SCRATCH_BYTES_KEPT: usize = 64 << 10;

/// Working space for encoding, kept between calls.
#[derive(Default)]
pub(in crate::shard) struct Scratch(Vec<u8>);

impl Scratch {
    /// The space, empty.
    pub fn take(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.0);
        bytes.clear();
        bytes
    }

    /// Takes it back, if it did not grow too much.
    pub fn keep(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() <= SCRATCH_BYTES_KEPT {
            self.0 = bytes;
        }
    }
}
