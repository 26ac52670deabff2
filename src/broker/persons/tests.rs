use super::*;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::{Limits, PeopleLimits};

fn limits(device_users_max: u32) -> InForce {
    let people = PeopleLimits { device_users_max, ..PeopleLimits::default() };
    Limits { people, ..Limits::default() }.into()
}

fn now(s: u64) -> Now {
    Now { monotonic_us: s * 1_000_000, unix_ms: s * 1_000 }
}

fn socket(index: u32) -> SocketId {
    SocketId { core: CoreId(0), connection: ConnectionId { index, generation: 0 } }
}

fn news(out: &mut Vec<Told>) -> Vec<PersonNews> {
    let news = |told| match told {
        Told::Person { news, .. } => Some(news),
        _ => None,
    };
    out.drain(..).filter_map(news).collect()
}

#[test]
fn whoever_is_invisible_is_offline_to_others_and_comes_back_online() {
    let (mut persons, mut out, ann) =
        (Persons::new(KeyedState::new(1, 2), limits(10)), Vec::new(), UserId::from("ann"));
    assert_eq!(persons.get(&ann, "bob").status, Status::Offline);
    persons.connect(now(1), &ann, socket(1), "ios:1".into(), &mut out);
    persons.connect(now(2), &ann, socket(2), "web:2".into(), &mut out);
    assert_eq!(persons.get(&ann, "bob").devices.len(), 2);
    persons.set_status(now(3), &ann, Status::Invisible, &mut out);
    persons.invariants();
    assert_eq!(news(&mut out), [PersonNews::Status(Status::Invisible)]);
    let seen = persons.get(&ann, "bob");
    assert_eq!((seen.status, seen.devices.len(), seen.seen_ms), (Status::Offline, 0, Some(3_000)));
    assert_eq!(persons.get(&ann, "ann").status, Status::Invisible);
    assert_eq!(persons.online(10), (vec![], 0));
    persons.disconnect(now(4), &ann, socket(1), &mut out);
    assert!(out.is_empty());
    persons.disconnect(now(5), &ann, socket(2), &mut out);
    persons.disconnect(now(5), &ann, socket(2), &mut out);
    assert_eq!(news(&mut out), [PersonNews::Offline { seen_s: 5 }]);
    assert_eq!(persons.get(&ann, "bob").seen_ms, Some(3_000), "not when it went unseen");
    persons.connect(now(6), &ann, socket(3), "web:3".into(), &mut out);
    assert_eq!(news(&mut out), [PersonNews::Status(Status::Online)]);
    assert_eq!(persons.online(10).1, 1);
    persons.invariants();
}

#[test]
fn the_departed_are_forgotten_and_bounded() {
    let (mut persons, mut out) = (Persons::new(KeyedState::new(1, 2), limits(2)), Vec::new());
    for (index, user) in ["a", "b", "c"].into_iter().enumerate() {
        persons.connect(now(1), &user.into(), socket(index as u32), "web:1".into(), &mut out);
        persons.disconnect(now(1), &user.into(), socket(index as u32), &mut out);
    }
    let known = |persons: &Persons, user: &str| persons.get(&user.into(), "x").seen_ms.is_some();
    assert!(!known(&persons, "a") && known(&persons, "b") && known(&persons, "c"));
    persons.connect(now(2), &"b".into(), socket(9), "web:1".into(), &mut out);
    persons.fire(now(86_401), 10);
    assert!(known(&persons, "b") && !known(&persons, "c"), "who came back is not forgotten");
    persons.invariants();
    assert_eq!(persons.next_us(), None);
}
