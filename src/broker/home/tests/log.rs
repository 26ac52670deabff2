//! The history log: what is staged, what is withheld, what a restart brings back.

use super::*;
use crate::model::definition::{DefinitionRecord, Durability};
use crate::model::record::HistoryRecord;
use crate::model::reply::{ChannelReply, MessageReply};

/// `room:` channels are committed, `plain:` ones relaxed, `user:` ones in memory.
pub fn durable() -> Definitions {
    let mut definitions = definitions();
    for (name, durability) in
        [("room", Durability::Commit), ("plain", Durability::Relaxed), ("user", Durability::Memory)]
    {
        let default = definitions.default;
        definitions.namespaces.insert(name.into(), ChannelDefinition { durability, ..default });
    }
    definitions
}

/// A node with a log, which has these records.
pub fn with_log(records: &[HistoryRecord], clean: bool, now: Now) -> Bench {
    let mut bench = Bench::with(durable(), Limits::default());
    bench.now = now;
    bench.home.log_mut().attach();
    for record in records {
        bench.home.restore(now, record.view());
        bench.home.order.channels.invariants();
    }
    while !bench.home.decide_epochs(now, clean) {}
    bench.home.invariants();
    bench
}

pub fn fresh() -> Bench {
    with_log(&[], true, Now { monotonic_us: 5_000_000, unix_ms: 1_000_000 })
}

/// Takes what is staged, and lets all of it come to the disk.
pub fn write(bench: &mut Bench) -> Vec<HistoryRecord> {
    let Some(part) = bench.home.log_mut().take() else { return Vec::new() };
    bench.home.log_mut().written(part.last);
    while bench.home.log().next_withheld().is_some_and(|record| record <= part.last) {
        bench.home.release(bench.now);
    }
    bench.home.invariants();
    part.records
}

pub fn publish(bench: &mut Bench, channel: &str, json: &str) -> Reply {
    let command = ChannelCommand::Publish { channel: name(channel), body: data(json), idempotency_key: None };
    bench.execute(0, "a", command)
}

pub fn subscribe(bench: &mut Bench, channel: &str, recover: Option<Position>) -> (Position, Recovery) {
    let with = Attachments::default();
    match bench.execute(0, "b", ChannelCommand::Subscribe { channel: name(channel), recover, with }) {
        Reply::Channel(ChannelReply::Subscribed { position, recovery, .. }) => (position, recovery),
        other => panic!("{other:?}"),
    }
}

pub fn later(bench: &Bench) -> Now {
    // The monotonic clock of another machine start: before it there is nothing.
    Now { monotonic_us: 1_000, unix_ms: bench.now.unix_ms + 1_000 }
}

#[test]
fn a_committed_publication_exists_for_nobody_before_it_is_on_disk() {
    let mut bench = fresh();
    let (start, _) = subscribe(&mut bench, "room:1", None);
    publish(&mut bench, "room:1", "1");
    assert_eq!(bench.wait, Some(1));
    publish(&mut bench, "room:1", "2");
    assert_eq!(bench.wait, Some(2));
    assert_eq!(bench.home.pop_output(), None, "nothing is pushed");
    assert_eq!(subscribe(&mut bench, "room:1", Some(start)), (start, Recovery::Complete(vec![])));
    let (records, taken) = (bench.home.log_mut().take().expect("two records"), bench.home.log_mut().take());
    assert_eq!((records.records.len(), records.last, records.commit, taken), (2, 2, true, None));
    bench.home.release(bench.now);
    assert!(bench.home.pop_output().is_some());
    let (now, recovery) = subscribe(&mut bench, "room:1", Some(start));
    assert_eq!(now.offset, 1);
    assert!(matches!(recovery, Recovery::Complete(missed) if missed.len() == 1), "only what is on disk");
    bench.home.invariants();
}

#[test]
fn a_relaxed_publication_is_told_at_once_and_one_in_memory_is_not_logged() {
    let mut bench = fresh();
    subscribe(&mut bench, "plain:1", None);
    publish(&mut bench, "plain:1", "1");
    assert_eq!(bench.wait, None);
    assert!(bench.home.pop_output().is_some());
    publish(&mut bench, "user:1", "1");
    let records = write(&mut bench);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].view().channel(), "plain:1");
}

#[test]
fn an_idempotency_key_of_a_held_publication_waits_with_it() {
    let mut bench = fresh();
    let command = || ChannelCommand::Publish {
        channel: name("room:1"),
        body: data("1"),
        idempotency_key: Some("k".into()),
    };
    bench.execute(0, "a", command());
    assert_eq!(bench.wait, Some(1));
    bench.execute(0, "a", command());
    assert_eq!(bench.wait, Some(1), "the repeat waits as well");
    assert_eq!(write(&mut bench).len(), 1);
    bench.execute(0, "a", command());
    assert_eq!(bench.wait, None);
}

