//! A vector in chunks: growing it moves nothing. A plain vector of a million records would be copied when it
//! grows, which stalls a core, and leaves the memory of its smaller selves behind.

use std::ops::{Index, IndexMut};

/// Entries of a chunk. A power of two, so that an index splits by bits.
const CHUNK: usize = 256;

/// Values by index, appended only. A chunk is made whole, of default values, so that its length is known to the compiler
/// and a look at a value checks one bound alone.
pub struct Chunked<T> {
    chunks: Vec<Box<[T; CHUNK]>>,
    len: usize,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Default> Chunked<T> {
    /// Appends a value; says its index.
    pub fn push(&mut self, value: T) -> usize {
        let index = self.len;
        if index == self.chunks.len() * CHUNK {
            let chunk: Box<[T]> = (0..CHUNK).map(|_| T::default()).collect();
            self.chunks.extend(chunk.try_into());
        }
        self.len += 1;
        self[index] = value;
        index
    }
}

impl<T> Chunked<T> {
    /// The value at an index: a default one where none was appended yet, none where that is far off.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        Some(&self.chunks.get(index / CHUNK)?[index % CHUNK])
    }

    /// The value at an index, as [`Chunked::get`].
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Some(&mut self.chunks.get_mut(index / CHUNK)?[index % CHUNK])
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
        self.chunks.iter().flat_map(|chunk| chunk.iter()).take(self.len)
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
        assert_eq!(values.get(CHUNK * 3 + 1), Some(&0), "made with its chunk");
        assert_eq!(values.get(CHUNK * 4), None);
        assert_eq!(values.iter().count(), values.len());
    }
}
