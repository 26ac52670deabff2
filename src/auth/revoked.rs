//! Users whose tokens and sessions of up to a moment were revoked.

use super::remembered::Remembered;
use crate::base::time::Now;
use crate::model::session::{Issued, Session};
use std::sync::Arc;

/// Users whose tokens and sessions of up to a moment hold no longer. The same on every core.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Revoked(Remembered<Arc<str>, u64>);

impl Revoked {
    /// How many users are remembered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a user was given up to this second after 1970 holds no longer. It is remembered for `kept_s` seconds from then on.
    pub fn add(&mut self, now: Now, user: &Arc<str>, at_unix_s: u64, kept_s: u32) {
        let at_unix_s = self.0.get(&**user).map_or(at_unix_s, |before| at_unix_s.max(*before));
        self.0.add(now, user.clone(), at_unix_s, at_unix_s.saturating_add(kept_s.into()), kept_s);
    }

    /// Whether what a session began under was revoked. Of tokens that do not say when they were issued, all were.
    pub fn has(&self, session: &Session) -> bool {
        if self.is_empty() {
            return false;
        }
        let at_unix_s = self.0.get(&*session.user);
        at_unix_s.is_some_and(|at_unix_s| session.issued.is_by(*at_unix_s))
    }

    /// Forgets one whose time is over; says whose, until there is none.
    pub fn expire(&mut self, now: Now) -> Option<Arc<str>> {
        self.0.expire(now)
    }
}

impl Issued {
    /// Whether it was by this second after 1970, as far as is known.
    pub fn is_by(self, unix_s: u64) -> bool {
        match self {
            Self::Never => false,
            Self::At(at_unix_s) => at_unix_s <= unix_s,
            Self::Unsaid => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::Scopes;

    fn at(unix_s: u64) -> Now {
        Now { monotonic_us: unix_s * 1_000_000, unix_ms: unix_s * 1_000 }
    }

    fn session(user: &str, issued: Issued) -> Session {
        Session { issued, ..Session::of(user, Scopes::READ) }
    }

    #[test]
    fn what_was_issued_up_to_then_is_revoked_and_keys_are_not() {
        let mut revoked = Revoked::default();
        revoked.add(at(100), &"ada".into(), 100, 50);
        for (user, issued, expected) in [
            ("ada", Issued::At(99), true),
            ("ada", Issued::At(100), true),
            ("ada", Issued::At(101), false),
            ("ada", Issued::Unsaid, true),
            ("ada", Issued::Never, false),
            ("bob", Issued::At(99), false),
        ] {
            assert_eq!(revoked.has(&session(user, issued)), expected, "{user} {issued:?}");
        }
        revoked.add(at(90), &"ada".into(), 90, 50);
        assert!(revoked.has(&session("ada", Issued::At(100))), "an earlier one takes nothing back");
        assert_eq!(revoked.expire(at(139)), None);
        assert_eq!(revoked.expire(at(150)).as_deref(), Some("ada"));
        assert!(revoked.is_empty() && !revoked.has(&session("ada", Issued::At(99))));
    }
}
