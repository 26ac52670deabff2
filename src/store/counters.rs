//! Numbers that only rise, by name.

use super::format::{Format, archive};
use super::write::{Table, Write};
use rkyv::rancor::Error;

/// Every version of counters, and of other single numbers.
pub const COUNTERS: Format<u64> = Format(&[read_v1]);

/// The last id that a definition got.
pub const LAST_DEFINITION_ID: &[u8] = b"definitions";

/// The last number that a push subscription or a push message got.
pub const LAST_PUSH_NUMBER: &[u8] = b"web_push";

/// When it was last tried whether anything can be stored; nobody reads it.
pub const PROBE: &[u8] = b"probe";

/// How often the store was written.
pub const COMMITS: &[u8] = b"commits";

/// The store is written for the so many-th time.
pub fn commits(count: u64) -> Write {
    counter(COMMITS, count)
}

/// The last id that a definition got.
pub fn last_definition_id(id: u64) -> Write {
    counter(LAST_DEFINITION_ID, id)
}

/// The last number that a push subscription or a push message got.
pub fn last_push_number(number: u64) -> Write {
    counter(LAST_PUSH_NUMBER, number)
}

/// Changes nothing that counts, to find out whether anything can be stored.
pub fn probe(unix_ms: u64) -> Write {
    counter(PROBE, unix_ms)
}

fn counter(name: &[u8], value: u64) -> Write {
    number(Table::Counters, name.to_vec(), value)
}

/// A number in any table.
pub fn number(table: Table, key: Vec<u8>, value: u64) -> Write {
    let value = COUNTERS.write(&archive(&CounterV1 { value }));
    Write { table, key, value: Some(value) }
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct CounterV1 {
    value: u64,
}

pub(super) fn read_v1(bytes: &[u8]) -> Option<u64> {
    rkyv::from_bytes::<CounterV1, Error>(bytes).ok().map(|form| form.value)
}
