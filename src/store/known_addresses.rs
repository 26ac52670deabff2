//! Addresses at which users have logged in, as hashes: one record for each user, so that what is forgotten of one is gone with
//! the next that is known.

use super::counters;
use super::format::{Format, archive};
use super::write::{Table, Write};
use rkyv::rancor::Error;

/// Ends a user in a key of version 1; no user has it.
const END: u8 = 0;

/// Every version of what is known of a user. In version 1 each address had a record, with its hash in the key.
pub const KNOWN_ADDRESSES: Format<Vec<u64>> = Format(&[read_v1, read_v2]);

/// Where a user has logged in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownAddresses {
    /// The user, folded.
    pub user: Box<str>,
    /// The hashes of its addresses, which only this node can make, the last used first.
    pub places: Vec<u64>,
}

/// A user is known at these addresses and no others.
pub fn put(user: &str, places: impl IntoIterator<Item = u64>) -> Write {
    let form = KnownAddressesV2 { places: places.into_iter().collect() };
    let value = KNOWN_ADDRESSES.write(&archive(&form));
    Write { table: Table::KnownAddresses, key: user.as_bytes().to_vec(), value: Some(value) }
}

/// What a record says.
pub fn of(key: &[u8], places: Vec<u64>) -> Option<KnownAddresses> {
    let known = |user, places| Some(KnownAddresses { user: std::str::from_utf8(user).ok()?.into(), places });
    let of_one = key.split_last_chunk().and_then(|(rest, place)| Some((rest.strip_suffix(&[END])?, *place)));
    match of_one {
        Some((user, place)) if places.is_empty() => known(user, vec![u64::from_be_bytes(place)]),
        _ => known(key, places),
    }
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct KnownAddressesV2 {
    places: Vec<u64>,
}

/// The second at which it was new is not needed.
fn read_v1(bytes: &[u8]) -> Option<Vec<u64>> {
    counters::read_v1(bytes).map(|_| Vec::new())
}

fn read_v2(bytes: &[u8]) -> Option<Vec<u64>> {
    rkyv::from_bytes::<KnownAddressesV2, Error>(bytes).ok().map(|form| form.places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{StoreRecord, Stored};

    #[test]
    fn records_of_both_versions_are_read() {
        let old =
            counters::number(Table::KnownAddresses, [b"ada\0", &7_u64.to_be_bytes()[..]].concat(), 1_000);
        let written =
            [Write { value: old.value.map(|value| [&[1], &value[1..]].concat()), ..old }, put("bob", [3, 9])];
        let records = written.into_iter().map(|Write { table, key, value }| {
            let value = value.expect("something is stored");
            StoreRecord { table, key, value }
        });
        let stored = Stored::read(records).expect("records");
        let [ada, bob] = [("ada", vec![7]), ("bob", vec![3, 9])]
            .map(|(user, places)| KnownAddresses { user: user.into(), places });
        assert_eq!(stored.known_addresses, [ada, bob]);
    }
}
