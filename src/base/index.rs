//! Small numbers by what they stand for, for tables whose entries know their own key: the index keeps nine bytes for
//! each, not the key again.

use super::hash::KeyedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Numbers by half of the hash of their key. The caller says which number has the key that it looks for.
#[derive(Default)]
pub struct Index {
    table: HashTable<Place>,
}

/// Numbers by name. The caller says which name a number has; it must say the same as long as the number is here.
pub struct NameIndex {
    index: Index,
    hasher: KeyedState,
}

/// With half of the hash kept beside it, a number moves to a larger table without a look at its name, which would
/// stall a core when a table of many channels grows.
#[derive(Clone, Copy)]
struct Place {
    hash: u32,
    number: u32,
}

impl Place {
    /// The table takes its bits from both ends of a hash.
    fn hash(&self) -> u64 {
        u64::from(self.hash) << 32 | u64::from(self.hash)
    }
}

impl Index {
    /// The number that has a hash and is the `same`.
    pub fn find(&self, hash: u32, same: impl Fn(u32) -> bool) -> Option<u32> {
        let place = Place { hash, number: 0 };
        self.table.find(place.hash(), |at| at.hash == hash && same(at.number)).map(|at| at.number)
    }

    /// Adds a number whose key has none.
    pub fn insert(&mut self, hash: u32, number: u32) {
        let place = Place { hash, number };
        self.table.insert_unique(place.hash(), place, Place::hash);
    }

    /// Sets the number of a key, of which a number that is the `same` has it before; says that one, if any.
    pub fn set(&mut self, hash: u32, number: u32, same: impl Fn(u32) -> bool) -> Option<u32> {
        let place = Place { hash, number };
        match self.table.entry(place.hash(), |at| at.hash == hash && same(at.number), Place::hash) {
            Entry::Occupied(mut entry) => Some(std::mem::replace(entry.get_mut(), place).number),
            Entry::Vacant(entry) => {
                entry.insert(place);
                None
            }
        }
    }

    /// Forgets a number; nothing happens if it is not here under this hash.
    pub fn remove(&mut self, hash: u32, number: u32) {
        let place = Place { hash, number };
        if let Ok(entry) = self.table.find_entry(place.hash(), |at| at.number == number) {
            entry.remove();
        }
    }

    /// Numbers there are.
    pub fn count(&self) -> usize {
        self.table.len()
    }
}

impl NameIndex {
    /// An empty index, keyed against names that collide by intent.
    pub fn new(hasher: KeyedState) -> Self {
        Self { index: Index::default(), hasher }
    }

    /// The number of a name.
    pub fn find<'a>(&self, name: &str, name_of: impl Fn(u32) -> &'a str) -> Option<u32> {
        self.index.find(self.hash(name), |number| name_of(number) == name)
    }

    /// Gives a name a number; says which it had before, if any.
    pub fn set<'a>(&mut self, name: &str, number: u32, name_of: impl Fn(u32) -> &'a str) -> Option<u32> {
        self.index.set(self.hash(name), number, |number| name_of(number) == name)
    }

    /// Forgets the number that a name has; nothing happens if it has another.
    pub fn remove(&mut self, name: &str, number: u32) {
        self.index.remove(self.hash(name), number);
    }

    /// Names that have a number.
    pub fn count(&self) -> usize {
        self.index.count()
    }

    fn hash(&self, name: &str) -> u32 {
        self.hasher.hash_bytes(name.as_bytes()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// What the tests name with a number: a few names with several numbers each.
    fn named(number: u32) -> &'static str {
        ["", "a", "b", "room:1", "room:2", "room:10", "é", "long, longer, longest of all names here"]
            [number as usize % 8]
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0_u32..64, 0_u8..3), 0..200)) {
            let mut index = NameIndex::new(KeyedState::new(7, 9));
            let mut model = BTreeMap::new();
            for (number, step) in steps {
                let name = named(number);
                match step {
                    0 => prop_assert_eq!(index.set(name, number, named), model.insert(name, number)),
                    1 => {
                        index.remove(name, number);
                        if model.get(name) == Some(&number) {
                            model.remove(name);
                        }
                    }
                    _ => prop_assert_eq!(index.find(name, named), model.get(name).copied()),
                }
                prop_assert_eq!(index.count(), model.len());
            }
        }
    }

    #[test]
    fn many_names_are_found_after_the_table_grew() {
        let names: Vec<String> = (0..5_000).map(|number| format!("room:{number}")).collect();
        let name_of = |number: u32| names[number as usize].as_str();
        let mut index = NameIndex::new(KeyedState::new(1, 2));
        for (number, name) in (0..).zip(&names) {
            assert_eq!(index.set(name, number, name_of), None);
        }
        for (number, name) in (0..).zip(&names) {
            assert_eq!(index.find(name, name_of), Some(number));
        }
        assert_eq!(index.find("room:5000", name_of), None);
        assert_eq!(size_of::<Place>(), 8);
    }
}