#[test]
fn after_a_failure_what_is_held_never_was_and_memory_goes_on() {
    let mut bench = fresh();
    let command = || ChannelCommand::Publish {
        channel: name("room:1"),
        body: data("1"),
        idempotency_key: Some("k".into()),
    };
    bench.execute(0, "a", command());
    bench.home.log_failed();
    bench.home.invariants();
    assert_eq!(code(bench.execute(0, "a", command())), FaultCode::Unavailable, "not the first answer");
    assert_eq!(code(publish(&mut bench, "plain:1", "1")), FaultCode::Unavailable);
    assert!(matches!(publish(&mut bench, "user:1", "1"), Reply::Channel(ChannelReply::Published { .. })));
    assert_eq!(subscribe(&mut bench, "room:1", None).0.offset, 0);
}

#[test]
fn a_disk_that_is_behind_refuses_durable_publications_only() {
    let limits = Limits { history_queue_bytes_max: 1_000, ..Limits::default() };
    let mut bench = Bench::with(durable(), limits);
    bench.home.log_mut().attach();
    while !bench.home.decide_epochs(bench.now, true) {}
    let refused = (0..100).find(|_| {
        !matches!(publish(&mut bench, "plain:1", "1"), Reply::Channel(ChannelReply::Published { .. }))
    });
    assert!(refused.is_some_and(|count| count > 2), "{refused:?}");
    assert_eq!(code(publish(&mut bench, "room:1", "1")), FaultCode::Overloaded);
    assert!(matches!(publish(&mut bench, "user:1", "1"), Reply::Channel(ChannelReply::Published { .. })));
    write(&mut bench);
    assert!(matches!(publish(&mut bench, "plain:1", "1"), Reply::Channel(ChannelReply::Published { .. })));
}

#[test]
fn a_clean_restart_brings_everything_back() {
    let mut bench = fresh();
    for channel in ["room:1", "plain:1"] {
        let write =
            ChannelCommand::Publish { channel: name(channel), body: chat("one"), idempotency_key: None };
        bench.execute(0, "a", write);
        publish(&mut bench, channel, "2");
    }
    let records = write(&mut bench);
    let mut again = with_log(&records, true, later(&bench));
    for channel in ["room:1", "plain:1"] {
        let (before, _) = subscribe(&mut bench, channel, None);
        let from = Position { offset: 0, ..before };
        let (after, recovery) = subscribe(&mut again, channel, Some(from));
        assert_eq!(before, after);
        assert_eq!(recovery, subscribe(&mut bench, channel, Some(from)).1);
        assert!(matches!(recovery, Recovery::Complete(all) if all.len() == 2));
        let list = MessageCommand::List { channel: name(channel), page: page(1, 10) };
        assert_eq!(again.execute(0, "a", list.clone()), bench.execute(0, "a", list));
    }
}

#[test]
fn after_a_crash_only_committed_channels_keep_their_epoch() {
    let mut bench = fresh();
    for channel in ["room:1", "plain:1"] {
        publish(&mut bench, channel, "1");
    }
    let records = write(&mut bench);
    let mut again = with_log(&records, false, later(&bench));
    let (before, _) = subscribe(&mut bench, "room:1", None);
    assert_eq!(subscribe(&mut again, "room:1", Some(before)), (before, Recovery::Complete(vec![])));
    let (before, _) = subscribe(&mut bench, "plain:1", None);
    let (after, recovery) = subscribe(&mut again, "plain:1", Some(before));
    assert!(after.epoch > before.epoch && after.offset == before.offset, "{before:?} {after:?}");
    let Recovery::Gap(kept) = recovery else { panic!("a gap is told: {recovery:?}") };
    assert_eq!(kept.iter().map(|bytes| read(bytes).epoch).collect::<Vec<_>>(), [after.epoch]);
}

#[test]
fn the_order_goes_on_over_restarts_under_several_epochs() {
    let mut records = Vec::new();
    let mut now = fresh().now;
    for life in 1..=4 {
        let mut bench = with_log(&records, false, now);
        publish(&mut bench, "plain:1", "0");
        records.extend(write(&mut bench));
        let (at, _) = subscribe(&mut bench, "plain:1", None);
        assert_eq!(at.offset, life);
        let (_, all) = subscribe(&mut bench, "plain:1", Some(Position { offset: 0, ..at }));
        let Recovery::Complete(all) = all else { panic!("all is there") };
        assert_eq!(all.iter().map(|bytes| read(bytes).epoch).collect::<Vec<_>>(), vec![at.epoch; all.len()]);
        assert_eq!(all.len() as u64, life);
        now = later(&bench);
    }
}

