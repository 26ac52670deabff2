use super::*;
use crate::base::ids::ConnectionId;
use crate::base::limits::Limits;
use crate::model::fault::FaultCode;
use crate::model::people::circle::Card;
use proptest::prelude::*;
use std::collections::BTreeMap;

const RULES: CircleRules =
    CircleRules { typing_us: 5_000_000, typists_max: 2, messages_max: 3, cards_at_once: 2 };
/// The socket of a watcher that comes in the middle.
const LATE: usize = 9;
const USERS: [&str; 3] = ["ann", "bob", "cid"];

fn now(s: u64) -> Now {
    Now { monotonic_us: s * 1_000_000, unix_ms: s * 1_000 }
}

fn socket(index: usize) -> SocketId {
    SocketId {
        core: CoreId((index % 2) as u16),
        connection: ConnectionId { index: index as u32, generation: 0 },
    }
}

fn circles() -> Circles {
    Circles::new(
        KeyedState::new(1, 2),
        RULES,
        Limits { members_per_channel_max: 6, ..Limits::default() }.into(),
    )
}

fn join(circles: &mut Circles, circle: &Circle, user: &str, at: usize, out: &mut Vec<Told>) -> Shown {
    let user = UserId::from(user);
    let by = Asking { user: &user, socket: socket(at), fresh: at as u64 };
    circles.join(now(0), by, circle, "web:1".into(), 0, out).unwrap_or_default()
}

