//! A history log that failed and takes records again.

use super::log::{durable, fresh, later, publish, subscribe, with_log, write};
use super::*;
use crate::model::definition::Durability;
use crate::model::record::HistoryRecord;
use crate::model::reply::{ChannelReply, MessageReply};

/// The log loses what is staged and what is on its way.
fn fail(bench: &mut Bench) {
    bench.home.log_failed();
    bench.home.invariants();
}

/// It takes records again, and a checkpoint has begun.
fn resume(bench: &mut Bench) {
    bench.home.log_mut().resume();
    bench.home.begin_checkpoint();
}

fn keyed(channel: &str, json: &str) -> ChannelCommand {
    ChannelCommand::Publish { channel: name(channel), body: data(json), idempotency_key: Some("k".into()) }
}

fn offset(reply: Reply) -> u64 {
    match reply {
        Reply::Channel(ChannelReply::Published { position, .. }) => position.offset,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_place_and_the_key_of_what_was_held_are_given_out_again() {
    let mut bench = fresh();
    assert_eq!(offset(bench.execute(0, "a", keyed("room:1", "1"))), 1);
    bench.home.begin_checkpoint();
    fail(&mut bench);
    assert_eq!(code(bench.execute(0, "a", keyed("room:1", "1"))), FaultCode::Unavailable);
    bench.home.log_mut().resume();
    assert!(!bench.home.can_checkpoint(), "the one under way is given up");
    bench.home.begin_checkpoint();
    assert_eq!(offset(bench.execute(0, "a", keyed("room:1", "2"))), 1);
    assert!(bench.wait.is_some(), "nothing is on disk: no first answer is told");
    write(&mut bench);
    let (position, _) = subscribe(&mut bench, "room:1", None);
    let Recovery::Complete(kept) = bench.recover(1, "b", "room:1", Position { offset: 0, ..position }) else {
        panic!("all of it is kept")
    };
    assert_eq!(jsons(&kept), ["2"]);
}

#[test]
fn a_relaxed_channel_is_whole_in_the_log_from_its_first_record_after_a_failure_on() {
    let mut bench = fresh();
    publish(&mut bench, "plain:1", "1");
    let mut records = write(&mut bench);
    publish(&mut bench, "plain:1", "2");
    bench.home.log_mut().take();
    publish(&mut bench, "plain:1", "3");
    fail(&mut bench);
    resume(&mut bench);
    assert_eq!(offset(bench.execute(0, "a", keyed("plain:1", "4"))), 4);
    publish(&mut bench, "plain:1", "5");
    let after = write(&mut bench);
    assert!(matches!(after[0], HistoryRecord::Ring { .. }), "{after:?}");
    assert!(matches!(after[1], HistoryRecord::Key { .. }), "{after:?}");
    assert!(matches!(after[2], HistoryRecord::Append { .. }) && after.len() == 3, "{after:?}");
    // The process ends before the checkpoint has come by.
    records.extend(after);
    let mut again = with_log(&records, false, later(&bench));
    let (position, _) = subscribe(&mut again, "plain:1", None);
    let Recovery::Complete(kept) = again.recover(1, "b", "plain:1", Position { offset: 0, ..position })
    else {
        panic!("all of it is kept")
    };
    assert_eq!(jsons(&kept), ["1", "2", "3", "4", "5"]);
    assert_eq!(offset(again.execute(0, "a", keyed("plain:1", "4"))), 4, "the key came back too");
}

#[test]
fn after_the_checkpoint_a_channel_is_logged_record_by_record() {
    let mut bench = fresh();
    for channel in ["plain:1", "plain:2"] {
        publish(&mut bench, channel, "1");
    }
    fail(&mut bench);
    resume(&mut bench);
    let appends = |bench: &mut Bench, channel| {
        publish(bench, channel, "2");
        matches!(write(bench).last(), Some(HistoryRecord::Append { .. }))
    };
    assert!(!appends(&mut bench, "plain:1"), "no checkpoint has come by it");
    while !bench.home.checkpoint(bench.now) {}
    assert!(["plain:1", "plain:2", "plain:3"].into_iter().all(|channel| appends(&mut bench, channel)));
}

#[test]
fn a_channel_that_has_the_number_of_one_that_ended_is_whole_too() {
    let mut bench = fresh();
    publish(&mut bench, "plain:1", "1");
    fail(&mut bench);
    resume(&mut bench);
    publish(&mut bench, "plain:1", "2");
    let id = bench.home.order.channels.find(&name("plain:1")).expect("it is open");
    bench.home.order.channels.forget(id);
    publish(&mut bench, "plain:1", "another");
    assert_eq!(bench.home.order.channels.find(&name("plain:1")), Some(id));
    let kinds: Vec<bool> =
        write(&mut bench).iter().map(|record| matches!(record, HistoryRecord::Ring { .. })).collect();
    assert_eq!(kinds, [true, false, true], "a ring, its end, a ring");
}

#[test]
fn a_room_that_is_deleted_while_the_log_fails_takes_its_history_with_it() {
    let with_room = || {
        let mut bench = fresh();
        let (channel, description) = (name("room:1"), String::new());
        bench.execute(0, "a", RoomCommand::Create { channel, name: "Room".into(), description });
        publish(&mut bench, "room:1", "1");
        write(&mut bench);
        let id = bench.home.order.channels.find(&name("room:1")).expect("it is open");
        let first = Position { offset: 1, ..bench.home.order.channels.get(id).position() };
        (bench, first)
    };
    let connection = ConnectionId { index: 0, generation: 0 };
    let session = session("a");
    let origin = Origin { core: CoreId(0), connection, session: &session };

    let (mut decided, first) = with_room();
    let change = decided.home.delete_room(decided.now, origin, name("room:1")).expect("it is there");
    fail(&mut decided);
    let outcome = decided.home.apply_room(decided.now, change);
    assert!(outcome.wait.is_some(), "its answer is that it is not known");

    let (mut withheld, same) = with_room();
    assert_eq!(first, same);
    withheld.execute(0, "a", RoomCommand::Delete { channel: name("room:1") });
    fail(&mut withheld);

    for mut bench in [decided, withheld] {
        resume(&mut bench);
        assert_eq!(bench.home.pop_output(), None, "nobody is told");
        let recovery = bench.recover(1, "b", "room:1", first);
        assert_eq!(recovery, Recovery::Gap(Vec::new()));
    }
}

#[test]
fn a_message_whose_deletion_is_held_cannot_be_changed_and_that_is_told_with_the_deletion() {
    let mut bench = fresh();
    let mut written = |text| match bench.execute(
        0,
        "a",
        ChannelCommand::Publish { channel: name("room:1"), body: chat(text), idempotency_key: None },
    ) {
        Reply::Message(MessageReply::One(message)) => message.position,
        other => panic!("{other:?}"),
    };
    let (message, other) = (written("one"), written("two"));
    write(&mut bench);
    let channel = || name("room:1");
    let update = |message| MessageCommand::Update { channel: channel(), message, content: "changed".into() };
    let delete = || MessageCommand::Delete { channel: channel(), message };
    let get = || MessageCommand::Get { channel: channel(), message };
    bench.execute(0, "a", delete());
    let deletion = bench.wait;
    for late in [update(message), delete()] {
        assert_eq!(code(bench.execute(0, "a", late)), FaultCode::NotFound);
        assert_eq!(bench.wait, deletion, "it is not told before the deletion is on disk");
    }
    assert!(
        matches!(bench.execute(0, "b", get()), Reply::Message(MessageReply::One(_))),
        "nobody reads what is withheld"
    );
    assert!(
        matches!(bench.execute(0, "a", update(other)), Reply::Message(MessageReply::One(_))),
        "another one is as it was"
    );
    write(&mut bench);
    assert_eq!(code(bench.execute(0, "b", get())), FaultCode::NotFound);
    bench.execute(
        0,
        "a",
        RoomCommand::Create { channel: channel(), name: "R".into(), description: "".into() },
    );
    bench.execute(0, "a", RoomCommand::Delete { channel: channel() });
    let late = bench.execute(0, "a", update(other));
    assert_eq!(code(late), FaultCode::NotFound, "it goes with the room");
}

#[test]
fn a_profile_is_not_changed_while_its_durable_channel_takes_nothing() {
    for (durability, refused) in
        [(Durability::Commit, true), (Durability::Relaxed, true), (Durability::Memory, false)]
    {
        let mut definitions = durable();
        let default = definitions.default;
        definitions.namespaces.insert("user".into(), ChannelDefinition { durability, ..default });
        let mut bench = Bench::with(definitions, Limits::default());
        bench.home.log_mut().attach();
        while !bench.home.decide_epochs(bench.now, true) {}
        fail(&mut bench);
        let channel = || ChannelName::of_user("a");
        let update = ProfileCommand::Update {
            channel: channel(),
            user: "a".into(),
            name: Some("A".into()),
            status: None,
        };
        let reply = bench.execute(0, "a", update.clone());
        let Reply::Profile(profile) =
            bench.execute(0, "a", ProfileCommand::Get { channel: channel(), user: "a".into() })
        else {
            panic!("one's own")
        };
        assert_eq!(profile.name.as_deref() == Some("A"), !refused, "{durability:?}");
        match refused {
            true => assert_eq!(code(reply), FaultCode::Unavailable),
            false => assert!(matches!(reply, Reply::Profile(_))),
        }
        resume(&mut bench);
        assert!(matches!(bench.execute(0, "a", update), Reply::Profile(_)));
    }
}
