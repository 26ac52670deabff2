use super::*;
use crate::model::reply::ChannelReply;

#[test]
fn a_publication_says_who_when_and_where() {
    let mut bench = Bench::new();
    bench.subscribe(1, "bob", "c");
    let position = bench.publish("ann", "c", "{\"a\":1}");
    assert_eq!((position.epoch >> 20, position.offset), (1_000, 1), "seconds of the wall clock, and a salt");
    let pushes = bench.pushes();
    let [(1, HomePush::Publication(bytes))] = pushes.as_slice() else { panic!("one publication") };
    let expected = Publication {
        epoch: position.epoch,
        born: position.epoch,
        offset: 1,
        time_ms: 1_000_000,
        publisher: "ann".into(),
        body: data("{\"a\":1}"),
    };
    assert_eq!(read(bytes), expected);
}

#[test]
fn a_repeated_key_gets_the_first_answer_and_publishes_nothing() {
    let mut bench = Bench::new();
    bench.subscribe(1, "bob", "c");
    let first = bench.try_publish("ann", "c", data("1"), Some("k"));
    let message = bench.try_publish("ann", "c", chat("hello"), Some("m"));
    assert_eq!(bench.bodies().len(), 2);
    bench.pass(299_999);
    assert_eq!(bench.try_publish("ann", "c", data("2"), Some("k")), first);
    assert_eq!(
        bench.try_publish("ann", "c", chat("other"), Some("m")),
        message,
        "the first text, the first time"
    );
    assert_eq!(bench.bodies(), []);
    for (user, channel, key) in [("bob", "c", "k"), ("ann", "d", "k"), ("ann", "c", "l")] {
        assert_ne!(bench.try_publish(user, channel, data("3"), Some(key)), first, "{user} {channel} {key}");
    }
    bench.pass(1);
    assert_ne!(bench.try_publish("ann", "c", data("4"), Some("k")), first, "forgotten");
}

#[test]
fn publications_and_repeats_are_counted() {
    let mut bench = Bench::new();
    let counts = |bench: &Bench| (bench.home.state().published, bench.home.state().duplicates);
    for _ in 0..3 {
        bench.try_publish("ann", "c", data("1"), Some("k"));
    }
    bench.publish("ann", "c", "2");
    assert_eq!(counts(&bench), (2, 2));
    assert_eq!(code(bench.try_publish("ann", "c", Body::UserOnline, None)), FaultCode::InvalidRequest);
    assert_eq!(counts(&bench), (2, 2));
}

#[test]
fn only_what_succeeded_is_remembered() {
    let limits = Limits { channels_per_namespace_max: 1, ..Limits::default() };
    let mut bench = Bench::with(definitions(), limits);
    bench.publish("ann", "c", "1");
    assert_eq!(code(bench.try_publish("ann", "d", data("2"), Some("k"))), FaultCode::LimitExceeded);
    bench.pass(70_000);
    bench.home.sweep(bench.now);
    assert!(matches!(
        bench.try_publish("ann", "d", data("2"), Some("k")),
        Reply::Channel(ChannelReply::Published { .. })
    ));
}

#[test]
fn long_keys_and_foreign_bodies_are_refused() {
    let mut bench = Bench::new();
    let key = "k".repeat(257);
    assert_eq!(code(bench.try_publish("ann", "c", data("1"), Some(&key))), FaultCode::InvalidRequest);
    assert_eq!(code(bench.try_publish("ann", "c", Body::UserOnline, None)), FaultCode::InvalidRequest);
    assert_eq!(bench.home.state().channels, 0);
}
