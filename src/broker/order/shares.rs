//! Which cores have subscribers of a channel, and how many.

use crate::base::ids::CoreId;

/// The subscribers of a channel by core: sorted, none with 0. Reallocated only when a core comes or goes, so
/// that a channel with subscribers on one core costs one small allocation.
#[derive(Debug, Default)]
pub struct Shares(Box<[Share]>);

/// One core's share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// Which core.
    pub core: CoreId,
    /// Subscriptions there, at least 1.
    pub subscriptions: u32,
}

/// What removing a subscription did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removed {
    /// The core had none.
    Unknown,
    /// Others of the core are left.
    SomeLeft,
    /// It was the core's last.
    Last,
}

impl Shares {
    /// Counts one subscription more.
    pub fn add(&mut self, core: CoreId) {
        match self.0.binary_search_by_key(&core, |share| share.core) {
            Ok(place) => self.0[place].subscriptions = self.0[place].subscriptions.saturating_add(1),
            Err(place) => {
                let mut shares = std::mem::take(&mut self.0).into_vec();
                shares.insert(place, Share { core, subscriptions: 1 });
                self.0 = shares.into_boxed_slice();
            }
        }
    }

    /// Counts one subscription less.
    pub fn remove(&mut self, core: CoreId) -> Removed {
        let Ok(place) = self.0.binary_search_by_key(&core, |share| share.core) else {
            return Removed::Unknown;
        };
        self.0[place].subscriptions -= 1;
        if self.0[place].subscriptions > 0 {
            return Removed::SomeLeft;
        }
        let mut shares = std::mem::take(&mut self.0).into_vec();
        shares.remove(place);
        self.0 = shares.into_boxed_slice();
        Removed::Last
    }

    /// The cores that have subscribers, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Share> {
        self.0.iter()
    }

    /// Whether the core has subscribers.
    pub fn contains(&self, core: CoreId) -> bool {
        self.0.binary_search_by_key(&core, |share| share.core).is_ok()
    }

    /// Whether no core has subscribers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert!(self.0.windows(2).all(|pair| pair[0].core < pair[1].core), "shares are sorted");
        assert!(self.0.iter().all(|share| share.subscriptions > 0), "no empty share");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_counted_by_core() {
        let mut shares = Shares::default();
        for core in [3, 1, 3, 2] {
            shares.add(CoreId(core));
            shares.invariants();
        }
        let counts: Vec<_> = shares.iter().map(|share| (share.core.0, share.subscriptions)).collect();
        assert_eq!(counts, [(1, 1), (2, 1), (3, 2)]);
        assert_eq!(shares.remove(CoreId(3)), Removed::SomeLeft);
        assert_eq!(shares.remove(CoreId(3)), Removed::Last);
        assert_eq!(shares.remove(CoreId(3)), Removed::Unknown);
        assert!(!shares.contains(CoreId(3)) && shares.contains(CoreId(1)));
        shares.invariants();
    }
}
