//! Users whose tokens were revoked, each with the second up to which.

use super::counters::number;
use super::write::{Table, Write};

/// What a user was given up to a second after 1970 holds no longer.
pub fn added(user: &str, at_unix_s: u64) -> Write {
    number(Table::Revocations, user.as_bytes().to_vec(), at_unix_s)
}

/// Nothing of what was revoked would hold by itself any more.
pub fn expired(user: &str) -> Write {
    Write { table: Table::Revocations, key: user.as_bytes().to_vec(), value: None }
}

/// The user of a key.
pub fn user_of(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key).ok().filter(|user| !user.is_empty())
}
