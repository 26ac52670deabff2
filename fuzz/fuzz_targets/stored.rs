//! What a store is read from: values of any bytes, and exports of any text. Neither may panic, and what is read can
//! be written and read again.

#![no_main]

use corecast::store::{Record, Stored, Table};
use corecast::store::{lines, meetings};
use libfuzzer_sys::{arbitrary, fuzz_target};

#[derive(arbitrary::Arbitrary, Debug)]
struct Input<'a> {
    records: Vec<(u8, &'a [u8], &'a [u8])>,
    export: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let record = |(table, key, value): &(u8, &[u8], &[u8])| Record {
        table: Table::ALL[usize::from(*table) % Table::ALL.len()],
        key: key.to_vec(),
        value: value.to_vec(),
    };
    let _ = Stored::read(input.records.iter().map(record));
    for record in input.records.iter().map(record) {
        let _ = meetings::read_message(&record);
        let _ = meetings::read_place(&record.key, &record.value);
    }
    let Ok(stored) = lines::import(input.export.lines()) else { return };
    let again: Vec<String> = lines::export(&stored).collect();
    assert_eq!(lines::import(again.iter().map(String::as_str)).as_ref(), Ok(&stored));
    let records = stored
        .writes()
        .into_iter()
        .filter_map(|write| Some(Record { table: write.table, key: write.key, value: write.value? }));
    assert_eq!(Stored::read(records), Ok(stored.clone()), "what is written is read");
});
