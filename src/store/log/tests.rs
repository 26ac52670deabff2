use super::checkpoint::Checkpoint;
use super::needed::Reached;
use super::*;
use crate::model::channel::Position;
use proptest::prelude::*;
use std::borrow::Cow;

const AT: Position = Position { epoch: 7, offset: 3 };

fn append(bytes: &[u8]) -> Entry<'_> {
    let channel = "room:1";
    Entry::History(RecordView::Append {
        channel,
        position: AT,
        committed: true,
        key: Some("k"),
        bytes: bytes.into(),
    })
}

/// One of each kind.
fn all() -> Vec<Entry<'static>> {
    let channel = "room:ü";
    let entries = [&b"one"[..], b"", b"three"].map(Cow::Borrowed).to_vec();
    let key = |key, message| RecordView::Key { channel, key, time_ms: 5, position: AT, message };
    vec![
        Entry::Begin { segment: 9, epoch: 7, before: 5 },
        append(b"text"),
        Entry::History(RecordView::Ring { channel, position: AT, committed: false, entries }),
        Entry::History(RecordView::Ended { channel, epoch: 7 }),
        Entry::History(key("k", None)),
        Entry::History(key("m", Some(Cow::Borrowed(b"m")))),
        Entry::Synced { segment: 9, offset: 77 },
        Entry::Clean,
    ]
}

/// Entries as text, for what they borrow may be gone.
fn texts(entries: &[Entry<'_>]) -> Vec<String> {
    entries.iter().map(|entry| format!("{entry:?}")).collect()
}

fn encoded(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    entries.iter().for_each(|entry| encode(&mut out, entry));
    out
}

/// All records of some bytes, and what is wrong behind them.
fn decoded(bytes: &[u8], piece: usize) -> (Vec<String>, Option<Damage>, u64) {
    let mut decoder = Decoder::default();
    let mut entries = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        loop {
            match decoder.next_entry() {
                Ok(Some((_, entry))) => entries.push(format!("{entry:?}")),
                Ok(None) => break,
                Err(damage) => return (entries, Some(damage), decoder.offset()),
            }
        }
    }
    (entries, decoder.end(), decoder.offset())
}

#[test]
fn records_come_back_however_the_bytes_are_cut_into_pieces() {
    let bytes = encoded(&all());
    for piece in [1, 2, 7, 64, bytes.len()] {
        assert_eq!(decoded(&bytes, piece), (texts(&all()), None, bytes.len() as u64), "pieces of {piece}");
    }
}

#[test]
fn a_file_that_ends_within_a_record_gives_those_before_it() {
    let bytes = encoded(&all());
    let ends: Vec<usize> = (1..=all().len()).map(|count| encoded(&all()[..count]).len()).collect();
    for cut in 0..bytes.len() {
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let at = ends.iter().filter(|end| **end <= cut).max().copied().unwrap_or(0);
        let damage = (at < cut).then_some(Damage::Cut);
        assert_eq!(decoded(&bytes[..cut], 16), (texts(&all()[..whole]), damage, at as u64), "cut at {cut}");
    }
}

#[test]
fn every_changed_bit_is_found() {
    let good = encoded(&[append(b"text"), Entry::Clean]);
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let (entries, damage, _) = decoded(&bad, 64);
        assert!(damage.is_some(), "bit {bit}");
        assert!(entries.is_empty() || entries == texts(&[append(b"text")]), "bit {bit}");
    }
}

#[test]
fn zeros_and_a_newer_version_are_no_records() {
    assert_eq!(decoded(&[0; 100], 100), (vec![], Some(Damage::Checksum), 0));
    let mut newer = encoded(&[Entry::Clean]);
    newer[FRAME_BYTES] = VERSION + 1;
    let checksum = crc32fast::hash(&newer[FRAME_BYTES..]);
    newer[4..8].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(decoded(&newer, 100), (vec![], Some(Damage::Newer(VERSION + 1)), 0));
}

