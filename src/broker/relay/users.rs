//! Which cores have connections by which a user can be reached.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ids::CoreId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// On which cores each user has connections. Edge cores say it, and count right: a core comes with the first connection of a user there and goes with
/// the last.
pub struct Reachable {
    by_user: KeyedMap<Arc<str>, BTreeSet<CoreId>>,
}

impl Reachable {
    /// Nobody yet.
    pub fn new(hasher: KeyedState) -> Self {
        Self { by_user: KeyedMap::with_hasher(hasher) }
    }

    /// A core has connections of a user, or has none any more.
    pub fn set(&mut self, user: &Arc<str>, core: CoreId, reachable: bool) {
        if reachable {
            self.by_user.entry(user.clone()).or_default().insert(core);
        } else if let Some(cores) = self.by_user.get_mut(user) {
            cores.remove(&core);
            if cores.is_empty() {
                self.by_user.remove(user);
            }
        }
    }

    /// The cores that have connections of a user, in order.
    pub fn cores(&self, user: &str) -> Vec<CoreId> {
        self.by_user.get(user).into_iter().flatten().copied().collect()
    }

    /// Users that can be reached.
    pub fn len(&self) -> usize {
        self.by_user.len()
    }

    /// Whether nobody can be.
    pub fn is_empty(&self) -> bool {
        self.by_user.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_reached_where_it_has_connections() {
        let mut reachable = Reachable::new(KeyedState::new(1, 2));
        let ada: Arc<str> = "ada".into();
        assert!(reachable.cores("ada").is_empty());
        reachable.set(&ada, CoreId(2), true);
        reachable.set(&ada, CoreId(0), true);
        assert_eq!(reachable.cores("ada"), [CoreId(0), CoreId(2)]);
        reachable.set(&ada, CoreId(2), false);
        reachable.set(&ada, CoreId(2), false);
        assert_eq!(reachable.cores("ada"), [CoreId(0)]);
        reachable.set(&ada, CoreId(0), false);
        assert!(reachable.is_empty());
    }
}
