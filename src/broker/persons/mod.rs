//! The people who are at home on one core: their sockets, what they say of themselves, when they were last here. In
//! memory. Whoever is invisible is shown to others as if it were not here.

#[cfg(test)]
mod tests;

use super::told::{PersonNews, Told};
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::model::people::UserId;
use crate::model::people::circle::SocketId;
use crate::model::people::status::{Custom, Person, Status};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Microseconds for which it is remembered when somebody was last here.
const REMEMBERED_US: u64 = 86_400_000_000;

/// What is kept of one.
#[derive(Debug, Default)]
struct PersonRecord {
    sockets: Vec<(SocketId, Arc<str>, u64)>,
    status: Status,
    custom: Option<Custom>,
    /// When others last saw it, milliseconds since 1970.
    seen_ms: Option<u64>,
    /// Until when it is remembered, while it has no socket, monotonic microseconds.
    until_us: u64,
    /// Other cores may still have the status that it had when it was last here.
    stale: bool,
}

/// The people who are at home on one core.
pub struct Persons {
    by_id: KeyedMap<UserId, PersonRecord>,
    /// Those that others see.
    visible: BTreeSet<UserId>,
    /// Those that have no socket, by when they are forgotten. Some may have come back.
    departed: VecDeque<(u64, UserId)>,
    limits: InForce,
}

impl Persons {
    /// Nobody yet.
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self {
            by_id: KeyedMap::with_hasher(hasher),
            visible: BTreeSet::new(),
            departed: VecDeque::new(),
            limits,
        }
    }

    /// Somebody opened a socket.
    pub fn connect(
        &mut self,
        now: Now,
        user: &UserId,
        socket: SocketId,
        device: Arc<str>,
        out: &mut Vec<Told>,
    ) {
        let record = self.by_id.entry(user.clone()).or_default();
        record.sockets.push((socket, device, now.unix_s()));
        if std::mem::take(&mut record.stale) {
            out.push(Told::Person { user: user.clone(), news: PersonNews::Status(record.status) });
        }
        if record.status.is_visible() {
            record.seen_ms = Some(now.unix_ms);
            self.visible.insert(user.clone());
        }
    }

    /// A socket is gone.
    pub fn disconnect(&mut self, now: Now, user: &UserId, socket: SocketId, out: &mut Vec<Told>) {
        let Some(record) = self.by_id.get_mut(user) else { return };
        let Some(at) = record.sockets.iter().position(|(one, _, _)| *one == socket) else { return };
        record.sockets.remove(at);
        if !record.sockets.is_empty() {
            return;
        }
        if record.status.is_visible() {
            record.seen_ms = Some(now.unix_ms);
        }
        // Whoever comes back is online, whatever it said before.
        record.stale = std::mem::take(&mut record.status) != Status::Online;
        record.until_us = now.monotonic_us + REMEMBERED_US;
        self.visible.remove(user);
        self.departed.push_back((record.until_us, user.clone()));
        let news = PersonNews::Offline { seen_s: now.unix_s() };
        out.push(Told::Person { user: user.clone(), news });
        if self.departed.len() > self.limits.get().people.device_users_max as usize {
            self.forget_oldest();
        }
    }

    /// Somebody says something else of its state. Nothing is done for somebody who has no socket.
    pub fn set_status(&mut self, now: Now, user: &UserId, status: Status, out: &mut Vec<Told>) {
        let Some(record) = self.by_id.get_mut(user).filter(|record| !record.sockets.is_empty()) else {
            return;
        };
        if record.status == status {
            return;
        }
        if record.status.is_visible() || status.is_visible() {
            record.seen_ms = Some(now.unix_ms);
        }
        record.status = status;
        if status.is_visible() {
            self.visible.insert(user.clone());
        } else {
            self.visible.remove(user);
        }
        out.push(Told::Person { user: user.clone(), news: PersonNews::Status(status) });
    }

    /// Somebody has other words for what it does.
    pub fn set_custom(&mut self, user: &UserId, custom: Option<Custom>, out: &mut Vec<Told>) {
        let Some(record) = self.by_id.get_mut(user).filter(|record| !record.sockets.is_empty()) else {
            return;
        };
        record.custom = custom.clone();
        out.push(Told::Person { user: user.clone(), news: PersonNews::Custom(custom) });
    }

    /// What one may see of another, or of itself.
    pub fn get(&self, user: &UserId, asker: &str) -> Person {
        let unknown = Person {
            user: user.clone(),
            status: Status::Offline,
            custom: None,
            seen_ms: None,
            devices: Vec::new(),
        };
        let Some(record) = self.by_id.get(user) else { return unknown };
        let (custom, seen_ms) = (record.custom.clone(), record.seen_ms);
        let status = self.status(user, asker);
        if status == Status::Offline {
            return Person { custom, seen_ms, ..unknown };
        }
        let device = |(_, device, online_s): &(SocketId, Arc<str>, u64)| (device.clone(), *online_s);
        let devices = record.sockets.iter().map(device).collect();
        Person { status, custom, seen_ms, devices, ..unknown }
    }

    /// In which state somebody is, as one may see it.
    pub fn status(&self, user: &str, asker: &str) -> Status {
        match self.by_id.get(user) {
            Some(record) if record.sockets.is_empty() => Status::Offline,
            Some(record) if *user == *asker => record.status,
            Some(record) => record.status.shown(),
            None => Status::Offline,
        }
    }

    /// Some of those that others see, sorted, and how many there are.
    pub fn online(&self, count_max: usize) -> (Vec<(UserId, Status)>, u64) {
        let status = |user: &UserId| (user.clone(), self.by_id[user].status);
        (self.visible.iter().take(count_max).map(status).collect(), self.visible.len() as u64)
    }

    /// Time passed. Forgets `count_max` at most.
    pub fn fire(&mut self, now: Now, count_max: usize) {
        for _ in 0..count_max {
            match self.departed.front() {
                Some((until_us, _)) if *until_us <= now.monotonic_us => self.forget_oldest(),
                _ => return,
            }
        }
    }

    fn forget_oldest(&mut self) {
        let Some((until_us, user)) = self.departed.pop_front() else { return };
        let forgotten = |record: &PersonRecord| record.sockets.is_empty() && record.until_us == until_us;
        if self.by_id.get(&user).is_some_and(forgotten) {
            self.by_id.remove(&user);
        }
    }

    /// When somebody is forgotten next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        self.departed.front().map(|(until_us, _)| *until_us)
    }

    /// Entries in all its tables.
    pub fn entries(&self) -> usize {
        self.by_id.len() + self.visible.len() + self.departed.len()
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        for (user, record) in &self.by_id {
            let visible = !record.sockets.is_empty() && record.status.is_visible();
            assert_eq!(self.visible.contains(user), visible, "{user}");
            assert!(!record.sockets.is_empty() || record.status == Status::Online);
        }
        assert!(self.visible.iter().all(|user| self.by_id.contains_key(user)));
        assert!(self.departed.len() <= self.limits.get().people.device_users_max as usize);
    }
}
