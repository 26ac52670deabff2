//! A pool of records with small, reused indices, for records that nothing outside of their owner names. Where a
//! late message may name a dead one, see [`super::slab`].

use super::chunked::Chunked;
use std::ops::{Index, IndexMut};

/// Values by index.
pub struct Pool<T> {
    places: Chunked<Option<T>>,
    /// Free places, the one freed last on top: its memory is still warm.
    free: Vec<u32>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { places: Chunked::default(), free: Vec::new() }
    }
}

impl<T> Pool<T> {
    /// Stores a value; says its index.
    pub fn insert(&mut self, value: T) -> usize {
        match self.free.pop() {
            Some(index) => {
                self.places[index as usize] = Some(value);
                index as usize
            }
            None => self.places.push(Some(value)),
        }
    }

    /// The value at an index, if there is one.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.places.get_mut(index)?.as_mut()
    }

    /// Whether there is a value at an index.
    pub fn contains(&self, index: usize) -> bool {
        self.places.get(index).is_some_and(Option::is_some)
    }

    /// Takes a value out.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, index: usize) -> T {
        let value = self.places[index].take().expect("a value that is there is removed");
        self.free.push(index as u32);
        value
    }

    /// Values stored.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places there are, free ones included: the bound of an index.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// All values with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.places.iter().enumerate().filter_map(|(index, place)| Some((index, place.as_ref()?)))
    }
}

impl<T> Index<usize> for Pool<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        self.places[index].as_ref().expect("an index in use")
    }
}

impl<T> IndexMut<usize> for Pool<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        self.places[index].as_mut().expect("an index in use")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn behaves_like_a_map(steps in proptest::collection::vec(any::<(bool, u16)>(), 0..600)) {
            let mut pool = Pool::default();
            let mut model = BTreeMap::new();
            for (insert, which) in steps {
                if insert || model.is_empty() {
                    prop_assert!(model.insert(pool.insert(which), which).is_none());
                } else {
                    let index = *model.keys().nth(usize::from(which) % model.len()).unwrap();
                    prop_assert_eq!(Some(pool.remove(index)), model.remove(&index));
                    prop_assert!(!pool.contains(index));
                }
                prop_assert_eq!(pool.len(), model.len());
            }
            prop_assert!(pool.iter().map(|(index, value)| (index, *value)).eq(model));
        }
    }
}
