//! What rings for whom on the node, as every core knows it: a door is told when a socket comes to it, and whoever is rung
//! by as many calls as can be at a time is rung by no more.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::leaves_a_share;
use crate::broker::calls::busy;
use crate::model::people::UserId;
use crate::model::people::call::CallAct;
use crate::model::people::circle::Circle;
use crate::model::people::event::{CallEvent, Event};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What rings for people.
pub(super) struct Rings {
    /// By the circles of the calls, for a call's end finds its own among many.
    by_user: KeyedMap<UserId, BTreeMap<Circle, Ring>>,
    count: usize,
    /// The place of the next one.
    next: u64,
}

struct Ring {
    /// In the order in which they began.
    place: u64,
    event: Arc<Event>,
}

impl Ring {
    fn is_from(&self, user: &str) -> bool {
        matches!(&*self.event, Event::Call { event: CallEvent::Incoming { from, .. }, .. } if **from == *user)
    }
}

impl Rings {
    pub fn new(hasher: KeyedState) -> Self {
        Self { by_user: KeyedMap::with_hasher(hasher), count: 0, next: 0 }
    }

    /// A call rings for somebody.
    pub fn begin(&mut self, user: &UserId, circle: &Circle, event: &Arc<Event>) {
        let ring = Ring { place: self.next, event: event.clone() };
        self.next += 1;
        let earlier = self.by_user.entry(user.clone()).or_default().insert(circle.clone(), ring);
        self.count += usize::from(earlier.is_none());
    }

    /// It does no longer.
    pub fn end(&mut self, user: &str, circle: &Circle) {
        let Some(rings) = self.by_user.get_mut(user) else { return };
        if rings.remove(circle).is_some() {
            self.count -= 1;
        }
        if rings.is_empty() {
            self.by_user.remove(user);
        }
    }

    /// What rings for somebody, oldest first.
    pub fn of(&self, user: &str) -> Vec<Arc<Event>> {
        let mut rings: Vec<&Ring> = self.by_user.get(user).into_iter().flat_map(BTreeMap::values).collect();
        rings.sort_by_key(|ring| ring.place);
        rings.into_iter().map(|ring| ring.event.clone()).collect()
    }

    /// Whether one call more may ring for somebody, where `max` may: whoever begins it has no more of them than it leaves to
    /// others. What another core let ring at the same moment is heard of later, so there can be a few more than that.
    pub fn leave_room(&self, user: &str, by: &str, max: u32) -> bool {
        let Some(rings) = self.by_user.get(user) else { return true };
        let count = u32::try_from(rings.len()).unwrap_or(u32::MAX);
        // Few calls are not looked through: whoever began them all would leave as many to others.
        if leaves_a_share(count, count, max) {
            return true;
        }
        count < max && {
            let own = rings.values().filter(|ring| ring.is_from(by)).count() as u32;
            leaves_a_share(own, count, max)
        }
    }

    /// What somebody may do in a call of what it wants: nobody is invited for whom as many calls ring as can, unless this one does.
    pub fn refuse_busy(&self, by: &str, call: &Arc<str>, act: CallAct, max: u32) -> CallAct {
        match &act {
            CallAct::Invite { user } if !self.leave_room(user, by, max) => {
                let circle = Circle::Call(call.clone());
                let rings = self.by_user.get(&**user).is_some_and(|rings| rings.contains_key(&circle));
                if rings { act } else { CallAct::Wrong(Box::new(busy())) }
            }
            _ => act,
        }
    }

    /// How many there are for all.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert!(self.by_user.values().all(|rings| !rings.is_empty()), "nobody is kept for nothing");
        assert_eq!(self.by_user.values().map(BTreeMap::len).sum::<usize>(), self.count, "rings add up");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::people::call::CallKind;

    fn incoming(call: &str, from: &str) -> (Circle, Arc<Event>) {
        let (kind, from) = (CallKind::Audio, UserId::from(from));
        let event = CallEvent::Incoming { kind, conversation: None, from };
        (Circle::Call(call.into()), Arc::new(Event::Call { call: call.into(), event }))
    }

    #[test]
    fn rings_are_listed_as_they_began_and_counted_until_they_end() {
        let (mut rings, bob) = (Rings::new(KeyedState::new(1, 2)), UserId::from("bob"));
        for call in ["z", "m", "a", "m"] {
            let (circle, event) = incoming(call, "ann");
            rings.begin(&bob, &circle, &event);
            rings.invariants();
        }
        let calls = |rings: &Rings| -> Vec<String> {
            let call = |event: &Arc<Event>| match &**event {
                Event::Call { call, .. } => call.to_string(),
                _ => unreachable!("calls ring"),
            };
            rings.of("bob").iter().map(call).collect()
        };
        assert_eq!((calls(&rings), rings.len()), (vec!["z".into(), "a".into(), "m".into()], 3));
        rings.end("bob", &Circle::Call("a".into()));
        rings.end("bob", &Circle::Call("a".into()));
        rings.end("cid", &Circle::Call("m".into()));
        rings.invariants();
        assert_eq!((calls(&rings), rings.len()), (vec!["z".into(), "m".into()], 2));
        for call in ["m", "z"] {
            rings.end("bob", &Circle::Call(call.into()));
        }
        rings.invariants();
        assert_eq!((rings.len(), rings.by_user.len()), (0, 0));
    }

    /// Whoever calls somebody most leaves as many calls to others.
    #[test]
    fn one_caller_leaves_rings_to_others() {
        let (mut rings, bob) = (Rings::new(KeyedState::new(1, 2)), UserId::from("bob"));
        let mut ring = |from: &str| {
            let mut count = 0;
            while rings.leave_room("bob", from, 8) {
                let (circle, event) = incoming(&format!("{from}{count}"), from);
                rings.begin(&bob, &circle, &event);
                count += 1;
            }
            count
        };
        assert_eq!([ring("ann"), ring("cid"), ring("dan"), ring("eve"), ring("fay")], [4, 2, 1, 1, 0]);
        assert!(rings.leave_room("dan", "ann", 8), "it is of bob alone");
    }
}
