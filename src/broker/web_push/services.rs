//! Whose turn it is to be called: push services take turns, and each has its share of the calls under way, so that one that
//! hangs holds up no other.
//!
//! A service is well when its last call was answered. One that is not, or was never called, has a small share, and all of
//! those together have half: whatever strangers have this node call, services that answer find room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Services without work of which it is remembered that they are well.
const REMEMBERED_MAX: usize = 1_024;

/// One message for one subscription.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeliveryId {
    /// The message's number.
    pub message: u64,
    /// The subscription's.
    pub subscription: u64,
}

/// What is known of each push service.
#[derive(Default)]
pub struct Services {
    services: BTreeMap<Arc<str>, Service>,
    /// Those that have work and may have room, by the number of their turn: the well, and the others.
    turns: [BTreeMap<u64, Arc<str>>; 2],
    /// Turns that were ever given.
    given: u64,
    /// Calls under way.
    in_flight: usize,
    /// Of these, to services that are not well.
    unwell_in_flight: usize,
    /// What waits at all services.
    waiting: usize,
}

#[derive(Default)]
struct Service {
    waiting: VecDeque<DeliveryId>,
    in_flight: usize,
    is_well: bool,
    /// The number of its turn, if it has one.
    turn: Option<u64>,
}

impl Service {
    fn has_room(&self, in_flight_max: usize) -> bool {
        let share = if self.is_well { in_flight_max / 2 } else { in_flight_max / 16 };
        self.in_flight < share.max(1)
    }
}

impl Services {
    /// A delivery waits for its turn.
    pub fn add(&mut self, origin: &str, id: DeliveryId) {
        self.waiting += 1;
        match self.services.get_mut(origin) {
            Some(service) => {
                service.waiting.push_back(id);
                // Whether it has room is looked at when it has its turn.
                if service.turn.is_none() {
                    self.give_turn(origin);
                }
            }
            None => {
                let waiting = VecDeque::from([id]);
                self.services.insert(origin.into(), Service { waiting, ..Service::default() });
                self.give_turn(origin);
            }
        }
    }

    fn give_turn(&mut self, origin: &str) {
        let Some((key, _)) = self.services.get_key_value(origin) else { return };
        let key = key.clone();
        if let Some(service) = self.services.get_mut(origin) {
            self.given += 1;
            service.turn = Some(self.given);
            self.turns[usize::from(!service.is_well)].insert(self.given, key);
        }
    }

    /// The next delivery that may be called, with its service; it counts as under way until [`Services::ended`].
    pub fn next(&mut self, in_flight_max: usize) -> Option<(Arc<str>, DeliveryId)> {
        if self.in_flight >= in_flight_max {
            return None;
        }
        let unwell_has_room = self.unwell_in_flight < (in_flight_max / 2).max(1);
        self.next_of(0, in_flight_max)
            .or_else(|| unwell_has_room.then(|| self.next_of(1, in_flight_max)).flatten())
    }

    fn next_of(&mut self, of: usize, in_flight_max: usize) -> Option<(Arc<str>, DeliveryId)> {
        while let Some((_, origin)) = self.turns[of].pop_first() {
            let Some(service) = self.services.get_mut(&origin) else { continue };
            service.turn = None;
            if !service.has_room(in_flight_max) {
                // It gets another turn when one of its calls ends.
                continue;
            }
            let Some(id) = service.waiting.pop_front() else { continue };
            service.in_flight += 1;
            self.in_flight += 1;
            self.unwell_in_flight += usize::from(!service.is_well);
            self.waiting -= 1;
            if !service.waiting.is_empty() {
                self.give_turn(&origin);
            }
            return Some((origin, id));
        }
        None
    }

    /// A call is over. Whether the service is well by it; `None` if it was not called.
    pub fn ended(&mut self, origin: &str, is_well: Option<bool>) {
        let remembered = self.services.len() <= REMEMBERED_MAX;
        let Some(service) = self.services.get_mut(origin) else { return };
        self.unwell_in_flight -= if service.is_well { 0 } else { service.in_flight };
        service.in_flight -= 1;
        self.in_flight -= 1;
        service.is_well = is_well.unwrap_or(service.is_well);
        self.unwell_in_flight += if service.is_well { 0 } else { service.in_flight };
        if !service.waiting.is_empty() {
            // It may have become one of the others.
            let turn = service.turn.take();
            self.turns.iter_mut().for_each(|turns| drop(turn.map(|turn| turns.remove(&turn))));
            self.give_turn(origin);
        } else if service.in_flight == 0 && !(service.is_well && remembered) {
            self.services.remove(origin);
        }
    }

    /// What waits for its turn.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Services that are remembered.
    #[cfg(test)]
    pub fn known(&self) -> usize {
        self.services.len()
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        let sum = |of: fn(&Service) -> usize| self.services.values().map(of).sum::<usize>();
        assert_eq!(self.waiting, sum(|service| service.waiting.len()), "what waits adds up");
        assert_eq!(self.in_flight, sum(|service| service.in_flight), "calls under way add up");
        let unwell = self.services.values().filter(|service| !service.is_well);
        assert_eq!(self.unwell_in_flight, unwell.map(|service| service.in_flight).sum::<usize>());
        let turns: usize = self.turns.iter().map(BTreeMap::len).sum();
        assert_eq!(turns, sum(|service| usize::from(service.turn.is_some())), "each has one turn");
        let idle = self
            .services
            .values()
            .find(|one| !one.waiting.is_empty() && one.turn.is_none() && one.in_flight == 0);
        assert!(idle.is_none(), "whoever has work and no call under way has a turn");
    }
}
