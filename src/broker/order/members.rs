//! The members of one channel with presence: users or sockets, counted by their subscriptions on all cores.

use crate::base::ids::{ConnectionId, CoreId};
use crate::model::command::Page;
use crate::model::session::Session;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A session as a member. Told apart and sorted by [`Session::member`] alone.
#[derive(Clone, Debug)]
pub struct Member(pub Arc<Session>);

impl Borrow<str> for Member {
    fn borrow(&self) -> &str {
        self.0.member()
    }
}

impl Ord for Member {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.member().cmp(other.0.member())
    }
}

impl PartialOrd for Member {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Member {}

/// Members and their subscriptions, sorted, so that lists need no sorting.
#[derive(Debug, Default)]
pub struct Members(BTreeMap<Member, Standing>);

/// What is kept of a member besides who it is.
#[derive(Clone, Copy, Debug)]
struct Standing {
    subscriptions: u32,
    /// The edge core and ...
    core: CoreId,
    /// ... the connection of its first subscription; of its only one, where members are sockets.
    connection: ConnectionId,
}

impl Members {
    /// Whether somebody is a member.
    pub fn contains(&self, member: &str) -> bool {
        self.0.contains_key(member)
    }

    /// Where the first subscription of a member is.
    pub fn place(&self, member: &str) -> Option<(CoreId, ConnectionId)> {
        self.0.get(member).map(|standing| (standing.core, standing.connection))
    }

    /// Counts one subscription more; true if it is the member's first.
    pub fn join(&mut self, session: &Arc<Session>, core: CoreId, connection: ConnectionId) -> bool {
        if let Some(standing) = self.0.get_mut(session.member()) {
            standing.subscriptions = standing.subscriptions.saturating_add(1);
            return false;
        }
        self.0.insert(Member(session.clone()), Standing { subscriptions: 1, core, connection });
        true
    }

    /// Counts one subscription less; the member, if it was its last.
    pub fn leave(&mut self, member: &str) -> Option<Arc<Session>> {
        let standing = self.0.get_mut(member)?;
        standing.subscriptions -= 1;
        if standing.subscriptions > 0 {
            return None;
        }
        self.0.remove_entry(member).map(|(Member(session), _)| session)
    }

    /// A slice of the members, each once, sorted.
    pub fn page(&self, page: Page) -> Vec<Arc<Session>> {
        let members = self.0.keys().skip(page.skip()).take(page.size as usize);
        members.map(|Member(session)| session.clone()).collect()
    }

    /// At most so many members, sorted, one of them among them if it is one.
    pub fn some(&self, count_max: u32, own: &str) -> Vec<Arc<Session>> {
        let mut some = self.page(Page { number: 1, size: count_max });
        if let (Some(last), Some((Member(own), _))) = (some.last_mut(), self.0.get_key_value(own))
            && own.member() > last.member()
        {
            *last = own.clone();
        }
        some
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
        self.0.values().map(|standing| u64::from(standing.subscriptions)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::Scopes;

    #[test]
    fn the_first_joins_and_the_last_leaves() {
        let session = |user| Arc::new(Session::of(user, Scopes::READ));
        let (ann, bob) = (session("ann"), session("bob"));
        let connection = |index| ConnectionId { index, generation: 0 };
        let mut members = Members::default();
        assert!(members.join(&bob, CoreId(0), connection(1)));
        assert!(members.join(&ann, CoreId(1), connection(2)));
        assert!(!members.join(&ann, CoreId(2), connection(3)));
        let page = |number| Page { number, size: 1 };
        assert_eq!(members.page(Page { number: 1, size: 9 }), [ann.clone(), bob.clone()]);
        assert_eq!((members.page(page(2)), members.page(page(3))), (vec![bob.clone()], vec![]));
        assert_eq!((members.some(1, "ann"), members.some(1, "bob")), (vec![ann.clone()], vec![bob]));
        assert_eq!(members.some(1, "cy"), members.some(1, "ann"));
        assert_eq!((members.len(), members.subscriptions()), (2, 3));
        assert_eq!(members.place("ann"), Some((CoreId(1), connection(2))));
        assert_eq!(members.leave("ann"), None);
        assert_eq!(members.leave("ann"), Some(ann));
        assert_eq!(members.leave("ann"), None, "not a member any more");
        assert!(!members.contains("ann"));
    }
}
