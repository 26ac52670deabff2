//! Sessions that were ended before their time.

use super::login::{LoginId, is_login, login_id};
use crate::base::time::Now;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions that were ended before their time, each until it would have ended. The same on every core.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoggedOut {
    until: BTreeMap<LoginId, u64>,
    by_time: BTreeSet<(u64, LoginId)>,
}

impl LoggedOut {
    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.until.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// Remembers a session that would hold until so many seconds after 1970.
    pub fn add(&mut self, id: LoginId, until_unix_s: u64) {
        if let Some(before) = self.until.insert(id, until_unix_s) {
            self.by_time.remove(&(before, id));
        }
        self.by_time.insert((until_unix_s, id));
    }

    /// Whether a credential is a session that was ended.
    pub fn has(&self, credential: &str) -> bool {
        !self.until.is_empty()
            && is_login(credential)
            && login_id(credential).is_some_and(|(id, _)| self.until.contains_key(&id))
    }

    /// Forgets one that would have ended by now; says which, until there is none.
    pub fn expire(&mut self, now: Now) -> Option<LoginId> {
        let (until, id) = *self.by_time.first()?;
        if until > now.unix_s() {
            return None;
        }
        self.by_time.pop_first();
        self.until.remove(&id);
        Some(id)
    }
}
