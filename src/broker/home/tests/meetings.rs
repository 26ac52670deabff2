//! Meetings: who may, what becomes of messages, what is told.

use super::*;
use crate::base::limits::ListLimits;
use crate::broker::meetings::merge_meetings;
use crate::broker::meetings::{MeetingChange, MeetingChangeKind};
use crate::model::meeting::{MeetingDraft, MeetingPage, MessagePlace, SealedMessage, channel_of};
use crate::model::reply::MeetingReply;

const ALL: MeetingPage = MeetingPage { after: 0, count_max: 1_000 };

const NOW: Now = Now { monotonic_us: 0, unix_ms: 1_000_000 };

fn home() -> Home {
    Bench::new().home
}

fn home_with(lists: ListLimits) -> Home {
    Bench::with(definitions(), Limits { lists, ..Limits::default() }).home
}

fn message(id: &str) -> SealedMessage {
    SealedMessage { id: id.into(), salt: "".into(), data: "".into(), from: "".into(), sent_ms: 0 }
}

fn draft(members: &[&str], messages: &[&str]) -> MeetingDraft {
    MeetingDraft {
        creates: true,
        members: Some(members.iter().map(|member| Box::from(*member)).collect()),
        messages: messages.iter().map(|id| message(id)).collect(),
        ..MeetingDraft::default()
    }
}

fn places(change: &MeetingChange) -> Vec<(u64, bool)> {
    let MeetingChangeKind::Put { messages, .. } = &change.kind else { panic!("{change:?}") };
    messages.iter().map(|placed| (placed.place, placed.is_new)).collect()
}

#[test]
fn places_rise_and_what_was_deleted_has_none() {
    let (mut home, ada, r1) = (home(), session("ada"), channel_of("r1"));
    let put = |home: &mut Home, messages: &[&str], known: &[Option<u64>]| {
        let known: Vec<_> = known
            .iter()
            .map(|place| place.map(|place| MessagePlace { place, bytes: message("b").bytes() }))
            .collect();
        home.meetings.decide_put(NOW, &ada, &r1, draft(&[], messages), &known).expect("decided")
    };
    // Found on the disk, but of an earlier meeting of that name.
    let change = put(&mut home, &["a", "b"], &[Some(7), None]);
    assert_eq!(places(&change), [(1, true), (2, true)]);
    home.apply_meeting(NOW, change);
    let change = put(&mut home, &["b", "c"], &[Some(2), None]);
    assert_eq!(places(&change), [(2, false), (3, true)]);
    home.apply_meeting(NOW, change);
    assert_eq!(home.meetings.known_to(&ada, &r1).expect("there").messages, 3);
    let change = home.meetings.decide_clear(&ada, &r1).expect("decided");
    home.apply_meeting(NOW, change);
    assert_eq!(home.meetings.known_to(&ada, &r1).expect("there").messages, 0);
    // Found on the disk, but deleted and not swept away yet.
    let change = put(&mut home, &["c"], &[Some(3)]);
    assert_eq!(places(&change), [(4, true)]);
    home.apply_meeting(NOW, change);
    home.invariants();
}

