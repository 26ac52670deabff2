use super::*;
use crate::base::limits::Limits;
use crate::model::publication::{Body, Publication};

fn at(ms: u64) -> Now {
    Now { monotonic_us: ms * 1000, unix_ms: 0 }
}

fn answer(offset: u64) -> FirstAnswer {
    FirstAnswer {
        position: Position { epoch: 1, offset },
        answered: Answered::Data,
        logged: offset.is_multiple_of(2),
    }
}

fn said(text: &str) -> PublicationBytes {
    let body = Body::MessageCreated { content: text.into(), kind: "text".into() };
    let publication = Publication { epoch: 1, born: 1, offset: 1, time_ms: 1, publisher: "ada".into(), body };
    publication.archive(&mut Default::default())
}

fn channel() -> ChannelName {
    ChannelName::new("c")
}

/// A message's key, as clients' keys come here.
fn key(n: u64) -> Arc<str> {
    scoped("a", &channel(), true, &format!("{n}"))
}

fn table(keys_max: u32, age_ms_max: u32) -> Idempotency {
    let limits =
        Limits { idempotency_keys_max: keys_max, idempotency_ms_max: age_ms_max, ..Limits::default() };
    Idempotency::new(KeyedState::new(1, 2), limits.into())
}

/// A table that was asked to remember so many keys with their answers.
fn filled(count: u64, remembered: impl Fn(u64) -> (Arc<str>, FirstAnswer)) -> Idempotency {
    let mut keys = table(1_000_000, 100);
    for (key, answer) in (0..count).map(remembered) {
        keys.remember(at(0), &channel(), key, answer);
    }
    keys.invariants();
    keys
}

#[test]
fn scopes_never_meet() {
    let channel = ChannelName::new;
    assert_ne!(scoped("a", &channel("bc"), true, "d"), scoped("ab", &channel("c"), true, "d"));
    assert_ne!(scoped("a", &channel("b"), true, "cd"), scoped("a", &channel("bc"), true, "d"));
    assert_ne!(scoped("a", &channel("b"), true, "c"), scoped("a", &channel("b"), false, "c"));
    assert_eq!(channel_of(&scoped("a:1", &channel("b:2"), true, "c:3")), Some("b:2"));
    assert_eq!(channel_of("m9:9:short"), None);
    assert_eq!(scoped("a", &channel("b"), true, "c"), scoped("a", &channel("b"), true, "c"));
}

#[test]
fn a_key_is_forgotten_when_old_or_crowded_out() {
    let mut keys = table(2, 100);
    keys.remember(at(0), &channel(), "a".into(), answer(1));
    assert_eq!(keys.get(at(99), "a"), Some(&answer(1)));
    assert_eq!(keys.get(at(100), "a"), None);
    keys.remember(at(50), &channel(), "b".into(), answer(2));
    keys.remember(at(60), &channel(), "c".into(), answer(3));
    assert_eq!(keys.get(at(60), "a"), None, "crowded out");
    assert_eq!(keys.get(at(60), "b"), Some(&answer(2)));
    keys.expire(at(155), 10);
    assert_eq!(keys.len(), 1);
    keys.invariants();
}

#[test]
fn a_key_remembered_anew_lives_its_whole_time() {
    let mut keys = table(100, 100);
    for n in 0..40 {
        keys.remember(at(0), &channel(), format!("{n}").into(), answer(n));
    }
    keys.remember(at(100), &channel(), "39".into(), answer(77));
    keys.expire(at(150), 100);
    keys.invariants();
    assert_eq!(keys.get(at(150), "39"), Some(&answer(77)));
    assert_eq!(keys.len(), 1);
}

#[test]
fn keys_of_the_log_are_walked_in_steps_while_others_go() {
    let mut keys = table(1000, 100);
    for n in 0..10 {
        keys.remember(at(n), &channel(), format!("{n}").into(), answer(n));
    }
    let offsets = |keys: &Idempotency, place| {
        let (some, next) = keys.logged_from(place, 4);
        (some.map(|(at_ms, _, answer)| (at_ms, answer.position.offset)).collect::<Vec<_>>(), next)
    };
    assert_eq!(offsets(&keys, 0), (vec![(0, 0), (2, 2)], Some(4)));
    keys.expire(at(105), 100);
    assert_eq!(offsets(&keys, 4), (vec![(6, 6), (8, 8)], None), "those before 6 are too old");
}

