//! The browsers that may be sent messages. A change is decided, stored by whoever called, then applied or given up.
//! Changes are stored in the order in which they were decided, so none has to wait for another.

use super::faults;
use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::fault::Fault;
use crate::model::web_push::{Endpoint, PushKeys, PushSubscription};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionRules {
    /// Of all users.
    pub subscriptions_max: usize,
    /// Of one user.
    pub per_user_max: usize,
}

/// A change that is decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubscriptionChange {
    /// There is one of this number.
    Put {
        /// Its number, which no other ever had.
        number: u64,
        /// What it is.
        subscription: Arc<PushSubscription>,
        /// Whether there was none of this number.
        is_new: bool,
        /// Another user's of the same endpoint, which goes.
        displaced: Option<u64>,
    },
    /// There is none of this number.
    Deleted {
        /// Its number.
        number: u64,
    },
}

/// All push subscriptions, by number and by user.
pub struct Subscriptions {
    by_number: BTreeMap<u64, Arc<PushSubscription>>,
    by_endpoint: KeyedMap<Endpoint, u64>,
    /// The numbers of each user's, ascending.
    by_user: KeyedMap<Arc<str>, Vec<u64>>,
    /// New ones of each user that are on their way to the disk.
    coming: BTreeMap<Arc<str>, usize>,
    /// How many changes of each number are on their way to the disk.
    changing: BTreeMap<u64, usize>,
}

impl Subscriptions {
    /// None.
    pub fn new(seed: u64) -> Self {
        let hasher = |purpose| KeyedState::new(seed, purpose);
        Self {
            by_number: BTreeMap::new(),
            by_endpoint: KeyedMap::with_hasher(hasher(0x3eb0)),
            by_user: KeyedMap::with_hasher(hasher(0x3eb1)),
            coming: BTreeMap::new(),
            changing: BTreeMap::new(),
        }
    }

    /// The subscription of a number.
    pub fn get(&self, number: u64) -> Option<&Arc<PushSubscription>> {
        self.by_number.get(&number)
    }

    /// The numbers of a user's, ascending.
    pub fn of_user(&self, user: &str) -> &[u64] {
        self.by_user.get(user).map_or(&[], Vec::as_slice)
    }

    /// The numbers of all above one, ascending.
    pub fn above(&self, number: u64) -> impl Iterator<Item = u64> {
        self.by_number.range(number + 1..).map(|(number, _)| *number)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }

    /// Decides that there is one; `fresh` is a number that none has had. An endpoint belongs to who stored it last.
    ///
    /// # Errors
    /// There are as many as may be.
    pub fn decide_put(
        &mut self,
        rules: SubscriptionRules,
        user: &Arc<str>,
        (endpoint, keys): (Endpoint, PushKeys),
        fresh: u64,
    ) -> Result<SubscriptionChange, Fault> {
        let known = self.by_endpoint.get(&endpoint).copied();
        let own = known.filter(|number| self.get(*number).is_some_and(|one| one.user == *user));
        let is_new = own.is_none();
        if is_new {
            let coming: usize = self.coming.values().sum();
            let of_user = self.of_user(user).len() + self.coming.get(user).copied().unwrap_or_default();
            if of_user >= rules.per_user_max {
                return Err(faults::too_many_of_user(rules.per_user_max));
            }
            if self.len() + coming >= rules.subscriptions_max {
                return Err(faults::too_many());
            }
            *self.coming.entry(user.clone()).or_default() += 1;
        }
        let number = own.unwrap_or(fresh);
        *self.changing.entry(number).or_default() += 1;
        let subscription = Arc::new(PushSubscription { user: user.clone(), endpoint, keys });
        Ok(SubscriptionChange::Put { number, subscription, is_new, displaced: known.filter(|_| is_new) })
    }

    /// Decides that a user's own is none any more.
    ///
    /// # Errors
    /// There is none of this user, endpoint and keys.
    pub fn decide_delete(
        &mut self,
        user: &str,
        endpoint: &Endpoint,
        keys: &PushKeys,
    ) -> Result<SubscriptionChange, Fault> {
        let number = self.by_endpoint.get(endpoint).copied();
        let is_own =
            |number: &u64| self.get(*number).is_some_and(|one| *one.user == *user && one.keys == *keys);
        let number = number.filter(is_own).ok_or_else(faults::no_subscription)?;
        *self.changing.entry(number).or_default() += 1;
        Ok(SubscriptionChange::Deleted { number })
    }

    /// A change is stored. Says which other subscription of the same endpoint went by it and is still on the disk.
    pub fn apply(&mut self, change: &SubscriptionChange) -> Option<u64> {
        self.give_up(change);
        match change {
            SubscriptionChange::Put { number, subscription, displaced, .. } => {
                let before = self.by_endpoint.get(&subscription.endpoint).copied();
                let before = before.filter(|before| before != number);
                before.into_iter().for_each(|before| self.remove(before));
                self.insert(*number, subscription.clone());
                before.filter(|before| Some(*before) != *displaced)
            }
            SubscriptionChange::Deleted { number } => {
                self.remove(*number);
                None
            }
        }
    }

    /// A change could not be stored.
    pub fn give_up(&mut self, change: &SubscriptionChange) {
        let number = match change {
            SubscriptionChange::Put { number, subscription, is_new, .. } => {
                if *is_new {
                    less(&mut self.coming, &subscription.user);
                }
                number
            }
            SubscriptionChange::Deleted { number } => number,
        };
        less(&mut self.changing, number);
    }

    /// The push service knows it no more. Whether it is forgotten: what is being changed may be another one tomorrow.
    pub fn forget(&mut self, number: u64) -> bool {
        let forgets = !self.changing.contains_key(&number) && self.by_number.contains_key(&number);
        if forgets {
            self.remove(number);
        }
        forgets
    }

    /// One that was stored. Says which other of the same endpoint it replaces, which was to be deleted.
    pub fn restore(&mut self, number: u64, subscription: Arc<PushSubscription>) -> Option<u64> {
        let before = self.by_endpoint.get(&subscription.endpoint).copied();
        if before.is_some_and(|before| before > number) {
            return Some(number);
        }
        before.into_iter().for_each(|before| self.remove(before));
        self.insert(number, subscription);
        before
    }

    fn insert(&mut self, number: u64, subscription: Arc<PushSubscription>) {
        self.by_endpoint.insert(subscription.endpoint.clone(), number);
        let of_user = self.by_user.entry(subscription.user.clone()).or_default();
        if let Err(place) = of_user.binary_search(&number) {
            of_user.insert(place, number);
        }
        self.by_number.insert(number, subscription);
    }

    fn remove(&mut self, number: u64) {
        let Some(subscription) = self.by_number.remove(&number) else { return };
        if self.by_endpoint.get(&subscription.endpoint) == Some(&number) {
            self.by_endpoint.remove(&subscription.endpoint);
        }
        if let Some(of_user) = self.by_user.get_mut(&subscription.user) {
            of_user.retain(|one| *one != number);
            if of_user.is_empty() {
                self.by_user.remove(&subscription.user);
            }
        }
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert_eq!(self.by_number.len(), self.by_endpoint.len(), "one subscription for each endpoint");
        assert_eq!(self.by_number.len(), self.by_user.values().map(Vec::len).sum::<usize>());
        assert!(self.coming.values().chain(self.changing.values()).all(|count| *count > 0));
    }
}

fn less<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
