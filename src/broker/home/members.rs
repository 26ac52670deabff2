//! The members of one channel with presence: users, counted by their subscriptions on all cores.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Users and their subscriptions, sorted by user, so that lists need no sorting.
#[derive(Debug, Default)]
pub struct Members(BTreeMap<Arc<str>, u32>);

impl Members {
    /// Whether the user has a subscription.
    pub fn contains(&self, user: &str) -> bool {
        self.0.contains_key(user)
    }

    /// Counts one subscription more; true if it is the user's first.
    pub fn join(&mut self, user: &Arc<str>) -> bool {
        if let Some(subscriptions) = self.0.get_mut(user) {
            *subscriptions = subscriptions.saturating_add(1);
            return false;
        }
        self.0.insert(user.clone(), 1);
        true
    }

    /// Counts one subscription less; true if it was the user's last.
    pub fn leave(&mut self, user: &str) -> bool {
        let Some(subscriptions) = self.0.get_mut(user) else { return false };
        *subscriptions -= 1;
        let last = *subscriptions == 0;
        if last {
            self.0.remove(user);
        }
        last
    }

    /// User ids, each once, sorted.
    pub fn list(&self) -> Vec<Arc<str>> {
        self.0.keys().cloned().collect()
    }

    /// Members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Subscriptions of all members.
    pub fn subscriptions(&self) -> u64 {
        self.0.values().map(|subscriptions| u64::from(*subscriptions)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_joins_and_the_last_leaves() {
        let (ann, bob): (Arc<str>, Arc<str>) = ("ann".into(), "bob".into());
        let mut members = Members::default();
        assert!(members.join(&bob));
        assert!(members.join(&ann));
        assert!(!members.join(&ann));
        assert_eq!(members.list(), [ann.clone(), bob]);
        assert_eq!((members.len(), members.subscriptions()), (2, 3));
        assert!(!members.leave(&ann));
        assert!(members.leave(&ann));
        assert!(!members.leave(&ann), "not a member any more");
        assert!(!members.contains("ann"));
    }
}
