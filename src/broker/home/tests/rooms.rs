use super::*;
use crate::broker::rooms::{RoomsPart, merge_rooms};
use crate::model::publication::Room;
use crate::model::reply::RoomReply;

fn create(channel: &str) -> RoomCommand {
    RoomCommand::Create { channel: name(channel), name: "Room".into(), description: String::new() }
}

fn rename(channel: &str, to: &str) -> RoomCommand {
    RoomCommand::Update { channel: name(channel), name: Some(to.into()), description: None }
}

fn delete(channel: &str) -> RoomCommand {
    RoomCommand::Delete { channel: name(channel) }
}

fn room(reply: Reply) -> Room {
    match reply {
        Reply::Room(RoomReply::One(room)) | Reply::Room(RoomReply::Deleted(room)) => room,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_room_is_made_changed_and_deleted_and_its_channel_is_told() {
    let mut bench = Bench::new();
    bench.subscribe(1, "bob", "chat:7");
    let made = room(bench.execute(0, "ann", create("chat:7")));
    assert_eq!((made.id.as_str(), made.owner.as_str(), made.created_ms), ("7", "ann", 1_000_000));
    assert_eq!(code(bench.execute(0, "ann", create("chat:7"))), FaultCode::Conflict);
    bench.pass(3);
    let changed = room(bench.execute(0, "ann", rename("chat:7", "New")));
    assert_eq!(changed, Room { name: "New".into(), updated_ms: 1_000_003, ..made.clone() });
    assert_eq!(room(bench.execute(0, "bob", RoomCommand::Get { channel: name("chat:7") })), changed);
    for theirs in [rename("chat:7", "x"), delete("chat:7")] {
        assert_eq!(code(bench.execute(0, "bob", theirs)), FaultCode::Forbidden);
    }
    assert_eq!(room(bench.execute(0, "admin", delete("chat:7"))), changed);
    for gone in [rename("chat:7", "x"), delete("chat:7"), RoomCommand::Get { channel: name("chat:7") }] {
        assert_eq!(code(bench.execute(0, "ann", gone)), FaultCode::NotFound);
    }
    let told = [
        Body::RoomCreated { room: made },
        Body::RoomUpdated { room: changed.clone() },
        Body::RoomDeleted { room: changed },
    ];
    assert_eq!(bench.bodies(), told.map(|body| (1, body)));
}

#[test]
fn deleting_a_room_clears_its_history_and_the_order_goes_on() {
    let mut bench = Bench::new();
    bench.execute(0, "ann", create("chat:7"));
    let message = bench.write("ann", "chat:7", "one").position;
    let before = bench.publish("ann", "chat:7", "1");
    bench.execute(0, "ann", delete("chat:7"));
    let get = MessageCommand::Get { channel: name("chat:7"), message };
    assert_eq!(code(bench.execute(0, "ann", get)), FaultCode::NotFound);
    let Recovery::Gap(left) = bench.recover(1, "bob", "chat:7", message) else { panic!("cleared") };
    assert_eq!(left.len(), 1);
    let Recovery::Complete(left) = bench.recover(1, "bob", "chat:7", before) else {
        panic!("nothing missed")
    };
    assert!(matches!(read(&left[0]).body, Body::RoomDeleted { .. }));
    let next = bench.publish("ann", "chat:7", "2");
    assert_eq!(next, Position { epoch: before.epoch, offset: before.offset + 2 });
}

#[test]
fn rooms_are_listed_by_age_over_all_cores() {
    let mut benches = [Bench::new(), Bench::new()];
    for (n, id) in ["b", "a", "d", "c", "e"].into_iter().enumerate() {
        benches[n % 2].execute(0, "ann", create(&format!("chat:{id}")));
        // Both of a pair are of the same age.
        benches.iter_mut().for_each(|bench| bench.pass(n as u64 % 2));
    }
    benches[0].execute(0, "ann", create("other:x"));
    let ids = |page: Page| {
        let parts = benches
            .iter()
            .map(|bench| bench.home.list_rooms(&Session::of("ann", Scopes::READ), "chat", page))
            .collect();
        let Reply::Room(RoomReply::Page { items, total, .. }) = merge_rooms(parts, page) else {
            panic!("rooms")
        };
        (items.into_iter().map(|room| room.id).collect::<Vec<_>>().join(""), total)
    };
    assert_eq!(ids(page(1, 10)), ("abcde".into(), 5));
    assert_eq!(ids(page(2, 2)), ("cd".into(), 5));
    assert_eq!(ids(page(3, 2)), ("e".into(), 5));
    assert_eq!(ids(page(100, 100)), (String::new(), 5));
    assert_eq!(code(merge_rooms(vec![], page(101, 100))), FaultCode::InvalidRequest);
    assert_eq!(code(merge_rooms(vec![], page(u32::MAX, u32::MAX))), FaultCode::InvalidRequest);
    assert_eq!(
        benches[0].home.list_rooms(&Session::of("ann", Scopes::READ), "chat", page(1, 1)).items.len(),
        1,
        "no more than the page needs"
    );
    assert_eq!(benches[0].home.list_rooms(&Session::of("ann", Scopes::READ), "other", page(1, 10)).total, 1);
    let none = benches[0].home.list_rooms(&Session::of("ann", Scopes::READ), "none", page(1, 10));
    assert_eq!(none, RoomsPart::default());
}

#[test]
fn a_record_outlives_its_idle_channel() {
    let mut bench = Bench::new();
    bench.execute(0, "ann", create("chat:7"));
    bench.pass(100_000);
    bench.home.sweep(bench.now);
    assert_eq!(bench.home.state().channels, 0);
    assert!(matches!(bench.execute(0, "ann", rename("chat:7", "New")), Reply::Room(RoomReply::One(_))));
}

#[test]
fn rooms_and_their_fields_are_bounded() {
    let mut bench = Bench::with(definitions(), Limits { rooms_max: 1, ..Limits::default() });
    assert_eq!(code(bench.execute(0, "ann", rename("chat:7", &"x".repeat(257)))), FaultCode::InvalidRequest);
    bench.execute(0, "ann", create("chat:7"));
    assert_eq!(code(bench.execute(0, "ann", create("chat:8"))), FaultCode::LimitExceeded);
    bench.execute(0, "ann", delete("chat:7"));
    assert!(matches!(bench.execute(0, "ann", create("chat:8")), Reply::Room(RoomReply::One(_))));
}

#[test]
fn whoever_makes_rooms_without_end_leaves_as_many_to_others() {
    let mut bench = Bench::with(definitions(), Limits { rooms_max: 8, ..Limits::default() });
    let mut make = |user: &str| {
        let made = (0..8).map(|number| bench.execute(0, user, create(&format!("chat:{user}{number}"))));
        made.filter(|answer| matches!(answer, Reply::Room(RoomReply::One(_)))).count()
    };
    assert_eq!([make("eve"), make("ann"), make("admin")], [4, 2, 2]);
    bench.execute(0, "eve", delete("chat:eve0"));
    assert!(matches!(bench.execute(0, "bob", create("chat:bob")), Reply::Room(RoomReply::One(_))));
}

fn decide(bench: &mut Bench, user: &str, command: RoomCommand) -> Result<RoomChange, FaultCode> {
    let session = session(user);
    let connection = ConnectionId { index: 0, generation: 0 };
    let origin = Origin { core: CoreId(0), connection, session: &session };
    super::decide(&mut bench.home, bench.now, origin, command).map_err(|fault| fault.code)
}

#[test]
fn a_change_that_is_not_stored_is_not_seen_and_keeps_others_away() {
    let mut bench = Bench::with(definitions(), Limits { rooms_max: 2, ..Limits::default() });
    let made = room(bench.execute(0, "ann", create("chat:7")));
    bench.subscribe(1, "bob", "chat:7");
    let renamed = decide(&mut bench, "ann", rename("chat:7", "New")).expect("hers");
    for late in [rename("chat:7", "x"), delete("chat:7")] {
        assert_eq!(decide(&mut bench, "ann", late), Err(FaultCode::Conflict));
    }
    let get = || RoomCommand::Get { channel: name("chat:7") };
    assert_eq!(room(bench.execute(0, "ann", get())), made, "not yet");
    let other = decide(&mut bench, "admin", create("chat:8")).expect("free");
    assert_eq!(decide(&mut bench, "admin", create("chat:8")), Err(FaultCode::LimitExceeded), "claimed");
    assert_eq!(decide(&mut bench, "admin", create("chat:9")), Err(FaultCode::LimitExceeded));
    bench.home.rooms.give_up(&other);
    bench.home.rooms.give_up(&renamed);
    assert_eq!(room(bench.execute(0, "ann", get())), made, "not at all");
    assert!(bench.pushes().is_empty());
    let twice =
        [decide(&mut bench, "admin", create("chat:9")), decide(&mut bench, "admin", create("chat:9"))];
    assert_eq!((twice[0].is_ok(), twice[1].clone()), (true, Err(FaultCode::LimitExceeded)));
    assert!(matches!(bench.execute(0, "ann", delete("chat:7")), Reply::Room(RoomReply::Deleted(_))));
    assert_eq!(
        decide(&mut bench, "bob", create("chat:9")),
        Err(FaultCode::Conflict),
        "there is place, but no name"
    );
}

#[test]
fn rooms_that_were_stored_are_all_there_whatever_the_bound() {
    let mut bench = Bench::with(definitions(), Limits { rooms_max: 1, ..Limits::default() });
    let stored = room(Bench::new().execute(0, "ann", create("chat:7")));
    for id in ["7", "8"] {
        let stored = Room { id: id.into(), ..stored.clone() };
        bench.home.rooms.restore(&name(&format!("chat:{id}")), stored);
    }
    assert_eq!(room(bench.execute(0, "bob", RoomCommand::Get { channel: name("chat:7") })), stored);
    assert_eq!(code(bench.execute(0, "ann", create("chat:9"))), FaultCode::LimitExceeded);
    bench.execute(0, "ann", delete("chat:7"));
    assert!(matches!(bench.execute(0, "ann", rename("chat:8", "New")), Reply::Room(RoomReply::One(_))));
}
