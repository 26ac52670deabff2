//! A sorted set that mostly has one element, which then takes no memory of its own.

use std::collections::BTreeSet;

/// A sorted set.
#[derive(Debug)]
pub enum Few<T> {
    /// One element, or none.
    One(Option<T>),
    /// Two or more, once there were as many.
    Many(BTreeSet<T>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::One(None)
    }
}

impl<T: Ord> Few<T> {
    /// Puts an element in.
    pub fn insert(&mut self, element: T) {
        match self {
            Self::One(one) => match one.take() {
                Some(other) if other != element => *self = Self::Many(BTreeSet::from([other, element])),
                _ => *one = Some(element),
            },
            Self::Many(many) => {
                many.insert(element);
            }
        }
    }

    /// Takes an element out, if it is there.
    pub fn remove(&mut self, element: &T) {
        match self {
            Self::One(one) => {
                one.take_if(|one| one == element);
            }
            Self::Many(many) => {
                many.remove(element);
            }
        }
    }

    /// Elements.
    pub fn len(&self) -> usize {
        match self {
            Self::One(one) => usize::from(one.is_some()),
            Self::Many(many) => many.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let (one, many) = match self {
            Self::One(one) => (one.as_ref(), None),
            Self::Many(many) => (None, Some(many)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((any::<bool>(), 0_u8..4), 0..40)) {
            let (mut few, mut model) = (Few::default(), BTreeSet::new());
            for (puts_in, element) in steps {
                if puts_in {
                    few.insert(element);
                    model.insert(element);
                } else {
                    few.remove(&element);
                    model.remove(&element);
                }
                prop_assert!(few.iter().eq(&model));
                prop_assert_eq!((few.len(), few.is_empty()), (model.len(), model.is_empty()));
            }
        }
    }
}