/// What a client makes of diffs: the references that it shows.
fn see(shown: &mut BTreeMap<u64, Arc<Card>>, out: &[Told], own: SocketId) {
    for told in out {
        let Told::Circle { event, except, .. } = told else { continue };
        let Event::Presence(PresenceEvent::Diff { joins, leaves }) = &**event else { continue };
        if *except == Some(own) {
            continue;
        }
        for card in joins {
            assert!(shown.insert(card.reference, card.clone()).is_none(), "a card comes once");
        }
        for card in leaves {
            assert!(shown.remove(&card.reference).is_some(), "only what was shown is taken back");
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Join(usize, usize),
    Leave(usize, bool),
    Status(usize, Status),
    Offline(usize),
    Pass,
}

/// Cards of the largest diff.
fn widest(out: &[Told]) -> usize {
    let cards = |told: &Told| match told {
        Told::Circle { event, .. } => match &**event {
            Event::Presence(PresenceEvent::Diff { joins, leaves }) => joins.len().max(leaves.len()),
            _ => 0,
        },
        _ => 0,
    };
    out.iter().map(cards).max().unwrap_or_default()
}

fn step() -> impl Strategy<Value = Step> {
    let statuses =
        prop_oneof![Just(Status::Online), Just(Status::Away), Just(Status::Invisible), Just(Status::Dnd)];
    prop_oneof![
        4 => (0usize..3, 1usize..8).prop_map(|(user, at)| Step::Join(user, at)),
        3 => (1usize..8, any::<bool>()).prop_map(|(at, died)| Step::Leave(at, died)),
        3 => (0usize..3, statuses).prop_map(|(user, status)| Step::Status(user, status)),
        1 => (0usize..3).prop_map(Step::Offline),
        2 => Just(Step::Pass),
    ]
}

proptest! {
    /// A client that takes every diff sees what one that comes now is told, and nobody who is invisible.
    #[test]
    fn diffs_make_what_is_there(steps in proptest::collection::vec(step(), 0..60), late_at in 0usize..60) {
        let circle = Circle::Presence("p".into());
        let mut circles = circles();
        let watcher = socket(0);
        let cards = join(&mut circles, &circle, "watcher", 0, &mut Vec::new());
        let mut shown: BTreeMap<u64, Arc<Card>> = cards.iter().map(|card| (card.reference, card.clone())).collect();
        let mut owners: BTreeMap<usize, usize> = BTreeMap::new();
        let mut late: Option<BTreeMap<u64, Arc<Card>>> = None;
        for (index, step) in steps.into_iter().enumerate() {
            let mut out = Vec::new();
            if index == late_at {
                let cards = join(&mut circles, &circle, "late", LATE, &mut out);
                late = (!cards.is_empty()).then(|| cards.iter().map(|card| (card.reference, card.clone())).collect());
                see(&mut shown, &out, watcher);
                out.clear();
            }
            match step {
                Step::Join(user, at) if !owners.contains_key(&at) => {
                    if !join(&mut circles, &circle, USERS[user], at, &mut out).is_empty() {
                        owners.insert(at, user);
                    }
                }
                Step::Leave(at, died) => {
                    if let Some(user) = owners.remove(&at) {
                        circles.leave(&circle, &UserId::from(USERS[user]), socket(at), died, &mut out);
                    }
                }
                Step::Status(user, status) => {
                    circles.person(now(0), &USERS[user].into(), &PersonNews::Status(status), &mut out);
                    if !status.is_visible() {
                        let cards = circles.by_circle[&circle].cards();
                        prop_assert!(cards.iter().all(|card| *card.user != *USERS[user]), "it leaks");
                    }
                }
                Step::Offline(user) => {
                    circles.person(now(0), &USERS[user].into(), &PersonNews::Offline { seen_s: 1 }, &mut out);
                }
                Step::Pass => pass(&mut circles, &mut out),
                Step::Join(..) => {}
            }
            prop_assert!(widest(&out) <= RULES.cards_at_once);
            see(&mut shown, &out, watcher);
            late.iter_mut().for_each(|late| take(late, &out));
            circles.invariants();
        }
        let mut out = Vec::new();
        pass(&mut circles, &mut out);
        see(&mut shown, &out, watcher);
        let cards = circles.by_circle[&circle].cards();
        let there: BTreeMap<u64, Arc<Card>> = cards.iter().map(|card| (card.reference, card.clone())).collect();
        prop_assert_eq!(&shown, &there);
        if let Some(mut late) = late {
            take(&mut late, &out);
            prop_assert_eq!(&late, &there, "whoever came in the middle sees the same in the end");
            circles.leave(&circle, &"late".into(), socket(LATE), false, &mut Vec::new());
        }
        for (at, user) in std::mem::take(&mut owners) {
            circles.leave(&circle, &UserId::from(USERS[user]), socket(at), true, &mut Vec::new());
        }
        circles.leave(&circle, &"watcher".into(), watcher, false, &mut Vec::new());
        circles.invariants();
        prop_assert!(circles.is_empty() && circles.by_user.is_empty(), "nothing stays");
    }
}

/// What a client makes of diffs which came after it was shown a circle whose cards were being replaced: some of what they say
/// it was shown already, or never.
fn take(shown: &mut BTreeMap<u64, Arc<Card>>, out: &[Told]) {
    for told in out {
        let Told::Circle { event, .. } = told else { continue };
        let Event::Presence(PresenceEvent::Diff { joins, leaves }) = &**event else { continue };
        for card in joins {
            shown.entry(card.reference).or_insert_with(|| card.clone());
        }
        leaves.iter().for_each(|card| _ = shown.remove(&card.reference));
    }
}

/// Time passes until nothing is left to be replaced.
fn pass(circles: &mut Circles, out: &mut Vec<Told>) {
    for at in 1..100 {
        circles.fire(now(at), 64, out);
    }
    assert_eq!(circles.next_us(), None, "it comes to an end");
}

#[test]
fn a_users_cards_are_replaced_some_at_a_time() {
    let (circle, ann) = (Circle::Presence("p".into()), UserId::from("ann"));
    let (mut circles, mut out) = (circles(), Vec::new());
    for at in 0..5 {
        join(&mut circles, &circle, "ann", at, &mut Vec::new());
    }
    circles.person(now(0), &ann, &PersonNews::Status(Status::Away), &mut out);
    let cards = circles.by_circle[&circle].cards();
    assert!(
        cards.iter().all(|card| card.status == Status::Away),
        "whoever comes now is not shown what was said before"
    );
    let mut told = vec![out.len()];
    for _ in 0..3 {
        assert!(widest(&out) <= RULES.cards_at_once, "one step's diff is short: {}", widest(&out));
        out.clear();
        let next_us = circles.next_us().unwrap_or_default();
        circles.fire(Now { monotonic_us: next_us, unix_ms: 0 }, 64, &mut out);
        told.push(out.len());
        circles.invariants();
    }
    assert_eq!(told, [2, 1, 1, 0], "the first one with the news that it is away");
    let cards = circles.by_circle[&circle].cards();
    assert!(cards.len() == 5 && cards.iter().all(|card| card.status == Status::Away));
    circles.person(now(5), &ann, &PersonNews::Status(Status::Invisible), &mut out);
    assert!(circles.by_circle[&circle].cards().is_empty() && circles.shown(&circle, 9).0.is_empty());
    assert!(circles.next_us().is_some(), "the others are still told");
    // What it says meanwhile is what becomes of its cards, and who is gone has none that wait.
    circles.person(now(9), &ann, &PersonNews::Status(Status::Dnd), &mut out);
    circles.person(now(9), &ann, &PersonNews::Status(Status::Busy), &mut out);
    assert!(circles.next_us().is_some());
    for at in 0..5 {
        circles.leave(&circle, &ann, socket(at), true, &mut out);
        circles.invariants();
    }
    assert_eq!(circles.next_us(), None);
}

fn offline(out: &[Told]) -> usize {
    let is = |told: &&Told| match told {
        Told::Circle { event, .. } => matches!(&**event, Event::Presence(PresenceEvent::Offline { .. })),
        _ => false,
    };
    out.iter().filter(is).count()
}

#[test]
fn going_offline_is_told_once_whichever_is_known_first() {
    let (circle, bob) = (Circle::Conversation("c".into()), UserId::from("bob"));
    for home_first in [false, true] {
        let (mut circles, mut out) = (circles(), Vec::new());
        join(&mut circles, &circle, "ann", 0, &mut out);
        join(&mut circles, &circle, "bob", 1, &mut out);
        join(&mut circles, &circle, "bob", 2, &mut out);
        out.clear();
        circles.leave(&circle, &bob, socket(1), true, &mut out);
        let news = PersonNews::Offline { seen_s: 7 };
        if home_first {
            circles.person(now(0), &bob, &news, &mut out);
            assert_eq!(offline(&out), 0, "a socket is still here");
            circles.leave(&circle, &bob, socket(2), true, &mut out);
        } else {
            circles.leave(&circle, &bob, socket(2), true, &mut out);
            assert_eq!(offline(&out), 0, "it may be elsewhere");
            circles.person(now(0), &bob, &news, &mut out);
        }
        assert_eq!(offline(&out), 1);
        circles.person(now(0), &bob, &news, &mut out);
        assert_eq!(offline(&out), 1, "once");
        circles.invariants();
    }
}

#[test]
fn messages_are_their_senders_and_few_are_remembered() {
    let (mut circles, mut out) = (circles(), Vec::new());
    let (circle, id): (_, Arc<str>) = (Circle::Conversation("c".into()), "c".into());
    join(&mut circles, &circle, "ann", 0, &mut out);
    let ann = UserId::from("ann");
    let by = |fresh| Asking { user: &ann, socket: socket(0), fresh };
    let mut ids = Vec::new();
    for fresh in 0..4 {
        let act = ChatAct::Send { said: r#""content":"x""#.into() };
        ids.push(
            circles.chat(now(0), by(fresh), &id, act, &mut out).expect("said").expect("a message").id.clone(),
        );
    }
    let mut delete = |user: &UserId, message: &str| {
        let act = ChatAct::Delete { message: message.into() };
        let by = Asking { user, socket: socket(0), fresh: 9 };
        circles.chat(now(0), by, &id, act, &mut out).map_err(|fault| fault.code)
    };
    assert_eq!(delete(&ann, &ids[0]), Err(FaultCode::NotFound), "the oldest is forgotten");
    assert_eq!(delete(&"bob".into(), &ids[1]), Err(FaultCode::Forbidden));
    assert_eq!(delete(&ann, &ids[1]), Ok(None));
    assert_eq!(delete(&ann, &ids[1]), Err(FaultCode::NotFound));
}
