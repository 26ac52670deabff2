//! A ring of bytes with positions that only rise. It starts without memory, grows by doubling while its
//! reader needs what it holds, and can give its memory back.

/// Bytes from `tail` to `head`. A position is a count of bytes since the ring was made.
#[derive(Default)]
pub struct ByteRing {
    /// Length 0 or a power of two; byte `p` is at `p % length`.
    buffer: Box<[u8]>,
    tail: u64,
    head: u64,
}

/// Bytes of the first allocation.
const CAPACITY_MIN: usize = 512;

impl ByteRing {
    /// Position after the newest byte.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Position of the oldest byte that is still kept.
    pub fn tail(&self) -> u64 {
        self.tail
    }

    /// Bytes of memory held.
    pub fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes that can be pushed as things are.
    pub fn room(&self) -> usize {
        self.buffer.len() - (self.head - self.tail) as usize
    }

    /// Forgets what lies before `position`.
    pub fn release_to(&mut self, position: u64) {
        self.tail = position.clamp(self.tail, self.head);
    }

    /// Grows until `bytes` fit, but not past `capacity_max` (rounded up to a power of two). Whether they fit now.
    pub fn grow_for(&mut self, bytes: usize, capacity_max: usize) -> bool {
        if self.room() >= bytes {
            return true;
        }
        let live = (self.head - self.tail) as usize;
        self.grow_to((live + bytes).min(capacity_max));
        self.room() >= bytes
    }

    /// Grows to at least `capacity`, rounded up to a power of two.
    pub fn grow_to(&mut self, capacity: usize) {
        let capacity = capacity.max(CAPACITY_MIN).next_power_of_two();
        if capacity > self.buffer.len() {
            self.resize(capacity);
        }
    }

    /// Gives back what is more than twice the bytes that are kept; all of it, if none are.
    pub fn shrink(&mut self) {
        let kept = (self.head - self.tail) as usize;
        if kept == 0 {
            return self.give_back();
        }
        let capacity = kept.max(CAPACITY_MIN).next_power_of_two();
        if capacity < self.buffer.len() {
            self.resize(capacity);
        }
    }

    fn resize(&mut self, capacity: usize) {
        let mut other = vec![0; capacity].into_boxed_slice();
        let (first, second) = self.run(self.tail, self.head);
        copy_in(&mut other, self.tail, first);
        copy_in(&mut other, self.tail + first.len() as u64, second);
        self.buffer = other;
    }

    /// Appends bytes. The caller has made room.
    pub fn push(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.room(), "the caller makes room before it pushes");
        copy_in(&mut self.buffer, self.head, bytes);
        self.head += bytes.len() as u64;
    }

    /// The bytes from one position to another, in at most two pieces.
    pub fn run(&self, from: u64, to: u64) -> (&[u8], &[u8]) {
        debug_assert!(self.tail <= from && from <= to && to <= self.head);
        if from == to {
            return (&[], &[]);
        }
        let mask = self.buffer.len() - 1;
        let start = from as usize & mask;
        let length = (to - from) as usize;
        if start + length <= self.buffer.len() {
            (&self.buffer[start..start + length], &[])
        } else {
            (&self.buffer[start..], &self.buffer[..start + length - self.buffer.len()])
        }
    }

    /// Gives the memory back. The caller no longer needs the bytes.
    pub fn give_back(&mut self) {
        self.tail = self.head;
        self.buffer = Box::default();
    }
}

fn copy_in(buffer: &mut [u8], position: u64, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let start = position as usize & (buffer.len() - 1);
    let first = bytes.len().min(buffer.len() - start);
    buffer[start..start + first].copy_from_slice(&bytes[..first]);
    buffer[..bytes.len() - first].copy_from_slice(&bytes[first..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_what_a_plain_buffer_keeps(steps in proptest::collection::vec((0usize..700, 0u8..4), 1..120)) {
            const MAX: usize = 2048;
            let mut ring = ByteRing::default();
            let mut model: Vec<u8> = Vec::new(); // everything ever pushed
            let mut next = 0u8;
            for (size, action) in steps {
                match action {
                    0 => ring.release_to(ring.tail() + size as u64),
                    1 => ring.shrink(),
                    _ => {
                        let bytes: Vec<u8> = (0..size).map(|_| { next = next.wrapping_add(1); next }).collect();
                        let live = (ring.head() - ring.tail()) as usize;
                        let fits = ring.grow_for(size, MAX);
                        prop_assert_eq!(fits, live + size <= MAX);
                        if fits {
                            ring.push(&bytes);
                            model.extend(&bytes);
                        }
                    }
                }
                prop_assert_eq!(ring.head(), model.len() as u64);
                prop_assert!(ring.capacity() <= MAX);
                let (first, second) = ring.run(ring.tail(), ring.head());
                prop_assert_eq!(&[first, second].concat(), &model[ring.tail() as usize..]);
            }
        }
    }
}