#[test]
fn a_checkpoint_stands_for_all_before_it_even_for_what_is_held() {
    let mut bench = fresh();
    let key = Some("k".into());
    bench.execute(
        0,
        "a",
        ChannelCommand::Publish { channel: name("plain:1"), body: chat("x"), idempotency_key: key },
    );
    publish(&mut bench, "plain:1", "2");
    publish(&mut bench, "room:1", "1");
    write(&mut bench);
    publish(&mut bench, "room:1", "2");
    bench.home.begin_checkpoint();
    while !bench.home.checkpoint(bench.now) {}
    let records: Vec<_> = write(&mut bench)
        .into_iter()
        .filter(|record| !matches!(record, HistoryRecord::Append { .. }))
        .collect();
    assert_eq!(records.len(), 3, "two rings and a key: {records:?}");
    let mut again = with_log(&records, true, later(&bench));
    for channel in ["room:1", "plain:1"] {
        let (before, _) = subscribe(&mut bench, channel, None);
        assert_eq!(before.offset, 2);
        let from = Some(Position { offset: 0, ..before });
        assert_eq!(subscribe(&mut again, channel, from), subscribe(&mut bench, channel, from));
    }
    let key = Some("k".into());
    let repeat = ChannelCommand::Publish { channel: name("plain:1"), body: chat("x"), idempotency_key: key };
    assert_eq!(again.execute(0, "a", repeat.clone()), bench.execute(0, "a", repeat));
}

#[test]
fn changed_deleted_and_cleared_messages_come_back_as_they_were() {
    let mut bench = fresh();
    let written = |bench: &mut Bench, text: &str| {
        let body = chat(text);
        match bench.execute(
            0,
            "a",
            ChannelCommand::Publish { channel: name("plain:1"), body, idempotency_key: None },
        ) {
            Reply::Message(MessageReply::One(message)) => message.position,
            other => panic!("{other:?}"),
        }
    };
    let [first, second, _] = ["one", "two", "three"].map(|text| written(&mut bench, text));
    let channel = || name("plain:1");
    bench.execute(
        0,
        "a",
        MessageCommand::Update { channel: channel(), message: first, content: "ONE".into() },
    );
    bench.execute(0, "a", MessageCommand::Delete { channel: channel(), message: second });
    let records = write(&mut bench);
    let list = || MessageCommand::List { channel: channel(), page: page(1, 10) };
    let mut again = with_log(&records, true, later(&bench));
    let Reply::Message(MessageReply::Page { items, .. }) = again.execute(0, "a", list()) else {
        panic!("a list")
    };
    let contents = items
        .iter()
        .filter_map(|bytes| crate::broker::order::messages::written(channel(), bytes))
        .map(|one| one.content);
    assert_eq!(contents.collect::<Vec<_>>(), ["three", "ONE"]);
    assert_eq!(again.execute(0, "a", list()), bench.execute(0, "a", list()));
}

#[test]
fn a_channel_that_ended_or_is_kept_no_more_does_not_come_back_and_age_counts() {
    let mut bench = fresh();
    publish(&mut bench, "plain:1", "1");
    publish(&mut bench, "room:1", "1");
    let mut records = write(&mut bench);
    bench.pass(20_000);
    bench.home.sweep(bench.now);
    bench.pass(100_000);
    bench.home.sweep(bench.now);
    let ended = write(&mut bench);
    assert!(matches!(ended[..], [HistoryRecord::Ended { .. }, HistoryRecord::Ended { .. }]), "{ended:?}");
    let young = with_log(&records, true, bench.now);
    assert_eq!(young.home.state().history_publications, 0, "all are older than 10 s");
    records.extend(ended);
    assert_eq!(with_log(&records, true, bench.now).home.state().channels, 0);
}

#[test]
fn a_channel_of_a_realm_comes_back_under_its_definition_and_not_where_it_stopped_being_kept() {
    let kept = realm::record(1, "chat", false, realm::open());
    let unkept = {
        let mut record = DefinitionRecord::clone(&kept);
        record.draft.rules.history.count_max = 0;
        Arc::new(record)
    };
    let start = |records: &[HistoryRecord]| {
        let mut bench = Bench::with(durable(), Limits::default());
        bench.home.log_mut().attach();
        bench.change(None, Some(&kept));
        records.iter().for_each(|record| bench.home.restore(bench.now, record.view()));
        while !bench.home.decide_epochs(bench.now, true) {}
        bench.join(0, "@a", "r1:chat");
        bench
    };
    let say = |bench: &mut Bench| {
        let body = realm::said("1");
        let said = ChannelCommand::Publish { channel: name("r1:chat"), body, idempotency_key: None };
        match bench.execute(0, "@a", said) {
            Reply::Channel(ChannelReply::Published { position, .. }) => position,
            other => panic!("{other:?}"),
        }
    };
    let mut bench = start(&[]);
    let first = say(&mut bench);
    let mut records = write(&mut bench);
    let mut again = start(&records);
    assert_eq!(say(&mut again), Position { offset: 2, ..first });
    bench.change(Some(&kept), Some(&unkept));
    assert_eq!(say(&mut bench), Position { offset: 2, ..first }, "told, and not in the log");
    records.extend(write(&mut bench));
    assert_ne!(say(&mut start(&records)).epoch, first.epoch, "offset 2 is not given out again");
}
