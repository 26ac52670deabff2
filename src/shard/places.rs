//! Places in a queue that users share: whoever has many leaves as many to the others. A user alone may take half of them,
//! two greedy ones a third each, and one that comes later always finds some, however many connections they have.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Who has how many. Whose is nobody's is in no account.
#[derive(Default)]
pub(in crate::shard) struct Places {
    by_user: BTreeMap<Arc<str>, usize>,
}

impl Places {
    /// Whether a user may have one more while so many are free.
    pub fn may_take(&self, user: &str, free: usize) -> bool {
        free > 0 && self.by_user.get(user).is_none_or(|count| *count <= free)
    }

    /// A user has one more.
    pub fn take(&mut self, user: &Arc<str>) {
        *self.by_user.entry(user.clone()).or_default() += 1;
    }

    /// A user has one less.
    pub fn give_back(&mut self, user: &Arc<str>) {
        if let Some(count) = self.by_user.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.by_user.remove(user);
            }
        }
    }

    /// Places that users have.
    pub fn taken(&self) -> usize {
        self.by_user.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as much as it may for a user; says how many that was.
    fn grab(places: &mut Places, user: &str, of: usize) -> usize {
        let user: Arc<str> = user.into();
        let before = places.taken();
        while places.may_take(&user, of - places.taken()) {
            places.take(&user);
        }
        places.taken() - before
    }

    #[test]
    fn one_that_comes_later_finds_places_however_greedy_others_are() {
        let mut places = Places::default();
        assert_eq!(grab(&mut places, "greedy", 1_000), 501, "half of all");
        assert_eq!(grab(&mut places, "also", 1_000), 250, "half of the rest");
        assert!(places.may_take("modest", 1_000 - places.taken()));
        for _ in 0..501 {
            places.give_back(&"greedy".into());
        }
        assert_eq!(grab(&mut places, "also", 1_000), 251, "what is given back is shared anew");
        assert_eq!(places.taken(), 501);
    }

    #[test]
    fn the_last_place_is_anybodys_and_none_is_nobodys() {
        let mut places = Places::default();
        assert!(places.may_take("a", 1) && !places.may_take("a", 0));
        assert_eq!(grab(&mut places, "a", 2), 2, "two places have no halves to keep free");
    }
}
