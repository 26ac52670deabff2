//! A part of a table, read in the order of its keys.

use super::write::{StoreRecord, Table};

/// Which records are wanted. Both bounds on what comes back hold, but a first record comes however large it is, so
/// that whoever pages gets on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Range {
    /// Where.
    pub table: Table,
    /// The least key.
    pub from: Vec<u8>,
    /// Keys from this one on are left out.
    pub to: Vec<u8>,
    /// From the greatest key down.
    pub reverse: bool,
    /// Records at most; at least 1.
    pub records_max: u32,
    /// Bytes of keys and values at most.
    pub bytes_max: u32,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RangeRead {
    /// The records, in the order asked for.
    pub records: Vec<StoreRecord>,
    /// A bound cut them short: there is at least one more.
    pub more: bool,
}

impl RangeRead {
    /// Takes the next record of the range; false if it has no place any more, and none after it has.
    pub fn take(&mut self, range: &Range, key: &[u8], value: &[u8]) -> bool {
        let bytes = |record: &StoreRecord| record.key.len() + record.value.len();
        let taken: usize = self.records.iter().map(bytes).sum();
        let fits = self.records.len() < range.records_max as usize
            && taken + key.len() + value.len() <= range.bytes_max as usize;
        self.more = !fits && !self.records.is_empty();
        if !self.more {
            self.records.push(StoreRecord { table: range.table, key: key.to_vec(), value: value.to_vec() });
        }
        !self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(records_max: u32, bytes_max: u32, values: &[&[u8]]) -> (usize, bool) {
        let (from, to) = (Vec::new(), Vec::new());
        let range = Range { table: Table::Rooms, from, to, reverse: false, records_max, bytes_max };
        let mut found = RangeRead::default();
        for value in values {
            if !found.take(&range, b"k", value) {
                break;
            }
        }
        (found.records.len(), found.more)
    }

    #[test]
    fn both_bounds_hold_but_the_first_record_always_comes() {
        let values: [&[u8]; 3] = [b"one", b"two", b"six"];
        assert_eq!(found(9, 99, &values), (3, false));
        assert_eq!(found(3, 12, &values), (3, false), "exactly as much");
        assert_eq!(found(2, 99, &values), (2, true));
        assert_eq!(found(9, 11, &values), (2, true));
        assert_eq!(found(9, 0, &values), (1, true));
        assert_eq!(found(1, 0, &values[..1]), (1, false));
    }
}
