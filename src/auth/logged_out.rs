//! Sessions that were ended before their time.

use super::login::{LoginId, is_login, login_id};
use super::remembered::Remembered;
use crate::base::time::Now;

/// Sessions that were ended before their time, each until it would have ended. The same on every core.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoggedOut(Remembered<LoginId, ()>);

impl LoggedOut {
    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers a session that would hold until so many seconds after 1970, as long as that has not come and at least for
    /// `session_s` seconds: no session lasts longer.
    pub fn add(&mut self, now: Now, id: LoginId, until_unix_s: u64, session_s: u32) {
        self.0.add(now, id, (), until_unix_s, session_s);
    }

    /// Whether a credential is a session that was ended.
    pub fn has(&self, credential: &str) -> bool {
        !self.is_empty()
            && is_login(credential)
            && login_id(credential).is_some_and(|(id, _)| self.0.get(&id).is_some())
    }

    /// Forgets one that would have ended by now; says which, until there is none.
    pub fn expire(&mut self, now: Now) -> Option<LoginId> {
        self.0.expire(now)
    }
}
