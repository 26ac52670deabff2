//! A slab of connections: slots that are used again under a new generation, so that a late message for a
//! closed connection never reaches its successor.

use super::chunked::Chunked;
use super::ids::ConnectionId;

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { generation: 0, value: None }
    }
}

/// Values by [`ConnectionId`].
pub struct Slab<T> {
    slots: Chunked<Slot<T>>,
    /// Free slots, the one freed last on top: its memory is still warm.
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Chunked::default(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Stores a value under a new id.
    pub fn insert(&mut self, value: T) -> ConnectionId {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = self.slots.push(Slot::default());
            u32::try_from(index).expect("limits keep connections far below 2^32")
        });
        let slot = &mut self.slots[index as usize];
        slot.value = Some(value);
        ConnectionId { index, generation: slot.generation }
    }

    /// The value of an id that is still alive.
    #[inline]
    pub fn get(&self, id: ConnectionId) -> Option<&T> {
        self.slots.get(id.index as usize).filter(|slot| slot.generation == id.generation)?.value.as_ref()
    }

    /// The value of an id that is still alive.
    #[inline]
    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut T> {
        self.slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation)?.value.as_mut()
    }

    /// Takes the value out; the id is dead from now on.
    pub fn remove(&mut self, id: ConnectionId) -> Option<T> {
        let slot = self.slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation)?;
        let value = slot.value.take()?;
        slot.generation = (slot.generation + 1) & ConnectionId::GENERATION_MASK;
        self.free.push(id.index);
        Some(value)
    }

    /// Values stored.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Slots there are, free ones included: the bound of [`Slab::id_at`].
    pub fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The id that lives in a slot.
    pub fn id_at(&self, index: u32) -> Option<ConnectionId> {
        let slot = self.slots.get(index as usize)?;
        slot.value.as_ref().map(|_| ConnectionId { index, generation: slot.generation })
    }

    /// All ids that are alive, by slot.
    pub fn ids(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        (0..self.slots()).filter_map(|index| self.id_at(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_dead_id_never_reaches_its_successor() {
        let mut slab = Slab::default();
        let first = slab.insert("a");
        assert_eq!(slab.remove(first), Some("a"));
        let second = slab.insert("b");
        assert_eq!(second.index, first.index);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(&"b"));
    }

    proptest! {
        #[test]
        fn behaves_like_a_map(steps in proptest::collection::vec(any::<(bool, u8)>(), 0..200)) {
            let mut slab = Slab::default();
            let mut model = BTreeMap::new();
            let mut ids = Vec::new();
            for (insert, which) in steps {
                if insert || ids.is_empty() {
                    let id = slab.insert(which);
                    prop_assert!(model.insert(id, which).is_none());
                    ids.push(id);
                } else {
                    let id = ids[usize::from(which) % ids.len()];
                    prop_assert_eq!(slab.remove(id), model.remove(&id));
                }
                prop_assert_eq!(slab.len(), model.len());
                for id in &ids {
                    prop_assert_eq!(slab.get(*id), model.get(id));
                }
            }
            prop_assert_eq!(slab.ids().count(), model.len());
        }
    }
}
