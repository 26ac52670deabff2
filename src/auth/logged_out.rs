//! Sessions that were ended before their time.
//!
//! A wall clock that is set ahead and back again must not bring one back to life. So each is remembered by the clock that only
//! rises too, for as long as any session lasts.

use super::login::{LoginId, is_login, login_id};
use crate::base::time::Now;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions looked at for one that may be forgotten, so that a wall clock set far back makes no long turn.
const LOOKED_AT_MAX: usize = 256;

/// Seconds until one is looked at again that would still hold by the wall clock.
const AGAIN_S: u64 = 60;

/// Sessions that were ended before their time, each until it would have ended. The same on every core.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoggedOut {
    sessions: BTreeMap<LoginId, Ended>,
    /// When each is looked at, in seconds of the clock that only rises.
    by_time: BTreeSet<(u64, LoginId)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ended {
    until_unix_s: u64,
    look_at_s: u64,
}

impl LoggedOut {
    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Remembers a session that would hold until so many seconds after 1970, as long as that has not come and at least for
    /// `session_s` seconds: no session lasts longer.
    pub fn add(&mut self, now: Now, id: LoginId, until_unix_s: u64, session_s: u32) {
        self.insert(id, Ended { until_unix_s, look_at_s: now.monotonic_s() + u64::from(session_s) });
    }

    fn insert(&mut self, id: LoginId, ended: Ended) {
        if let Some(before) = self.sessions.insert(id, ended) {
            self.by_time.remove(&(before.look_at_s, id));
        }
        self.by_time.insert((ended.look_at_s, id));
    }

    /// Whether a credential is a session that was ended.
    pub fn has(&self, credential: &str) -> bool {
        !self.sessions.is_empty()
            && is_login(credential)
            && login_id(credential).is_some_and(|(id, _)| self.sessions.contains_key(&id))
    }

    /// Forgets one that would have ended by now; says which, until there is none.
    pub fn expire(&mut self, now: Now) -> Option<LoginId> {
        for _ in 0..LOOKED_AT_MAX {
            let (look_at_s, id) = *self.by_time.first()?;
            if look_at_s > now.monotonic_s() {
                return None;
            }
            let ended = self.sessions.get(&id).copied()?;
            if ended.until_unix_s <= now.unix_s() {
                self.by_time.pop_first();
                self.sessions.remove(&id);
                return Some(id);
            }
            self.insert(id, Ended { look_at_s: now.monotonic_s() + AGAIN_S, ..ended });
        }
        None
    }
}
