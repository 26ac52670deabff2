//! Sessions that were ended before their time, by their number, each with the second until which it would have held.

use super::counters::number;
use super::write::{Table, Write};

/// A session was ended.
pub fn added(id: u128, until_unix_s: u64) -> Write {
    number(Table::Logouts, key(id), until_unix_s)
}

/// A session would have ended by itself.
pub fn expired(id: u128) -> Write {
    Write { table: Table::Logouts, key: key(id), value: None }
}

/// The session of a key.
pub fn id_of(key: &[u8]) -> Option<u128> {
    key.try_into().ok().map(u128::from_be_bytes)
}

fn key(id: u128) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}
