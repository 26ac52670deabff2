use super::{Database, start};
use crate::auth::{PasswordHash, SALT_BYTES, Secret};
use crate::runtime::core::doorbell::Doorbell;
use crate::runtime::core::ring::Ring;
use crate::runtime::side::effects::{Effects, effects};
use crate::runtime::side::passwords;
use crate::shard::{Effect, EffectId, Resolution};
use crate::store::{Range, RangeRead, Span, Table, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Far longer than any disk takes: who waits this long was not answered.
const LOST: Duration = Duration::from_secs(10);

fn doorbells(cores: usize) -> Arc<[Doorbell]> {
    (0..cores).map(|_| Doorbell::new().expect("a descriptor is free")).collect()
}

fn put(key: String) -> Effect {
    Effect::Write(vec![Write { table: Table::Rooms, key: key.into(), value: Some(b"value".to_vec()) }])
}

fn all(from: &str, to: &str) -> Range {
    let (from, to) = (from.into(), to.into());
    Range { table: Table::Rooms, from, to, reverse: false, records_max: 1_000, bytes_max: 1 << 20 }
}

fn answer(port: &Effects) -> (EffectId, Resolution) {
    let start = Instant::now();
    loop {
        let mut answer = None;
        port.hear(1, || true, |id, resolution| answer = Some((id, resolution)));
        if let Some(answer) = answer {
            return answer;
        }
        assert!(start.elapsed() < LOST, "no answer");
        std::thread::yield_now();
    }
}

#[test]
fn all_effects_of_all_cores_are_done_and_answered_in_order() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store");
    let (mut ports, desks) = effects(&doorbells(2), 101, 1);
    // All wait before the thread begins, so they are one group, and every queue is as full as it gets.
    for n in 0..100 {
        for (core, port) in ports.iter_mut().enumerate() {
            port.ask(EffectId(n), put(format!("{core}-{n}")));
        }
    }
    ports[0].ask(EffectId(100), Effect::Read(all("0", "1")));
    ports[1].ask(EffectId(100), Effect::Read(all("2", "3")));
    let thread = start(Database::open(&path).unwrap(), desks.store).unwrap();
    for port in &ports {
        for n in 0..100 {
            assert_eq!(answer(port), (EffectId(n), Resolution::Stored));
        }
    }
    let (id, Resolution::Found(found)) = answer(&ports[0]) else { panic!("it was read") };
    assert_eq!((id, found.records.len(), found.more), (EffectId(100), 100, false));
    assert_eq!(answer(&ports[1]), (EffectId(100), Resolution::Found(RangeRead::default())));
    // What is asked for last is done too, though nobody waits for it.
    ports[0].ask(EffectId(101), put("last".into()));
    drop(ports);
    thread.join().unwrap();
    let found = Database::open(&path).unwrap().read(&all("0", "z")).unwrap();
    assert_eq!(found.records.len(), 201);
}

#[test]
fn spans_are_emptied_before_the_writes_of_the_same_effect_and_keys_are_found() {
    let home = tempfile::tempdir().unwrap();
    let (mut ports, desks) = effects(&doorbells(1), 9, 1);
    for (n, key) in ["a1", "a2", "b1"].into_iter().enumerate() {
        ports[0].ask(EffectId(n as u64), put(key.into()));
    }
    let span = Span { table: Table::Rooms, from: b"a".to_vec(), to: b"b".to_vec() };
    let Effect::Write(writes) = put("a2".into()) else { panic!("a write") };
    ports[0].ask(EffectId(3), Effect::Replace(vec![span], writes));
    ports[0].ask(EffectId(4), Effect::Find(Table::Rooms, ["a1", "a2", "b1", "c"].map(Vec::from).into()));
    let thread = start(Database::open(&home.path().join("store")).unwrap(), desks.store).unwrap();
    for n in 0..4 {
        assert_eq!(answer(&ports[0]), (EffectId(n), Resolution::Stored));
    }
    let there = || Some(b"value".to_vec());
    assert_eq!(answer(&ports[0]), (EffectId(4), Resolution::Values(vec![None, there(), there(), None])));
    drop(ports);
    thread.join().unwrap();
}

#[test]
fn passwords_are_checked_by_a_thread_of_their_own() {
    let (mut ports, desks) = effects(&doorbells(1), 9, 1);
    let hash = Arc::new(PasswordHash::of(&Secret::new("right"), [7; SALT_BYTES]).expect("a hash"));
    for (n, password) in ["right", "wrong"].into_iter().enumerate() {
        let password = Secret::new(password);
        ports[0].ask(EffectId(n as u64), Effect::Verify { password, hash: hash.clone() });
    }
    let thread = passwords::start(desks.passwords).unwrap();
    assert_eq!(answer(&ports[0]), (EffectId(0), Resolution::Verified(true)));
    assert_eq!(answer(&ports[0]), (EffectId(1), Resolution::Verified(false)));
    drop(ports);
    thread.join().unwrap();
}

#[test]
fn a_core_that_sleeps_is_woken() {
    let home = tempfile::tempdir().unwrap();
    let doorbells = doorbells(1);
    let (mut ports, desks) = effects(&doorbells, 1, 1);
    let thread = start(Database::open(&home.path().join("store")).unwrap(), desks.store).unwrap();
    let mut ring = Ring::new().expect("io_uring is allowed where the tests run");
    ring.watch(doorbells[0].as_raw_fd());
    for n in 0..20 {
        ports[0].ask(EffectId(n), put(format!("{n}")));
        doorbells[0].sleeping();
        if !ports[0].ready() {
            let before = Instant::now();
            ring.sleep(Some(LOST)).expect("the ring sleeps");
            assert!(before.elapsed() < LOST, "nobody rang");
        }
        doorbells[0].awake();
        ring.collect(&mut Vec::new()).expect("the ring works");
        assert_eq!(answer(&ports[0]), (EffectId(n), Resolution::Stored));
    }
    drop(ports);
    thread.join().unwrap();
}
