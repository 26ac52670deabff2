//! Addresses at which users have logged in, as hashes, each with the second at which it was new.

use super::counters::number;
use super::write::{Table, Write};

/// Ends a user in a key; no user has it.
const END: u8 = 0;

/// A user has logged in at an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownAddress {
    /// The user, folded.
    pub user: Box<str>,
    /// The hash of the address, which only this node can make.
    pub place: u64,
    /// When it was new, seconds since 1970.
    pub at_unix_s: u64,
}

/// A user has logged in at an address for the first time.
pub fn added(user: &str, place: u64, at_unix_s: u64) -> Write {
    number(Table::KnownAddresses, key(user, place), at_unix_s)
}

/// Others took its place.
pub fn forgotten(user: &str, place: u64) -> Write {
    Write { table: Table::KnownAddresses, key: key(user, place), value: None }
}

/// The user and the address of a key.
pub fn of(key: &[u8]) -> Option<(&str, u64)> {
    let (rest, place) = key.split_last_chunk()?;
    let user = rest.strip_suffix(&[END])?;
    Some((std::str::from_utf8(user).ok()?, u64::from_be_bytes(*place)))
}

fn key(user: &str, place: u64) -> Vec<u8> {
    [user.as_bytes(), &[END], &place.to_be_bytes()].concat()
}
