use super::*;
use crate::broker::order::messages::written;
use crate::model::reply::MessageReply;

fn update(channel: &str, message: Position, content: &str) -> MessageCommand {
    MessageCommand::Update { channel: name(channel), message, content: content.into() }
}

fn delete(channel: &str, message: Position) -> MessageCommand {
    MessageCommand::Delete { channel: name(channel), message }
}

fn get(channel: &str, message: Position) -> MessageCommand {
    MessageCommand::Get { channel: name(channel), message }
}

fn list(bench: &mut Bench, page: Page) -> (Vec<String>, u64) {
    match bench.execute(0, "ann", MessageCommand::List { channel: name("c"), page }) {
        Reply::Message(MessageReply::Page { items, total, .. }) => (
            items.iter().filter_map(|bytes| written(name("c"), bytes)).map(|one| one.content).collect(),
            total,
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_is_written_changed_and_deleted() {
    let mut bench = Bench::new();
    let written = bench.write("ann", "c", "one");
    bench.subscribe(1, "bob", "c");
    let at = written.position;
    assert_eq!(bench.execute(0, "bob", get("c", at)), Reply::Message(MessageReply::One(written.clone())));
    bench.pass(5);
    let changed = Message { content: "two".into(), updated_ms: Some(1_000_005), ..written.clone() };
    assert_eq!(
        bench.execute(0, "ann", update("c", at, "two")),
        Reply::Message(MessageReply::One(changed.clone()))
    );
    assert_eq!(bench.execute(0, "bob", get("c", at)), Reply::Message(MessageReply::One(changed.clone())));
    assert_eq!(bench.execute(0, "admin", delete("c", at)), Reply::Message(MessageReply::One(changed)));
    for gone in [get("c", at), update("c", at, "x"), delete("c", at)] {
        assert_eq!(code(bench.execute(0, "ann", gone)), FaultCode::NotFound);
    }
    let (of, author, created_ms) = (at, "ann".to_owned(), 1_000_000);
    let updated = Body::MessageUpdated {
        of,
        author: author.clone(),
        created_ms,
        content: "two".into(),
        kind: "text".into(),
    };
    let deleted = Body::MessageDeleted { of, author, created_ms };
    assert_eq!(bench.bodies(), [(1, updated), (1, deleted)]);
}

#[test]
fn only_the_author_or_an_admin_changes_a_message() {
    let mut bench = Bench::new();
    let at = bench.write("ann", "c", "one").position;
    assert_eq!(code(bench.execute(0, "bob", update("c", at, "x"))), FaultCode::Forbidden);
    assert_eq!(code(bench.execute(0, "bob", delete("c", at))), FaultCode::Forbidden);
    assert!(matches!(bench.execute(0, "admin", update("c", at, "x")), Reply::Message(MessageReply::One(_))));
}

#[test]
fn what_is_no_message_is_not_found() {
    let mut bench = Bench::new();
    let at = bench.write("ann", "c", "one").position;
    let other = bench.publish("ann", "c", "1");
    let wrong_epoch = Position { epoch: at.epoch + 1, ..at };
    for missing in [other, wrong_epoch, Position { offset: 0, ..at }, Position { offset: u64::MAX, ..at }] {
        assert_eq!(code(bench.execute(0, "ann", get("c", missing))), FaultCode::NotFound, "{missing:?}");
        assert_eq!(code(bench.execute(0, "ann", delete("c", missing))), FaultCode::NotFound, "{missing:?}");
    }
    assert_eq!(code(bench.execute(0, "ann", get("d", at))), FaultCode::NotFound);
    for _ in 0..4 {
        bench.publish("ann", "c", "1");
    }
    assert_eq!(code(bench.execute(0, "ann", get("c", at))), FaultCode::NotFound, "trimmed");
}

#[test]
fn edits_and_deletions_push_no_message_out_and_what_was_changed_stands() {
    let mut bench = Bench::new();
    let at = (0..5).map(|n| bench.write("ann", "c", &format!("{n}")).position).collect::<Vec<_>>();
    for n in 0..256 {
        let reply = bench.execute(0, "ann", update("c", at[4], &format!("edit {n}")));
        assert!(matches!(reply, Reply::Message(MessageReply::One(_))), "{reply:?}");
    }
    let all = ["edit 255", "3", "2", "1", "0"].map(String::from).to_vec();
    assert_eq!(list(&mut bench, page(1, 10)), (all, 5));
    bench.execute(0, "ann", delete("c", at[0]));
    assert_eq!(list(&mut bench, page(1, 10)).1, 4);
    assert!(matches!(bench.execute(0, "bob", get("c", at[1])), Reply::Message(MessageReply::One(_))));
}

#[test]
fn an_edit_that_would_push_its_message_out_is_refused_and_changes_nothing() {
    let mut bench = Bench::new();
    let at = bench.write("ann", "c", "one").position;
    bench.write("ann", "c", "two");
    assert_eq!(code(bench.execute(0, "ann", update("c", at, &"x".repeat(2_000)))), FaultCode::TooLarge);
    assert_eq!(list(&mut bench, page(1, 10)), (vec!["two".into(), "one".into()], 2));
    assert_eq!(bench.bodies(), []);
}

#[test]
fn a_repeated_key_tells_the_newest_text_and_none_that_was_deleted() {
    let mut bench = Bench::new();
    let write = |bench: &mut Bench, key| match bench.try_publish("ann", "c", chat("one"), Some(key)) {
        Reply::Message(MessageReply::One(message)) => message,
        other => panic!("{other:?}"),
    };
    let (kept, gone) = (write(&mut bench, "k"), write(&mut bench, "g"));
    bench.execute(0, "ann", update("c", kept.position, "two"));
    bench.execute(0, "ann", delete("c", gone.position));
    assert_eq!(write(&mut bench, "k").content, "two");
    assert_eq!(code(bench.try_publish("ann", "c", chat("one"), Some("g"))), FaultCode::Conflict);
    assert_eq!(list(&mut bench, page(1, 10)), (vec!["two".into()], 1), "nothing is written again");
}

#[test]
fn lists_are_newest_first_as_they_stand_and_paged() {
    let mut bench = Bench::new();
    assert_eq!(list(&mut bench, page(1, 10)), (vec![], 0));
    let first = bench.write("ann", "c", "1").position;
    let second = bench.write("ann", "c", "2").position;
    bench.write("ann", "c", "3");
    bench.execute(0, "ann", update("c", first, "one"));
    assert_eq!(list(&mut bench, page(1, 10)), (vec!["3".into(), "2".into(), "one".into()], 3));
    assert_eq!(list(&mut bench, page(2, 2)), (vec!["one".into()], 3));
    assert_eq!(list(&mut bench, page(u32::MAX, u32::MAX)), (vec![], 3));
    bench.execute(0, "ann", delete("c", second));
    assert_eq!(list(&mut bench, page(1, 10)), (vec!["3".into(), "one".into()], 2));
    bench.pass(10_001);
    assert_eq!(list(&mut bench, page(1, 10)), (vec![], 0), "too old");
}
