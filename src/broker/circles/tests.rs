use super::*;
use crate::base::ids::ConnectionId;
use crate::base::limits::Limits;
use crate::model::fault::FaultCode;
use proptest::prelude::*;
use std::collections::BTreeMap;

const RULES: CircleRules = CircleRules { typing_us: 5_000_000, typists_max: 2, messages_max: 3 };
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

fn join(
    circles: &mut Circles,
    circle: &Circle,
    user: &str,
    at: usize,
    out: &mut Vec<Told>,
) -> Vec<Arc<Card>> {
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
}

fn step() -> impl Strategy<Value = Step> {
    let statuses =
        prop_oneof![Just(Status::Online), Just(Status::Away), Just(Status::Invisible), Just(Status::Dnd)];
    prop_oneof![
        4 => (0usize..3, 1usize..8).prop_map(|(user, at)| Step::Join(user, at)),
        3 => (1usize..8, any::<bool>()).prop_map(|(at, died)| Step::Leave(at, died)),
        3 => (0usize..3, statuses).prop_map(|(user, status)| Step::Status(user, status)),
        1 => (0usize..3).prop_map(Step::Offline),
    ]
}

proptest! {
    /// A client that takes every diff sees what one that comes now is told, and nobody who is invisible.
    #[test]
    fn diffs_make_what_is_there(steps in proptest::collection::vec(step(), 0..60)) {
        let circle = Circle::Presence("p".into());
        let mut circles = circles();
        let watcher = socket(0);
        let cards = join(&mut circles, &circle, "watcher", 0, &mut Vec::new());
        let mut shown: BTreeMap<u64, Arc<Card>> = cards.into_iter().map(|card| (card.reference, card)).collect();
        let mut owners: BTreeMap<usize, usize> = BTreeMap::new();
        for step in steps {
            let mut out = Vec::new();
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
                    circles.person(&USERS[user].into(), &PersonNews::Status(status), &mut out);
                    if !status.is_visible() {
                        see(&mut shown, &out, watcher);
                        prop_assert!(shown.values().all(|card| *card.user != *USERS[user]), "it leaks");
                        out.clear();
                    }
                }
                Step::Offline(user) => {
                    circles.person(&USERS[user].into(), &PersonNews::Offline { seen_s: 1 }, &mut out);
                }
                Step::Join(..) => {}
            }
            see(&mut shown, &out, watcher);
            circles.invariants();
        }
        let cards = circles.by_circle[&circle].cards();
        let there: BTreeMap<u64, Arc<Card>> = cards.into_iter().map(|card| (card.reference, card)).collect();
        prop_assert_eq!(&shown, &there);
        for (at, user) in std::mem::take(&mut owners) {
            circles.leave(&circle, &UserId::from(USERS[user]), socket(at), true, &mut Vec::new());
        }
        circles.leave(&circle, &"watcher".into(), watcher, false, &mut Vec::new());
        circles.invariants();
        prop_assert!(circles.is_empty() && circles.by_user.is_empty(), "nothing stays");
    }
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
            circles.person(&bob, &news, &mut out);
            assert_eq!(offline(&out), 0, "a socket is still here");
            circles.leave(&circle, &bob, socket(2), true, &mut out);
        } else {
            circles.leave(&circle, &bob, socket(2), true, &mut out);
            assert_eq!(offline(&out), 0, "it may be elsewhere");
            circles.person(&bob, &news, &mut out);
        }
        assert_eq!(offline(&out), 1);
        circles.person(&bob, &news, &mut out);
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