#[test]
fn nobody_loses_keys_by_what_others_say() {
    let mut keys = table(100, 1_000);
    let key = |user: &str, number: u64| scoped(user, &channel(), false, &format!("{number:03}"));
    (0..20).for_each(|number| keys.remember(at(0), &channel(), key("modest", number), answer(number)));
    for number in 0..500 {
        keys.remember(at(1), &channel(), key("greedy", number), answer(number));
        keys.invariants();
    }
    assert!((0..20).all(|number| keys.get(at(2), &key("modest", number)).is_some()));
    assert_eq!(keys.get(at(2), &key("greedy", 419)), None, "its own oldest went");
    assert!(keys.get(at(2), &key("greedy", 420)).is_some());
}

#[test]
fn a_key_of_an_earlier_process_lives_what_is_left_of_its_time() {
    let mut keys = table(1000, 100);
    let before = 0u64.wrapping_sub(60);
    keys.restore(at(10), before, &channel(), "a".into(), answer(1));
    keys.restore(at(10), before, &channel(), "a".into(), answer(2));
    keys.restore(at(10), 0u64.wrapping_sub(95), &channel(), "old".into(), answer(3));
    assert_eq!(keys.len(), 1);
    assert_eq!(keys.get(at(39), "a"), Some(&answer(1)), "the first answer stays");
    assert_eq!(keys.get(at(40), "a"), None);
}

#[test]
fn kept_messages_are_bounded_by_bytes() {
    let big = said(&"0".repeat(1 << 20));
    let keys =
        filled(100, |n| (key(n), FirstAnswer { answered: Answered::Message(big.clone()), ..answer(n) }));
    assert_eq!(keys.len(), 51, "the allocator takes 1.25 MiB for each");
}

#[test]
fn keys_are_bounded_by_bytes() {
    let long = "k".repeat(1 << 20);
    let keys = filled(100, |n| (format!("{n}{long}").into(), answer(n)));
    assert_eq!(keys.len(), 51);
}

#[test]
fn what_small_keys_take_in_the_tables_counts() {
    let keys = filled(400_000, |n| (format!("{n}").into(), answer(n)));
    assert!((250_000..350_000).contains(&keys.len()), "{} keys in 64 MiB", keys.len());
}

#[test]
fn texts_that_grow_are_bounded_by_bytes() {
    let mut keys =
        filled(40, |n| (key(n), FirstAnswer { answered: Answered::Message(said("0")), ..answer(n) }));
    let big = said(&"0".repeat(2 << 20));
    for offset in 0..40 {
        keys.rewrite(&channel(), Position { epoch: 1, offset }, big.clone());
    }
    keys.invariants();
    assert_eq!(keys.len(), 25);
}

#[test]
fn what_is_said_of_a_message_follows_it() {
    let mut keys = table(1000, 100);
    let message = |text: u8| Answered::Message(said(&text.to_string()));
    let answered = |keys: &Idempotency, n| keys.get(at(0), &key(n)).map(|answer| answer.answered.clone());
    for n in 1..=3 {
        keys.remember(at(0), &channel(), key(n), FirstAnswer { answered: message(1), ..answer(n) });
    }
    let of = |offset| Position { epoch: 1, offset };
    keys.rewrite(&channel(), of(1), said("2"));
    keys.take_back(&channel(), of(2));
    assert_eq!([answered(&keys, 1), answered(&keys, 2)], [Some(message(2)), Some(Answered::Deleted)]);
    keys.invariants();
    let known = FirstAnswer { answered: Answered::of_key(&key(1), None), ..answer(1) };
    keys.restore(at(0), 0, &channel(), key(1), known);
    assert_eq!(answered(&keys, 1), Some(Answered::Deleted), "the log says later that it was deleted");
    keys.rewrite(&ChannelName::new("d"), of(3), said("9"));
    assert_eq!(answered(&keys, 3), Some(message(1)), "of another channel");
    keys.take_back_all(&ChannelName::new("b"));
    assert_eq!(answered(&keys, 3), Some(message(1)));
    keys.take_back_all(&channel());
    assert_eq!(answered(&keys, 3), Some(Answered::Deleted));
    keys.invariants();
}
