//! What a history log is read from: any bytes, and good records with damage, in pieces of any size. None of it may panic,
//! the pieces make no difference, whole records come back, and a mark is found wherever the pieces are cut.

#![no_main]

use corecast::model::channel::Position;
use corecast::model::record::RecordView;
use corecast::store::log::{Damage, Decoder, Entry, MarkFinder, encode};
use libfuzzer_sys::{arbitrary, fuzz_target};
use std::borrow::Cow;

#[derive(arbitrary::Arbitrary, Debug)]
struct Input<'a> {
    records: Vec<Record<'a>>,
    /// Which byte, and what is there instead.
    damages: Vec<(u16, u8)>,
    /// Where the file ends before its time.
    cut: Option<u16>,
    pieces: Vec<u8>,
    raw: &'a [u8],
}

#[derive(arbitrary::Arbitrary, Debug)]
struct Record<'a> {
    kind: u8,
    channel: &'a str,
    numbers: [u64; 2],
    flag: bool,
    key: Option<&'a str>,
    bytes: Vec<&'a [u8]>,
}

/// The segment that all is in.
const SEGMENT: u64 = 7;

fuzz_target!(|input: Input<'_>| {
    let (mut file, mut entries, mut marks) = (Vec::new(), Vec::new(), Vec::new());
    for record in &input.records {
        if record.kind % 8 == 1 {
            marks.push(file.len());
        }
        let entry = entry(record, file.len() as u64);
        encode(&mut file, &entry);
        entries.push(format!("{entry:?}"));
    }
    let whole = Read { entries, damage: None, offset: file.len() as u64 };
    assert_eq!(read(&file, &input.pieces), whole, "what is written is read");
    find_marks(&file, &marks, &input.pieces);

    damage(&input, &mut file);
    let damaged = read(&file, &input.pieces);
    assert!(damaged.offset <= file.len() as u64);
    assert_eq!(damaged, read(&file, &[]), "pieces make no difference");
    let _ = finds(&file[damaged.offset as usize..], damaged.offset, &input.pieces);

    assert_eq!(read(input.raw, &input.pieces), read(input.raw, &[]));
    let _ = finds(input.raw, 0, &input.pieces);
});

/// A record of each kind; a mark says where it is.
fn entry<'a>(record: &Record<'a>, offset: u64) -> Entry<'a> {
    let [first, second] = record.numbers;
    let channel = record.channel;
    let position = Position { epoch: first, offset: second };
    let bytes = Cow::Borrowed(record.bytes.first().copied().unwrap_or_default());
    Entry::History(match record.kind % 8 {
        0 => return Entry::Begin { segment: first, epoch: second, before: offset },
        1 => return Entry::Synced { segment: SEGMENT, offset },
        2 => return Entry::Clean,
        3 | 4 => RecordView::Append { channel, position, committed: record.flag, key: record.key, bytes },
        5 => RecordView::Ring { channel, position, committed: record.flag, entries: record.bytes.iter().copied().map(Cow::Borrowed).collect() },
        6 => RecordView::Ended { channel, epoch: first },
        _ => RecordView::Key {
            channel,
            key: record.key.unwrap_or_default(),
            time_ms: first,
            position,
            message: record.flag.then_some(bytes),
        },
    })
}

#[derive(PartialEq, Debug)]
struct Read {
    /// As text: what they borrow is gone by then.
    entries: Vec<String>,
    damage: Option<Damage>,
    offset: u64,
}

/// As at the start. Pieces are as long as they are said to be, the last of them for all that follow; without any, there is
/// one.
fn pieces<'a>(mut file: &'a [u8], sizes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut sizes = sizes.iter().map(|size| usize::from(*size).max(1));
    let mut size = usize::MAX;
    std::iter::from_fn(move || {
        size = sizes.next().unwrap_or(size);
        let (piece, rest) = file.split_at(size.min(file.len()));
        file = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn read(file: &[u8], sizes: &[u8]) -> Read {
    let mut decoder = Decoder::default();
    let mut entries = Vec::new();
    for piece in pieces(file, sizes) {
        decoder.push(piece);
        loop {
            match decoder.next_entry() {
                Ok(Some((_, entry))) => entries.push(format!("{entry:?}")),
                Ok(None) => break,
                Err(damage) => return Read { entries, damage: Some(damage), offset: decoder.offset() },
            }
        }
    }
    Read { entries, damage: decoder.end(), offset: decoder.offset() }
}

fn finds(bytes: &[u8], from: u64, sizes: &[u8]) -> bool {
    let mut finder = MarkFinder::new(SEGMENT, from);
    pieces(bytes, sizes).any(|piece| finder.push(piece))
}

/// A mark is found from any place up to its own.
fn find_marks(file: &[u8], marks: &[usize], sizes: &[u8]) {
    if let Some(last) = marks.last().copied() {
        for from in [0, last / 2, last] {
            assert!(finds(&file[from..], from as u64, sizes), "from {from} of {marks:?}");
        }
    }
}

fn damage(input: &Input<'_>, file: &mut Vec<u8>) {
    for (at, byte) in &input.damages {
        let length = file.len().max(1);
        if let Some(place) = file.get_mut(usize::from(*at) % length) {
            *place = *byte;
        }
    }
    if let Some(cut) = input.cut {
        file.truncate(usize::from(cut));
    }
}
