//! The users whose channel is homed on a core: on how many cores they have connections, and what they say of
//! themselves.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::limits::InForce;
use crate::model::publication::Profile;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Users that are known: online, seen before, with a record, or configured.
pub struct Users {
    by_id: KeyedMap<Arc<str>, User>,
    online: usize,
    records: usize,
    /// Those who are kept only because they were seen, in the order of leaving.
    seen: BTreeMap<u64, Arc<str>>,
    /// Those who left, since the start.
    left: u64,
    limits: InForce,
}

/// What is kept of one user. Small, because everyone who is online has one.
#[derive(Debug, Default)]
struct User {
    /// Display name of the latest session that carried one.
    name: Option<Arc<str>>,
    /// What the user said of itself, if it did.
    record: Option<Box<UserFields>>,
    /// Cores on which the user has connections.
    cores: u16,
    /// Kept whatever happens: the operator knows it.
    configured: bool,
    /// Its place among those who were seen; 0 is none.
    seen: u64,
}

/// What a user said of itself; what is not said is `None`.
#[derive(Debug, Default)]
pub struct UserFields {
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
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self {
            by_id: KeyedMap::with_hasher(hasher),
            online: 0,
            records: 0,
            seen: BTreeMap::new(),
            left: 0,
            limits,
        }
    }

    /// Records and those who were seen, together.
    fn records_max(&self) -> usize {
        self.limits.get().profiles_max as usize
    }

    /// The user has its first connection on one more core; true if it was offline.
    pub fn connect(&mut self, id: &Arc<str>, name: Option<Arc<str>>) -> bool {
        let user = self.by_id.entry(id.clone()).or_default();
        user.cores = user.cores.saturating_add(1);
        if name.is_some() {
            user.name = name;
        }
        self.seen.remove(&std::mem::take(&mut user.seen));
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
        if user.record.is_none() && !user.configured {
            self.keep_seen(id);
        }
        true
    }

    /// A user is known whether or not it ever comes.
    pub fn know(&mut self, id: &Arc<str>, name: Option<Arc<str>>) {
        let user = self.by_id.entry(id.clone()).or_default();
        user.configured = true;
        user.name = name.or(user.name.take());
    }

    /// Keeps somebody who left, in the place of who left longest ago where there is no other.
    fn keep_seen(&mut self, id: &str) {
        let Some((id, _)) = self.by_id.get_key_value(id) else { return };
        self.left += 1;
        self.seen.insert(self.left, id.clone());
        if let Some(user) = self.by_id.get_mut(&id.clone()) {
            user.seen = self.left;
        }
        self.forget_seen();
    }

    /// Forgets who left longest ago while there are too many.
    fn forget_seen(&mut self) {
        while self.records + self.seen.len() > self.records_max()
            && let Some((_, oldest)) = self.seen.pop_first()
        {
            self.by_id.remove(&oldest);
        }
    }

    /// The profile of a user that is known.
    pub fn profile(&self, id: &str) -> Option<Profile> {
        self.by_id.get(id).map(|user| user.profile(id))
    }

    /// Changes a user's record, made if need be; answers the profile now.
    pub fn edit(&mut self, id: &str, edit: impl FnOnce(&mut UserFields)) -> Result<Profile, Full> {
        let has_record = self.by_id.get(id).is_some_and(|user| user.record.is_some());
        if !has_record && self.records >= self.records_max() {
            return Err(Full);
        }
        self.records += usize::from(!has_record);
        let user = match self.by_id.get_mut(id) {
            Some(user) => user,
            None => self.by_id.entry(id.into()).or_default(),
        };
        edit(user.record.get_or_insert_default());
        let (profile, seen) = (user.profile(id), std::mem::take(&mut user.seen));
        self.seen.remove(&seen);
        self.forget_seen();
        Ok(profile)
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
        assert!(self.records + self.seen.len() <= self.records_max(), "record bound");
        assert_eq!(self.seen.len(), count(|user| user.seen > 0), "who was seen adds up");
        let idle =
            |user: &User| user.cores == 0 && user.record.is_none() && user.seen == 0 && !user.configured;
        assert_eq!(count(idle), 0, "nothing is kept for nothing");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;

    fn users(profiles_max: u32) -> Users {
        Users::new(KeyedState::new(1, 2), Limits { profiles_max, ..Limits::default() }.into())
    }

    #[test]
    fn a_user_that_is_only_online_is_small() {
        assert!(size_of::<(Arc<str>, User)>() <= 56, "{}", size_of::<(Arc<str>, User)>());
    }

    #[test]
    fn the_first_core_makes_online_and_the_last_offline() {
        let mut users = users(1);
        let ann: Arc<str> = "ann".into();
        assert!(users.connect(&ann, Some("Ann".into())));
        assert!(!users.connect(&ann, None));
        assert_eq!(users.profile("ann").and_then(|profile| profile.name), Some("Ann".into()));
        assert!(!users.disconnect("ann"));
        assert!(users.disconnect("ann"));
        assert!(!users.disconnect("ann"));
        let name = users.profile("ann").and_then(|profile| profile.name);
        assert_eq!(name.as_deref(), Some("Ann"), "it was seen");
        users.invariants();
    }

    #[test]
    fn who_was_seen_longest_ago_is_forgotten_first() {
        let mut users = users(2);
        for user in ["ann", "bob", "ann", "cy"] {
            users.connect(&user.into(), None);
            users.disconnect(user);
            users.invariants();
        }
        let known = |users: &Users| ["ann", "bob", "cy"].map(|user| users.profile(user).is_some());
        assert_eq!(known(&users), [true, false, true]);
        users.edit("dan", |_| {}).expect("room for a record");
        users.invariants();
        assert_eq!(known(&users), [false, false, true], "a record wins");
        users.edit("cy", |_| {}).expect("room for a record");
        users.connect(&"ann".into(), None);
        users.disconnect("ann");
        users.invariants();
        assert_eq!(known(&users), [false, false, true], "records leave no place");
        users.know(&"eve".into(), Some("Eve".into()));
        users.connect(&"eve".into(), None);
        users.disconnect("eve");
        users.invariants();
        assert!(users.profile("eve").is_some_and(|profile| !profile.online), "the operator knows it");
    }

    #[test]
    fn records_outlive_connections_and_are_bounded() {
        let mut users = users(1);
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
