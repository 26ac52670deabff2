//! What a store is read from: values of any bytes, good values with damage, and exports of any text. None of it may
//! panic, and what is read can be written and read again.

#![no_main]

use corecast::model::channel::ChannelName;
use corecast::model::meeting::{Meeting, SealedMessage};
use corecast::model::publication::Room;
use corecast::store::lines::{Export, Import};
use corecast::store::{meetings, rooms, StoreRecord, Stored, Table, Write};
use libfuzzer_sys::{arbitrary, fuzz_target};

#[derive(arbitrary::Arbitrary, Debug)]
struct Input<'a> {
    records: Vec<(u8, &'a [u8], &'a [u8])>,
    texts: [&'a str; 4],
    members: Vec<&'a str>,
    numbers: [u64; 4],
    /// Which record, where in its value, and what is there instead.
    damages: Vec<(u8, u16, u8)>,
    /// Where a value ends before its time.
    cut: Option<u16>,
    export: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let record = |(table, key, value): &(u8, &[u8], &[u8])| StoreRecord {
        table: Table::ALL[usize::from(*table) % Table::ALL.len()],
        key: key.to_vec(),
        value: value.to_vec(),
    };
    read(input.records.iter().map(record).collect());
    let mut records = records(good(&input));
    assert!(Stored::read(records.clone()).is_ok(), "what is written is read");
    damage(&input, &mut records);
    read(records);
    import(input.export);
});

/// As at the start, and as what is read later.
fn read(records: Vec<StoreRecord>) {
    for record in &records {
        let _ = meetings::read_message(record);
        let _ = meetings::read_place(&record.key, &record.value);
    }
    let _ = Stored::read(records);
}

/// A room, and a meeting with a message.
fn good(input: &Input<'_>) -> Vec<Write> {
    let ([id, b, c, d], [one, two, three, four]) = (input.texts, input.numbers);
    let room = Room {
        id: id.into(),
        name: b.into(),
        description: c.into(),
        owner: d.into(),
        created_ms: one,
        updated_ms: two,
    };
    let meeting = Meeting {
        id: id.into(),
        creator: b.into(),
        members: input.members.iter().map(|member| (*member).into()).collect(),
        started: c.into(),
        ended: d.into(),
        created_ms: one,
        messages: two,
        bytes: 0,
        first_place: three,
        next_place: four,
    };
    let message =
        SealedMessage { id: id.into(), salt: b.into(), data: c.into(), from: d.into(), sent_ms: one };
    let mut writes = rooms::put(&ChannelName::new(&format!("room:{id}")), &room);
    writes.push(meetings::put(&meeting));
    writes.extend(meetings::put_message(id, two, &message));
    writes
}

fn damage(input: &Input<'_>, records: &mut [StoreRecord]) {
    let count = records.len();
    for (which, at, by) in &input.damages {
        let value = &mut records[usize::from(*which) % count].value;
        let length = value.len();
        value[usize::from(*at) % length] = *by;
    }
    if let Some(cut) = input.cut {
        records.iter_mut().for_each(|record| record.value.truncate(usize::from(cut)));
    }
}

/// The lines of an export, and its writes in an empty store. What came is exported and read again.
fn import(export: &str) {
    let Some(writes) = imported(export.lines().map(str::as_bytes)) else { return };
    let records = records(writes);
    let stored = Stored::read(records.clone()).expect("what is imported is read");
    let mut again = Export::default();
    let mut lines: Vec<String> = again.records(&stored).collect();
    for meeting in &stored.meetings {
        lines.push(again.meeting(meeting));
        let all = records.iter().filter(|record| record.table == Table::MeetingMessages);
        for record in all.filter(|record| record.key.starts_with(&[meeting.id.as_bytes(), &[0]].concat())) {
            let (place, message) = meetings::read_message(record).expect("what is imported is read");
            lines.push(again.message(meeting, place, message));
        }
        assert_eq!(again.met(meeting), Ok(()), "as many messages as it says");
    }
    lines.push(again.end());
    let read = imported(lines.iter().map(|line| line.as_bytes())).expect("what is exported is imported");
    assert_eq!(Stored::read(self::records(read)).as_ref(), Ok(&stored));
}

fn imported<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Write>> {
    let (mut import, mut writes) = (Import::default(), Vec::new());
    for line in lines {
        writes.extend(import.take(line).ok()?);
    }
    import.end().ok().map(|_| writes)
}

fn records(writes: Vec<Write>) -> Vec<StoreRecord> {
    let record = |Write { table, key, value }| Some(StoreRecord { table, key, value: value? });
    writes.into_iter().filter_map(record).collect()
}
