//! What outlives edits, deletions and crashes: ids and newest texts do, old texts do not.

use super::log::{fresh, later, subscribe, with_log, write};
use super::*;
use crate::model::record::HistoryRecord;
use crate::model::reply::MessageReply;

fn say(bench: &mut Bench, channel: &str, text: &str, key: Option<&str>) -> Message {
    match bench.try_publish("ann", channel, chat(text), key) {
        Reply::Message(MessageReply::One(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn edit(bench: &mut Bench, of: &Message, text: &str) -> Reply {
    let (channel, message, content) = (of.channel.clone(), of.position, text.to_owned());
    bench.execute(0, "ann", MessageCommand::Update { channel, message, content })
}

fn delete(bench: &mut Bench, of: &Message) -> Reply {
    let (channel, message) = (of.channel.clone(), of.position);
    bench.execute(0, "ann", MessageCommand::Delete { channel, message })
}

fn get(bench: &mut Bench, of: &Message) -> Reply {
    let (channel, message) = (of.channel.clone(), of.position);
    bench.execute(0, "ann", MessageCommand::Get { channel, message })
}

/// The records of a checkpoint, which stand for all before them.
fn checkpoint(bench: &mut Bench) -> Vec<HistoryRecord> {
    write(bench);
    bench.home.begin_checkpoint();
    while !bench.home.checkpoint(bench.now) {}
    write(bench)
}

/// All that a subscriber without anything is told.
fn all(bench: &mut Bench, channel: &str) -> Vec<PublicationBytes> {
    let (at, _) = subscribe(bench, channel, None);
    match subscribe(bench, channel, Some(Position { offset: 0, ..at })).1 {
        Recovery::Complete(all) => all,
        other => panic!("{other:?}"),
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn an_id_names_its_message_over_crashes_and_checkpoints() {
    for channel in ["plain:1", "room:1"] {
        let mut bench = fresh();
        let kept = say(&mut bench, channel, "kept", Some("k"));
        let gone = say(&mut bench, channel, "gone", Some("g"));
        let mut records = write(&mut bench);
        for life in 0..3 {
            bench = with_log(&records, false, later(&bench));
            assert_eq!(
                get(&mut bench, &kept),
                Reply::Message(MessageReply::One(kept.clone())),
                "life {life}"
            );
            assert_eq!(say(&mut bench, channel, "kept", Some("k")), kept, "the first answer, with its id");
            let told = all(&mut bench, channel);
            let ids = told.iter().map(|bytes| bytes.view().identity());
            assert_eq!(ids.collect::<Vec<_>>(), [kept.position, gone.position]);
            records = checkpoint(&mut bench);
        }
        assert_eq!(delete(&mut bench, &gone), Reply::Message(MessageReply::One(gone.clone())));
        records.extend(write(&mut bench));
        bench = with_log(&records, false, later(&bench));
        assert_eq!(code(get(&mut bench, &gone)), FaultCode::NotFound);
        assert_eq!(code(bench.try_publish("ann", channel, chat("gone"), Some("g"))), FaultCode::Conflict);
        let Reply::Message(MessageReply::One(changed)) = edit(&mut bench, &kept, "new") else {
            panic!("it is there")
        };
        assert_eq!(changed.position, kept.position);
    }
}

#[test]
fn an_id_of_what_a_crash_lost_does_not_come_to_mean_another_message() {
    let mut bench = fresh();
    say(&mut bench, "plain:1", "one", None);
    let records = write(&mut bench);
    let lost = say(&mut bench, "plain:1", "lost", None);
    let mut again = with_log(&records, false, later(&bench));
    let other = say(&mut again, "plain:1", "other", None);
    assert_eq!((lost.position.offset, other.position.offset), (2, 2));
    assert_eq!(code(get(&mut again, &lost)), FaultCode::NotFound);
    assert_eq!(get(&mut again, &other), Reply::Message(MessageReply::One(other.clone())));
}

#[test]
fn a_text_that_is_gone_is_in_no_byte_of_a_checkpoint_and_does_not_come_back() {
    for channel in ["plain:1", "room:1"] {
        let mut bench = fresh();
        let changed = say(&mut bench, channel, "SECRET one", Some("k"));
        let deleted = say(&mut bench, channel, "SECRET two", Some("g"));
        let mut records = write(&mut bench);
        edit(&mut bench, &changed, "SECRET three");
        edit(&mut bench, &changed, "open");
        delete(&mut bench, &deleted);
        records.extend(write(&mut bench));
        let checkpoint = checkpoint(&mut bench);
        for record in &checkpoint {
            match record {
                HistoryRecord::Ring { entries, .. } => {
                    assert!(!entries.iter().any(|bytes| has(bytes, "SECRET")) && entries.len() == 5);
                }
                HistoryRecord::Key { message, .. } => {
                    assert!(!message.as_ref().is_some_and(|bytes| has(bytes, "SECRET")));
                }
                other => panic!("{other:?}"),
            }
        }
        records.extend(checkpoint.clone());
        for records in [records, checkpoint] {
            let mut again = with_log(&records, true, later(&bench));
            assert_eq!(all(&mut again, channel), all(&mut bench, channel));
            assert!(!all(&mut again, channel).iter().any(|bytes| has(bytes, "SECRET")));
            assert_eq!(say(&mut again, channel, "", Some("k")).content, "open");
            assert_eq!(code(again.try_publish("ann", channel, chat(""), Some("g"))), FaultCode::Conflict);
        }
    }
}

#[test]
fn of_an_edit_and_a_deletion_on_their_way_to_the_disk_the_deletion_stays() {
    let mut bench = fresh();
    let message = say(&mut bench, "room:1", "SECRET one", None);
    write(&mut bench);
    assert!(matches!(edit(&mut bench, &message, "SECRET two"), Reply::Message(MessageReply::One(_))));
    assert!(matches!(delete(&mut bench, &message), Reply::Message(MessageReply::One(_))));
    assert_eq!(code(edit(&mut bench, &message, "SECRET three")), FaultCode::NotFound);
    assert!(has(&all(&mut bench, "room:1")[0], "SECRET one"), "as long as nobody was told");
    write(&mut bench);
    assert_eq!(all(&mut bench, "room:1").len(), 3);
    assert!(!all(&mut bench, "room:1").iter().any(|bytes| has(bytes, "SECRET")));
}

#[test]
fn the_texts_of_a_deleted_room_are_repeated_to_nobody() {
    let mut bench = fresh();
    let create =
        RoomCommand::Create { channel: name("plain:1"), name: "Room".into(), description: String::new() };
    bench.execute(0, "ann", create);
    say(&mut bench, "plain:1", "SECRET", Some("k"));
    bench.execute(0, "ann", RoomCommand::Delete { channel: name("plain:1") });
    assert_eq!(code(bench.try_publish("ann", "plain:1", chat(""), Some("k"))), FaultCode::Conflict);
    assert!(
        !checkpoint(&mut bench)
            .iter()
            .any(|record| matches!(record, HistoryRecord::Key { message: Some(_), .. }))
    );
}