#[test]
fn a_meeting_is_found_by_its_people_only() {
    let mut home = home();
    let ids = |home: &Home, user: &str| {
        let part = home.meetings.list_of(&session(user), ALL);
        assert_eq!(part.items.len() as u64, part.total);
        part.items.iter().map(|meeting| meeting.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    for (id, members) in [("r1", &["bob", "Cy "][..]), ("r2", &["CY"])] {
        let change =
            home.meetings.decide_put(NOW, &session("Ada"), &channel_of(id), draft(members, &[]), &[]);
        home.apply_meeting(NOW, change.expect("decided"));
        home.invariants();
    }
    assert_eq!([ids(&home, "ada"), ids(&home, "BOB"), ids(&home, "cy")], ["r1 r2", "r1", "r1 r2"]);
    let change = home.meetings.decide_put(NOW, &session("bob"), &channel_of("r1"), draft(&["dan"], &[]), &[]);
    home.apply_meeting(NOW, change.expect("decided"));
    home.invariants();
    assert_eq!([ids(&home, "ada"), ids(&home, "bob"), ids(&home, "cy")], ["r1 r2", "", "r2"]);
    assert!(home.meetings.decide_delete(&session("bob"), &channel_of("r1")).is_err());
    let change = home.meetings.decide_delete(&session("dan"), &channel_of("r1"));
    home.apply_meeting(NOW, change.expect("decided"));
    home.invariants();
    assert_eq!([ids(&home, "ada"), ids(&home, "dan"), ids(&home, "")], ["r2", "", ""]);
}

#[test]
fn a_list_is_cut_by_count_and_by_bytes() {
    let mut home = home();
    let long = "x".repeat(200);
    for (created_ms, id, members) in [(1, "old", &[][..]), (2, "long", &[long.as_str()]), (3, "new", &[])] {
        let change = home.meetings.decide_put(
            Now { unix_ms: created_ms, ..NOW },
            &session("ada"),
            &channel_of(id),
            draft(members, &[]),
            &[],
        );
        home.apply_meeting(NOW, change.expect("decided"));
    }
    let list = |after, count_max, bytes_max| {
        let page = MeetingPage { after, count_max };
        let part = home.meetings.list_of(&session("ada"), page);
        match merge_meetings(vec![part], page, bytes_max, |meeting| meeting.admits("ada")) {
            Reply::Meeting(MeetingReply::Page { items, next }) => {
                let ids = items.iter().map(|meeting| meeting.id.to_string()).collect::<Vec<_>>().join(" ");
                (ids, next)
            }
            other => panic!("{other:?}"),
        }
    };
    let of = |ids: &str, next| (ids.to_owned(), next);
    assert_eq!(list(0, 9, 9_000), of("new long old", None));
    assert_eq!(list(0, 2, 9_000), of("new long", Some(2)));
    assert_eq!(list(2, 2, 9_000), of("old", None));
    assert_eq!(list(0, 9, 600), of("new", Some(1)));
    assert_eq!(list(1, 9, 0), of("long", Some(2)), "one comes always");
    assert_eq!(list(3, 9, 9_000), of("", None));
    let deep = MeetingPage { after: 10_000, count_max: 1 };
    assert_eq!(
        code(merge_meetings(vec![home.meetings.list_of(&session("ada"), deep)], deep, 0, |_| true)),
        FaultCode::InvalidRequest
    );
}

#[test]
fn members_are_looked_at_in_what_is_answered_alone() {
    let mut home = home();
    let ada = session("ada");
    for id in 0..300 {
        let change =
            home.meetings.decide_put(NOW, &ada, &channel_of(&format!("{id:03}")), draft(&["bob"], &[]), &[]);
        home.apply_meeting(NOW, change.expect("decided"));
    }
    let page = MeetingPage { after: 200, count_max: 100 };
    let part = home.meetings.list_of(&ada, page);
    assert_eq!(part.items.len(), 300, "whatever can be on the page with what other cores have");
    let mut looked = Vec::new();
    let reply = merge_meetings(vec![part], page, 1_300, |meeting| {
        looked.push(meeting.id.to_string());
        meeting.id.as_ref() != "201"
    });
    let Reply::Meeting(MeetingReply::Page { items, next }) = reply else { panic!("{reply:?}") };
    assert_eq!(looked, ["200", "201", "202", "203", "204"]);
    let ids: Vec<_> = items.iter().map(|meeting| meeting.id.as_ref()).collect();
    assert_eq!(
        (ids, next),
        (vec!["200", "202", "203", "204"], Some(205)),
        "what is another person's is left out"
    );
}

#[test]
fn meetings_on_their_way_to_the_disk_count() {
    let mut home = Bench::with(definitions(), Limits { meetings_max: 2, ..Limits::default() }).home;
    let put = |home: &mut Home, user: &str, id| {
        home.meetings.decide_put(NOW, &session(user), &channel_of(id), draft(&[], &[]), &[])
    };
    let first = put(&mut home, "ada", "r1").expect("room");
    assert!(put(&mut home, "ada", "r2").is_err(), "half of all are hers");
    let second = put(&mut home, "bob", "r2").expect("room");
    home.invariants();
    let refused = |home: &mut Home| put(home, "eve", "r3").map_err(|fault| fault.code).err();
    assert_eq!(refused(&mut home), Some(FaultCode::LimitExceeded));
    home.apply_meeting(NOW, first);
    assert_eq!(refused(&mut home), Some(FaultCode::LimitExceeded));
    home.meetings.give_up(&second);
    home.invariants();
    assert_eq!(refused(&mut home), None, "the place is free again");
    home.invariants();
}

#[test]
fn bytes_of_meetings_on_their_way_to_the_disk_count() {
    let mut home = home_with(ListLimits {
        meeting_bytes_max: 20_000,
        meeting_messages_bytes_max: 20_000,
        ..ListLimits::default()
    });
    let members: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    let members: Vec<_> = members.iter().map(String::as_str).collect();
    let begin = |home: &mut Home, room: &str, draft| {
        home.meetings.decide_put(NOW, &session("ada"), &channel_of(room), draft, &[])
    };
    let all = |home: &mut Home, draft: &dyn Fn() -> MeetingDraft| {
        let changes: Vec<_> = (0..50).map_while(|n| begin(home, &n.to_string(), draft()).ok()).collect();
        home.invariants();
        changes.iter().for_each(|change| home.meetings.give_up(change));
        home.invariants();
        changes.len()
    };
    let long = SealedMessage { data: "x".repeat(2_000).into(), ..message("m") };
    for _ in 0..2 {
        assert_eq!(
            all(&mut home, &|| draft(&members, &[])),
            4,
            "some 2,200 bytes each, and half of all are hers"
        );
        assert_eq!(all(&mut home, &|| MeetingDraft { messages: vec![long.clone()], ..draft(&[], &[]) }), 4);
    }
    let change = begin(&mut home, "a", draft(&[], &[])).expect("room");
    home.apply_meeting(NOW, change);
    let grown = begin(&mut home, "a", draft(&members, &[])).expect("room");
    home.invariants();
    assert_eq!(all(&mut home, &|| draft(&members, &[])), 3, "what a meeting grows by counts as well");
    home.apply_meeting(NOW, grown);
    home.invariants();
    assert_eq!(all(&mut home, &|| draft(&members, &[])), 3);
}

#[test]
fn messages_on_the_disk_have_a_bound_for_each_maker_and_in_all() {
    let mut home = home_with(ListLimits { meeting_messages_bytes_max: 10_000, ..ListLimits::default() });
    let long = |id: &str| SealedMessage { data: "x".repeat(1_000).into(), ..message(id) };
    let put =
        |home: &mut Home, user: &str, scopes: Scopes, room: &str, id: &str, known: Option<MessagePlace>| {
            let session = Session::of(user, scopes);
            let draft = MeetingDraft { messages: vec![long(id)], ..draft(&["bob"], &[]) };
            let change = home.meetings.decide_put(NOW, &session, &channel_of(room), draft, &[known]);
            let change = change.map_err(|fault| fault.message.into_owned())?;
            home.apply_meeting(NOW, change);
            home.invariants();
            Ok::<_, String>(())
        };
    let fill = |home: &mut Home, user: &str, scopes: Scopes, room: &str| {
        (0..100).take_while(|n| put(home, user, scopes, room, &n.to_string(), None).is_ok()).count()
    };
    assert_eq!(fill(&mut home, "ada", Scopes::WRITE, "a"), 4, "half of all");
    let refused = put(&mut home, "bob", Scopes::WRITE, "a", "more", None).expect_err("charged to ada");
    assert!(refused.contains("meeting_messages_bytes_max"), "{refused}");
    // What replaces another one needs no room.
    let bytes = long("0").bytes() + 3;
    let place = Some(MessagePlace { place: 1, bytes });
    assert_eq!(put(&mut home, "ada", Scopes::WRITE, "a", "0", place), Ok(()));
    assert_eq!(fill(&mut home, "bob", Scopes::WRITE, "b"), 2, "half of the rest");
    assert_eq!(fill(&mut home, "root", Scopes::ADMIN, "c"), 3, "an admin has all that is left");
    let change = home.meetings.decide_clear(&session("ada"), &channel_of("a")).expect("decided");
    home.apply_meeting(NOW, change);
    home.invariants();
    assert_eq!(fill(&mut home, "ada", Scopes::WRITE, "a"), 2, "what is deleted is given back");
}

#[test]
fn members_in_memory_have_a_bound_for_each_maker() {
    let mut home = home_with(ListLimits { meeting_bytes_max: 20_000, ..ListLimits::default() });
    let long = "x".repeat(200);
    let make = |home: &mut Home, user: &str, room: &str, members: &[&str]| {
        let change =
            home.meetings.decide_put(NOW, &session(user), &channel_of(room), draft(members, &[]), &[]);
        change.map(|change| home.apply_meeting(NOW, change)).is_ok()
    };
    let many = |home: &mut Home, user: &str| {
        (0..50).take_while(|n| make(home, user, &format!("{user}{n}"), &[&long, "b", "c"])).count()
    };
    assert_eq!((many(&mut home, "ada"), many(&mut home, "bob")), (9, 5), "half, and half of the rest");
    assert!(make(&mut home, "ada", "ada0", &["b"]), "what becomes less needs no room");
    assert!(!make(&mut home, "ada", "ada0", &[&long, &long, &long]));
    home.invariants();
}