/// A segment whose second record is damaged, and what follows it.
fn damaged(follows: &[Entry<'_>]) -> (Vec<u8>, u64) {
    let mut bytes = encoded(&[Entry::Begin { segment: 9, epoch: 7, before: 5 }]);
    let at = bytes.len();
    encode(&mut bytes, &append(b"lost"));
    bytes[at + 20] ^= 1;
    follows.iter().for_each(|entry| encode(&mut bytes, entry));
    (bytes, at as u64)
}

#[test]
fn a_mark_behind_damage_says_that_it_was_on_disk() {
    let (bytes, at) = damaged(&[append(b"more")]);
    let marked = {
        let offset = bytes.len() as u64;
        [bytes.clone(), encoded(&[Entry::Synced { segment: 9, offset }, append(b"last")])].concat()
    };
    for piece in [1, 10, 33, 34, 35, 1_000] {
        let found = |bytes: &[u8], segment| {
            let mut finder = MarkFinder::new(segment, at);
            bytes[at as usize..].chunks(piece).any(|piece| finder.push(piece))
        };
        assert!(!found(&bytes, 9), "no mark");
        assert!(found(&marked, 9), "pieces of {piece}");
        assert!(!found(&marked, 8), "a mark of another segment");
    }
}

#[test]
fn what_a_client_sent_is_no_mark() {
    let forged = encoded(&[Entry::Synced { segment: 9, offset: 1_000 }]);
    let (bytes, at) = damaged(&[append(&forged)]);
    assert!(!MarkFinder::new(9, at).push(&bytes[at as usize..]));
}

#[test]
fn segments_are_in_order_and_without_holes() {
    let names: Vec<String> = [3, 1, 2, 0x10].map(file_name).into();
    let of = |count: usize| Segments::of(names[..count].iter().map(String::as_str).chain(["lock", "x.log"]));
    let three = of(3).expect("no hole");
    assert_eq!(three.numbers(), &[1, 2, 3][..]);
    assert_eq!(of(4), Err(file_name(4)));
    assert_eq!(names[3], "0000000000000010.log");
}

#[test]
fn a_checkpoint_is_due_when_the_log_outgrew_it_and_ends_when_all_cores_are_through() {
    let mut checkpoint =
        Checkpoint::new(Size { segment_bytes: 100 }, FoundLog { bytes: 0, live_bytes: 0, clean: true });
    checkpoint.note(0, 33);
    assert!(!checkpoint.is_due());
    checkpoint.note(0, 1);
    assert!(checkpoint.is_due());
    checkpoint.begin(5, 2);
    checkpoint.note(600, 100);
    assert!(!checkpoint.is_due(), "one at a time");
    checkpoint.through(0);
    assert_eq!(checkpoint.synced(), None);
    checkpoint.through(1);
    assert_eq!(checkpoint.synced(), Some(5));
    assert_eq!(checkpoint.synced(), None, "said once");
    assert!(!checkpoint.is_due(), "100 is a sixth of the 600 that it stands for");
    checkpoint.note(0, 1);
    assert!(checkpoint.is_due());
}

fn progress(clean: bool) -> Progress {
    Progress::new(2, Size { segment_bytes: 100 }, FoundLog { bytes: 0, live_bytes: 0, clean })
}

/// Both cores hand everything over, and it is synced.
fn check_point(progress: &mut Progress, segment: u64) -> Option<u64> {
    let number = progress.begin_checkpoint(segment);
    progress.through(0, number);
    assert!(!progress.is_through() && progress.synced().is_none(), "one core is left");
    progress.through(1, number);
    assert!(progress.is_through());
    progress.synced()
}

#[test]
fn each_core_is_told_once_how_far_it_is() {
    let mut progress = progress(true);
    progress.wrote(1, 5);
    assert_eq!((progress.moved(0), progress.moved(1), progress.moved(1)), (None, Some((5, 0)), None));
    progress.synced();
    progress.wrote(1, 7);
    assert_eq!(progress.moved(1), Some((7, 5)));
}

#[test]
fn a_core_that_is_through_with_an_older_checkpoint_is_not_with_this_one() {
    let mut progress = progress(true);
    let old = progress.begin_checkpoint(2);
    progress.through(0, old);
    progress.begin_checkpoint(3);
    progress.through(0, old);
    progress.through(1, old);
    assert!(!progress.is_through());
    assert_eq!(check_point(&mut progress, 4), Some(4));
    assert!(!progress.is_through(), "its end is noted");
}

#[test]
fn what_a_core_said_before_it_heard_of_a_failure_does_not_count() {
    let mut progress = progress(true);
    progress.wrote(0, 5);
    progress.synced();
    assert_eq!(progress.moved(0), Some((5, 5)));
    progress.wrote(0, 9);
    assert_eq!(progress.moved(0), Some((9, 5)));
    progress.fail();
    assert!(!progress.hears(0) && !progress.hears(1));
    assert_eq!(progress.moved(0), None, "what was written is lost");
    let first = progress.resume();
    progress.fail();
    let second = progress.resume();
    let checkpoint = progress.begin_checkpoint(3);
    progress.resumed(0, first);
    progress.through(0, checkpoint);
    assert!(!progress.hears(0), "it has not heard of the second failure");
    progress.resumed(0, second);
    assert!(progress.hears(0) && !progress.hears(1));
    progress.through(1, checkpoint);
    progress.through(0, checkpoint);
    assert!(!progress.is_through(), "the other core is not heard");
    progress.resumed(1, second);
    progress.through(1, checkpoint);
    assert_eq!(progress.synced(), Some(3));
    progress.wrote(0, 12);
    assert_eq!(progress.moved(0), Some((12, 5)), "records that are lost are never told to be synced");
}

#[test]
fn a_log_is_whole_while_nothing_is_lost_and_after_a_whole_checkpoint() {
    let mut log = progress(true);
    assert!(log.is_whole());
    let lost = log.begin_checkpoint(2);
    log.fail();
    assert!(!log.is_whole());
    let number = log.resume();
    (0..2).for_each(|core| log.resumed(core, number));
    (0..2).for_each(|core| log.through(core, lost));
    log.synced();
    assert!(!log.is_whole(), "a checkpoint that a failure ended makes nothing whole");
    let number = log.begin_checkpoint(3);
    (0..2).for_each(|core| log.through(core, number));
    assert!(!log.is_whole(), "it is not on disk");
    assert_eq!(log.synced(), Some(3));
    assert!(log.is_whole());
    let mut log = progress(false);
    assert!(!log.is_whole(), "after an unclean start");
    assert_eq!(check_point(&mut log, 2), Some(2));
    assert!(log.is_whole());
}

#[test]
fn segments_go_one_by_one_while_the_next_checkpoint_comes_along() {
    let mut log = progress(true);
    // Found at the start: segment 1. The first checkpoint begins with 2, and has come to channels 10 and 20 when 2 is full.
    let first = log.begin_checkpoint(2);
    log.reached(0, Reached { number: first, place: 10 });
    log.reached(1, Reached { number: first, place: 20 });
    log.completed(2);
    assert_eq!(log.synced(), None, "nobody knows what segment 1 has");
    (0..2).for_each(|core| log.through(core, first));
    assert_eq!(log.synced(), Some(2));
    log.completed(3);
    let second = log.begin_checkpoint(4);
    log.reached(0, Reached { number: second, place: 10 });
    log.reached(1, Reached { number: first, place: 20 });
    log.reached(1, Reached { number: second, place: 19 });
    assert_eq!(log.synced(), None, "a channel of core 1 is missing");
    log.reached(1, Reached { number: second, place: 20 });
    assert_eq!(log.synced(), Some(3));
    log.reached(0, Reached { number: second, place: 1_000 });
    log.reached(1, Reached { number: second, place: 1_000 });
    assert_eq!(
        log.synced(),
        None,
        "segment 3 was complete after the first checkpoint: it needs the whole second"
    );
    (0..2).for_each(|core| log.through(core, second));
    assert_eq!(log.synced(), Some(4));
}

#[test]
fn a_segment_may_have_all_that_a_core_says_while_it_ends() {
    let mut log = progress(true);
    assert_eq!(check_point(&mut log, 2), Some(2));
    let place = |number, place| Reached { number, place };
    let second = log.begin_checkpoint(3);
    (0..2).for_each(|core| log.reached(core, place(second, 10)));
    // Segment 3 ends in the middle of records up to 20.
    log.reaches(0, place(second, 20));
    log.completed(3);
    log.reached(0, place(second, 20));
    (0..2).for_each(|core| log.through(core, second));
    log.synced();
    log.completed(4);
    let third = log.begin_checkpoint(5);
    (0..2).for_each(|core| log.reached(core, place(third, 19)));
    assert_eq!(log.synced(), None, "the channel of 20 may be in segment 3 alone");
    (0..2).for_each(|core| log.reached(core, place(third, 20)));
    assert_eq!(log.synced(), Some(4));
}

#[test]
fn a_checkpoint_is_due_to_be_through_before_the_log_has_grown_by_a_third() {
    let found = FoundLog { bytes: 900, live_bytes: 900, clean: true };
    let mut checkpoint = Checkpoint::new(Size { segment_bytes: 100 }, found);
    assert_eq!(checkpoint.due(), None, "none is under way");
    checkpoint.begin(2, 2);
    let mut said = Vec::new();
    for _ in 0..70 {
        checkpoint.note(50, 5);
        said.extend(checkpoint.due());
    }
    assert!(said.len() <= 50 && said.is_sorted(), "{said:?}");
    assert_eq!((said[0], said.last()), (33, Some(&1_000)));
}

#[test]
fn of_little_that_is_kept_a_checkpoint_has_the_time_of_a_segment() {
    let mut checkpoint =
        Checkpoint::new(Size { segment_bytes: 3_000 }, FoundLog { bytes: 0, live_bytes: 0, clean: true });
    checkpoint.begin(2, 2);
    checkpoint.note(0, 10);
    assert_eq!(checkpoint.due(), None, "ten bytes are a hundredth of what a segment may grow by");
    checkpoint.note(0, 490);
    assert_eq!(checkpoint.due(), Some(500));
    checkpoint.note(0, 500);
    assert_eq!(checkpoint.due(), Some(1_000));
}

#[test]
fn keys_are_handed_over_before_any_segment_goes() {
    let mut log = progress(true);
    assert_eq!(check_point(&mut log, 2), Some(2));
    let number = log.begin_checkpoint(3);
    log.completed(3);
    (0..2).for_each(|core| log.through(core, number));
    log.synced();
    let number = log.begin_checkpoint(4);
    (0..2).for_each(|core| log.reached(core, Reached { number, place: 0 }));
    assert_eq!(log.synced(), None);
    (0..2).for_each(|core| log.reached(core, Reached { number, place: 1 }));
    assert_eq!(log.synced(), Some(4));
}

#[test]
fn after_a_failure_all_segments_are_needed_until_a_whole_checkpoint() {
    let mut log = progress(true);
    assert_eq!(check_point(&mut log, 2), Some(2));
    let number = log.begin_checkpoint(3);
    (0..2).for_each(|core| log.reached(core, Reached { number, place: 5 }));
    log.completed(3);
    log.fail();
    let resumption = log.resume();
    let number = log.begin_checkpoint(4);
    (0..2).for_each(|core| log.resumed(core, resumption));
    (0..2).for_each(|core| log.reached(core, Reached { number, place: 1_000 }));
    assert_eq!(log.synced(), None);
    (0..2).for_each(|core| log.through(core, number));
    assert_eq!(log.synced(), Some(4));
}

#[test]
fn a_log_that_was_found_is_not_written_anew_before_it_outgrew_what_it_stands_for() {
    let due = |bytes, live_bytes| {
        let found = FoundLog { bytes, live_bytes, clean: true };
        Checkpoint::new(Size { segment_bytes: 100 }, found).is_due()
    };
    assert_eq!([due(1_166, 1_000), due(1_167, 1_000)], [false, true]);
    assert_eq!([due(33, 0), due(34, 0)], [false, true]);
    assert!(!due(10, 1_000), "a log can be smaller than what it stands for: changed epochs take no place");
}

proptest! {
    #[test]
    fn any_bytes_are_records_or_damage(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (_, damage, at) = decoded(&bytes, 50);
        prop_assert_eq!(damage.is_none(), at == bytes.len() as u64);
    }

    #[test]
    fn any_body_under_a_good_checksum_is_a_record_or_senseless(
        kind in 0u8..10,
        body in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let framed = [&[VERSION, kind][..], &body].concat();
        let header = [(framed.len() as u32).to_le_bytes(), crc32fast::hash(&framed).to_le_bytes()].concat();
        let bytes = [header, framed].concat();
        match decode::decode(&bytes) {
            Ok(Some((length, entry))) => {
                prop_assert_eq!(length, bytes.len());
                prop_assert_eq!(encoded(&[entry]), bytes);
            }
            other => prop_assert_eq!(other, Err(Damage::Senseless)),
        }
    }
}

#[test]
fn batches_have_the_records_of_their_places() {
    let bytes = encoded(&all());
    let mut decoder = Decoder::default();
    let mut batches = Vec::new();
    for piece in bytes.chunks(50) {
        decoder.push(piece);
        let mut places = Vec::new();
        while let Some((place, entry)) = decoder.next_entry().expect("no damage") {
            if matches!(entry, Entry::History(_)) {
                places.push(place);
            }
        }
        batches.push(decoder.batch(places));
    }
    let records = batches.iter().flat_map(Batch::records).map(Entry::History).collect::<Vec<_>>();
    let expected: Vec<_> = all().into_iter().filter(|entry| matches!(entry, Entry::History(_))).collect();
    assert_eq!(records, expected, "whatever became of the decoder's block since");
}
