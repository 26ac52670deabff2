//! The users whose channel is homed on a core: on how many cores they have connections, and what they say of
//! themselves.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::publication::Profile;
use std::sync::Arc;

/// Users that are online or have a record.
pub struct Users {
    by_id: KeyedMap<Arc<str>, User>,
    online: usize,
    records: usize,
    records_max: usize,
}

/// What is kept of one user. Small, because everyone who is online has one.
#[derive(Debug, Default)]
struct User {
    /// Display name of the latest session that carried one.
    name: Option<Arc<str>>,
    /// What the user said of itself, if it did.
    record: Option<Box<Record>>,
    /// Cores on which the user has connections.
    cores: u16,
}

/// What a user said of itself; what is not said is `None`.
#[derive(Debug, Default)]
pub struct Record {
    /// Display name; wins over the session's.
    pub name: Option<Box<str>>,
    /// Status word.
    pub status: Option<Box<str>>,
}

/// The table of records is full.
#[derive(Debug)]
pub struct Full;

impl User {
    fn profile(&self, id: &str) -> Profile {
        let record = self.record.as_deref();
        let said = record.and_then(|record| record.name.as_deref());
        Profile {
            user: id.to_owned(),
            name: said.or(self.name.as_deref()).map(str::to_owned),
            status: record.and_then(|record| record.status.as_deref()).map(str::to_owned),
            online: self.cores > 0,
        }
    }
}

impl Users {
    /// An empty table.
    pub fn new(hasher: KeyedState, records_max: u32) -> Self {
        Self {
            by_id: KeyedMap::with_hasher(hasher),
            online: 0,
            records: 0,
            records_max: records_max as usize,
        }
    }

    /// Another bound for new records.
    pub fn set_max(&mut self, records_max: u32) {
        self.records_max = records_max as usize;
    }

    /// The user has its first connection on one more core; true if it was offline.
    pub fn connect(&mut self, id: &Arc<str>, name: Option<Arc<str>>) -> bool {
        let user = self.by_id.entry(id.clone()).or_default();
        user.cores = user.cores.saturating_add(1);
        if name.is_some() {
            user.name = name;
        }
        let first = user.cores == 1;
        self.online += usize::from(first);
        first
    }

    /// The user lost its last connection on one core; true if it is offline now.
    pub fn disconnect(&mut self, id: &str) -> bool {
        let Some(user) = self.by_id.get_mut(id) else { return false };
        if user.cores != 1 {
            user.cores = user.cores.saturating_sub(1);
            return false;
        }
        user.cores = 0;
        self.online -= 1;
        if user.record.is_none() {
            self.by_id.remove(id);
        }
        true
    }

    /// The profile of a user that is online or has a record.
    pub fn profile(&self, id: &str) -> Option<Profile> {
        self.by_id.get(id).map(|user| user.profile(id))
    }

    /// Changes a user's record, made if need be; answers the profile now.
    pub fn edit(&mut self, id: &str, edit: impl FnOnce(&mut Record)) -> Result<Profile, Full> {
        let has_record = self.by_id.get(id).is_some_and(|user| user.record.is_some());
        if !has_record && self.records >= self.records_max {
            return Err(Full);
        }
        self.records += usize::from(!has_record);
        let user = match self.by_id.get_mut(id) {
            Some(user) => user,
            None => self.by_id.entry(id.into()).or_default(),
        };
        edit(user.record.get_or_insert_default());
        Ok(user.profile(id))
    }

    /// Users with a connection.
    pub fn online(&self) -> usize {
        self.online
    }

    /// Users with a record.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let count = |test: fn(&User) -> bool| self.by_id.values().filter(|user| test(user)).count();
        assert_eq!(self.online, count(|user| user.cores > 0), "online users add up");
        assert_eq!(self.records, count(|user| user.record.is_some()), "records add up");
        assert!(self.records <= self.records_max, "record bound");
        assert_eq!(count(|user| user.cores == 0 && user.record.is_none()), 0, "nothing is kept for nothing");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_that_is_only_online_is_small() {
        assert!(size_of::<(Arc<str>, User)>() <= 56, "{}", size_of::<(Arc<str>, User)>());
    }

    #[test]
    fn the_first_core_makes_online_and_the_last_offline() {
        let mut users = Users::new(KeyedState::new(1, 2), 1);
        let ann: Arc<str> = "ann".into();
        assert!(users.connect(&ann, Some("Ann".into())));
        assert!(!users.connect(&ann, None));
        assert_eq!(users.profile("ann").and_then(|profile| profile.name), Some("Ann".into()));
        assert!(!users.disconnect("ann"));
        assert!(users.disconnect("ann"));
        assert!(!users.disconnect("ann"));
        assert_eq!(users.profile("ann"), None, "nothing is left");
        users.invariants();
    }

    #[test]
    fn records_outlive_connections_and_are_bounded() {
        let mut users = Users::new(KeyedState::new(1, 2), 1);
        users.connect(&"ann".into(), Some("Ann".into()));
        users.edit("ann", |record| record.status = Some("away".into())).expect("room for one");
        users.edit("ann", |record| record.name = Some("A.".into())).expect("it is there");
        assert!(users.edit("bob", |_| {}).is_err());
        users.disconnect("ann");
        let (name, status) = (Some("A.".into()), Some("away".into()));
        assert_eq!(users.profile("ann"), Some(Profile { user: "ann".into(), name, status, online: false }));
        users.invariants();
    }
}
