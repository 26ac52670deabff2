//! Handing everything over to the history log, between the appends.

use super::log::{durable, fresh, later, publish, subscribe, with_log, write};
use super::*;
use crate::model::group::GroupChange;
use crate::model::record::HistoryRecord;
use crate::model::reply::{ChannelReply, GroupReply};

/// A text of so many bytes, as JSON.
fn text(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}

/// So many channels, of which the log has all: each has one publication.
fn filled(mut bench: Bench, channels: usize, json: &str) -> Bench {
    for channel in 0..channels {
        publish(&mut bench, &format!("plain:{channel}"), json);
        write(&mut bench);
    }
    bench
}

#[test]
fn a_checkpoint_leaves_room_for_publications() {
    let limits = Limits { history_queue_bytes_max: 10_000, ..Limits::default() };
    let mut bench = Bench::with(durable(), limits);
    bench.home.log_mut().attach();
    while !bench.home.decide_epochs(bench.now, true) {}
    bench.home.begin_checkpoint();
    let count = (0..100).take_while(|_| {
        assert!(matches!(
            publish(&mut bench, "plain:1", "1"),
            Reply::Channel(ChannelReply::Published { .. })
        ));
        bench.home.can_checkpoint()
    });
    assert!((2..100).contains(&count.count()));
    assert!(matches!(publish(&mut bench, "plain:1", "1"), Reply::Channel(ChannelReply::Published { .. })));
    write(&mut bench);
    assert!(bench.home.can_checkpoint());
}

#[test]
fn a_late_checkpoint_and_publications_have_half_of_the_place_each() {
    let limits = Limits { history_queue_bytes_max: 40_000, ..Limits::default() };
    let mut bench = Bench::with(durable(), limits);
    bench.home.log_mut().attach();
    while !bench.home.decide_epochs(bench.now, true) {}
    let text = text(400);
    let mut bench = filled(bench, 1_000, &text);
    bench.home.begin_checkpoint();
    bench.home.note_checkpoint_due(1_000);
    let hand_over = |bench: &mut Bench| {
        while bench.home.can_checkpoint() {
            assert!(bench.home.is_checkpoint_late() && !bench.home.checkpoint(bench.now));
        }
    };
    let fill = |bench: &mut Bench| {
        let takes = |reply| matches!(reply, Reply::Channel(ChannelReply::Published { .. }));
        (0..1_000).take_while(|_| takes(publish(bench, "plain:1", &text))).count()
    };
    hand_over(&mut bench);
    let left = fill(&mut bench);
    assert!((10..40).contains(&left), "{left} publications of some 600 bytes");
    assert!(!bench.home.can_checkpoint() && fill(&mut bench) == 0, "both have their half");
    write(&mut bench);
    let alone = fill(&mut bench);
    assert!(alone > left && !bench.home.can_checkpoint(), "{alone}: what nobody else takes is free");
    write(&mut bench);
    assert!(bench.home.can_checkpoint());
}

#[test]
fn a_checkpoint_goes_on_where_it_was() {
    let mut bench = filled(fresh(), 600, "1");
    bench.home.begin_checkpoint();
    let mut steps = 1;
    while !bench.home.checkpoint(bench.now) {
        steps += 1;
    }
    assert!(steps >= 3, "{steps}");
    let records = write(&mut bench);
    let channels: std::collections::BTreeSet<_> =
        records.iter().map(|record| record.view().channel()).collect();
    assert_eq!((records.len(), channels.len()), (600, 600));
}

#[test]
fn a_step_hands_over_little_and_three_times_as_much_as_was_appended() {
    let text = text(400);
    let mut bench = filled(fresh(), 200, &text);
    bench.home.begin_checkpoint();
    bench.home.checkpoint(bench.now);
    assert_eq!(bench.home.checkpoint_reached(), 1, "there are no keys");
    let step = |bench: &mut Bench, appends: usize| {
        (0..appends).for_each(|at| drop(publish(bench, &format!("plain:{at}"), &text)));
        bench.home.checkpoint(bench.now);
        write(bench).iter().filter(|record| matches!(record, HistoryRecord::Ring { .. })).count()
    };
    let few = step(&mut bench, 0);
    assert!((10..50).contains(&few), "{few}: 16 KiB; what was published before it began does not count");
    let more = step(&mut bench, 10);
    assert!((few + 22..=few + 31).contains(&more), "{more} after {few}");
    assert_eq!(step(&mut bench, 0), few, "they count once");
}

#[test]
fn a_key_in_a_checkpoint_is_as_old_as_it_is() {
    let mut bench = fresh();
    let key = Some("k".into());
    bench.execute(
        0,
        "a",
        ChannelCommand::Publish { channel: name("plain:1"), body: data("1"), idempotency_key: key },
    );
    let published_ms = bench.now.unix_ms;
    write(&mut bench);
    bench.pass(60_000);
    bench.home.begin_checkpoint();
    while !bench.home.checkpoint(bench.now) {}
    let records = write(&mut bench);
    let times = records.iter().filter_map(|record| match record {
        HistoryRecord::Key { time_ms, .. } => Some(*time_ms),
        _ => None,
    });
    assert_eq!(times.collect::<Vec<_>>(), [published_ms]);
    let place = |bench: &mut Bench| match bench.try_publish("a", "plain:1", data("2"), Some("k")) {
        Reply::Channel(ChannelReply::Published { position, .. }) => position.offset,
        other => panic!("{other:?}"),
    };
    let mut again = with_log(&records, true, later(&bench));
    again.pass(238_999);
    assert_eq!(place(&mut again), 1, "five minutes are not over");
    again.pass(1);
    assert_eq!(place(&mut again), 2, "they are");
}

