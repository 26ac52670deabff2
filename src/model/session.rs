//! Who speaks on a connection.

use std::sync::Arc;

/// What a session may do; `admin` implies the others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Subscribe and list.
    pub const READ: Self = Self(1);
    /// Publish and change.
    pub const WRITE: Self = Self(2);
    /// Everything, other people's things included.
    pub const ADMIN: Self = Self(7);

    /// Both sets together.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The scope of a word: `read`, `write` or `admin`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "read" => Some(Self::READ),
            "write" => Some(Self::WRITE),
            "admin" => Some(Self::ADMIN),
            _ => None,
        }
    }
}

/// A user that proved who it is. Shared by the connections of one API key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The user's id, as tokens and payloads spell it.
    pub user: Arc<str>,
    /// The user's display name, where the credentials carry one.
    pub name: Option<Arc<str>>,
    /// What it may do.
    pub scopes: Scopes,
    /// Seconds since 1970 at which the credentials end; `None` is never.
    pub expires_unix_s: Option<u64>,
}
