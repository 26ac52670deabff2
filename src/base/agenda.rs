//! Things in the order of their deadlines: the next one is known exactly, and nothing is looked at before it is due.

use std::collections::BTreeSet;

/// The deadline of whatever has none.
pub const NEVER_US: u64 = u64::MAX;

/// Things by when they are due, monotonic microseconds. Whoever owns a thing keeps its deadline too.
#[derive(Debug)]
pub struct Agenda<K>(BTreeSet<(u64, K)>);

impl<K> Default for Agenda<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<K: Ord + Clone> Agenda<K> {
    /// Moves a thing from the deadline that it had to another one. [`NEVER_US`] is none.
    pub fn move_to(&mut self, key: &K, was_us: u64, due_us: u64) {
        if was_us == due_us {
            return;
        }
        self.0.remove(&(was_us, key.clone()));
        if due_us != NEVER_US {
            self.0.insert((due_us, key.clone()));
        }
    }

    /// The thing whose deadline passed first of those whose has.
    pub fn due(&self, now_us: u64) -> Option<K> {
        self.0.first().filter(|(due_us, _)| *due_us <= now_us).map(|(_, key)| key.clone())
    }

    /// The next deadline.
    pub fn next_us(&self) -> Option<u64> {
        self.0.first().map(|(due_us, _)| *due_us)
    }

    /// Whether a thing stands at a deadline.
    pub fn has(&self, key: &K, due_us: u64) -> bool {
        self.0.contains(&(due_us, key.clone()))
    }

    /// Things that have deadlines.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_first_comes_first_and_nothing_before_its_time() {
        let mut agenda = Agenda::default();
        for (key, due_us) in [("late", 30), ("soon", 10), ("never", NEVER_US)] {
            agenda.move_to(&key, NEVER_US, due_us);
        }
        assert_eq!((agenda.len(), agenda.next_us(), agenda.due(9)), (2, Some(10), None));
        assert_eq!(agenda.due(30), Some("soon"));
        agenda.move_to(&"soon", 10, 40);
        assert_eq!((agenda.due(30), agenda.due(29)), (Some("late"), None));
        assert!(agenda.has(&"soon", 40) && !agenda.has(&"soon", 10));
        agenda.move_to(&"late", 30, NEVER_US);
        agenda.move_to(&"soon", 40, NEVER_US);
        assert!(agenda.is_empty() && agenda.due(u64::MAX - 1).is_none());
    }
}