#[test]
fn what_is_held_of_a_channel_that_ended_is_not_said_in_the_next_of_its_name() {
    let mut bench = fresh();
    publish(&mut bench, "room:1", "1");
    let id = bench.home.order.channels.find(&name("room:1")).expect("it is open");
    bench.home.order.channels.forget(id);
    let (position, _) = subscribe(&mut bench, "room:1", None);
    assert_eq!(bench.home.order.channels.find(&name("room:1")), Some(id));
    write(&mut bench);
    assert_eq!(bench.home.pop_output(), None);
    assert_eq!(subscribe(&mut bench, "room:1", None).0, position);
}

#[test]
fn a_group_that_is_deleted_takes_what_was_said_with_it_on_the_disk_too() {
    for channel in ["room:1", "plain:1"] {
        let mut bench = fresh();
        publish(&mut bench, channel, "1");
        let mut records = write(&mut bench);
        publish(&mut bench, channel, "2");
        let outcome = bench.home.apply_group(GroupChange { channel: name(channel), is: None });
        assert_eq!(outcome.reply, Reply::Group(GroupReply::Deleted(name(channel))));
        // What takes the place is not counted on from what is still held of the one before.
        let (position, _) = subscribe(&mut bench, channel, None);
        assert_eq!(position.offset, 0);
        publish(&mut bench, channel, "3");
        let (staged, somebody_waits) = bench.home.log().staged().expect("records");
        assert!(staged > 0 && somebody_waits && outcome.wait.is_some(), "{channel}: the answer waits");
        records.extend(write(&mut bench));
        assert_eq!(subscribe(&mut bench, channel, None).0.offset, 1);
        let mut again = with_log(&records, true, later(&bench));
        let from = Position { offset: 0, ..position };
        let Recovery::Complete(kept) = again.recover(1, "b", channel, from) else {
            panic!("{channel}: kept")
        };
        assert_eq!(kept.len(), 1, "{channel}: only what was said since");
    }
}

#[test]
fn publications_of_several_epochs_come_back_under_one() {
    let mut bench = fresh();
    publish(&mut bench, "plain:1", "1");
    let mut records = write(&mut bench);
    let mut crashed = with_log(&records, false, later(&bench));
    for json in ["2", "3"] {
        publish(&mut crashed, "plain:1", json);
    }
    records.extend(write(&mut crashed));
    let mut again = with_log(&records, true, later(&crashed));
    let (position, _) = subscribe(&mut again, "plain:1", None);
    assert_eq!(position, subscribe(&mut crashed, "plain:1", None).0);
    let Recovery::Complete(kept) = again.recover(1, "b", "plain:1", Position { offset: 0, ..position })
    else {
        panic!("all of it is kept")
    };
    let epochs: Vec<u64> = kept.iter().map(|bytes| read(bytes).epoch).collect();
    assert_eq!(epochs, [position.epoch; 3]);
}

#[test]
fn behind_a_hole_in_the_log_the_order_goes_on_and_nothing_from_before_is_shown() {
    let mut bench = fresh();
    for json in ["1", "2", "3", "4", "5"] {
        publish(&mut bench, "plain:1", json);
    }
    let mut records = write(&mut bench);
    records.drain(1..4);
    let mut again = with_log(&records, true, later(&bench));
    let (position, _) = subscribe(&mut again, "plain:1", None);
    assert_eq!(position.offset, 5);
    let Recovery::Gap(left) = again.recover(1, "b", "plain:1", Position { offset: 3, ..position }) else {
        panic!("4 is not there")
    };
    assert_eq!(jsons(&left), ["5"]);
}

#[test]
fn what_is_owed_and_what_is_due_is_late_until_it_is_handed_over() {
    let mut bench = filled(fresh(), 2_000, &text(20));
    bench.home.begin_checkpoint();
    bench.home.checkpoint(bench.now);
    assert!(!bench.home.is_checkpoint_late());
    publish(&mut bench, "plain:1999", &text(16_000));
    // A step looks at 64 channels, which have less than is owed.
    let mut steps = 0;
    while bench.home.is_checkpoint_late() {
        assert!(!bench.home.checkpoint(bench.now));
        steps += 1;
    }
    assert!((2..10).contains(&steps), "{steps}");
    bench.home.note_checkpoint_due(500);
    assert!(bench.home.is_checkpoint_late());
    while bench.home.is_checkpoint_late() {
        assert!(!bench.home.checkpoint(bench.now));
    }
    assert!((1_000..1_100).contains(&bench.home.checkpoint_reached()), "half of all channels");
}
