//! Bytes that arrived but are not parsed yet, because the caller paused.

/// Unparsed bytes. Taking from the front moves an offset, so that many small takes stay linear.
#[derive(Default, Debug)]
pub struct Unparsed {
    bytes: Vec<u8>,
    start: usize,
}

impl Unparsed {
    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Bytes of memory that they take.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether none wait.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start != 0 && !bytes.is_empty() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes that wait.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }

    /// Drops `count` bytes from the front; at most all.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
    }

    /// The bytes that wait, as their own vector.
    pub fn into_vec(mut self) -> Vec<u8> {
        self.bytes.drain(..self.start);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_from_the_front_and_adds_at_the_end() {
        let mut unparsed = Unparsed::default();
        unparsed.push(b"abcd");
        unparsed.consume(1);
        assert_eq!(unparsed.as_mut_slice(), b"bcd");
        unparsed.push(b"");
        unparsed.push(b"ef");
        assert_eq!((unparsed.as_mut_slice().to_vec(), unparsed.len()), (b"bcdef".to_vec(), 5));
        unparsed.consume(2);
        assert_eq!(unparsed.into_vec(), b"def");
    }

    #[test]
    fn consuming_too_much_empties() {
        let mut unparsed = Unparsed::default();
        unparsed.push(b"ab");
        unparsed.consume(9);
        assert!(unparsed.is_empty());
        unparsed.push(b"c");
        assert_eq!(unparsed.as_mut_slice(), b"c");
    }
}
