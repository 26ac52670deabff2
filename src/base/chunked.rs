//! A vector in chunks: growing it moves nothing. A plain vector of a million records would be copied when it
//! grows, which stalls a core, and leaves the memory of its smaller selves behind.

use std::ops::{Index, IndexMut};

/// Entries of a chunk. A power of two, so that an index splits by bits.
const CHUNK: usize = 256;

/// Values by index, appended only.
pub struct Chunked<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T> Chunked<T> {
    /// Appends a value; says its index.
    pub fn push(&mut self, value: T) -> usize {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks[self.len / CHUNK].push(value);
        self.len += 1;
        self.len - 1
    }

    /// The value at an index, if there is one.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// The value at an index, if there is one.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    /// Values stored.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All values, by index.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }
}

impl<T> Index<usize> for Chunked<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.chunks[index / CHUNK][index % CHUNK]
    }
}

impl<T> IndexMut<usize> for Chunked<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.chunks[index / CHUNK][index % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_at_their_index_over_chunks() {
        let mut values = Chunked::default();
        for value in 0..CHUNK * 3 + 1 {
            assert_eq!(values.push(value), value);
        }
        values[CHUNK] = 7;
        assert_eq!(
            (values[CHUNK - 1], values[CHUNK], values.get(CHUNK * 3)),
            (CHUNK - 1, 7, Some(&(CHUNK * 3)))
        );
        assert_eq!(values.get(CHUNK * 3 + 1), None);
        assert_eq!(values.iter().count(), values.len());
    }
}
