use super::realm::{open, record};
use super::*;
use crate::model::reply::ChannelReply;

#[test]
fn namespaces_have_room_for_so_many_channels() {
    let limits = Limits { channels_per_namespace_max: 2, channel_name_bytes_max: 20, ..Limits::default() };
    let mut bench = Bench::with(definitions(), limits);
    let subscribe = |channel: &str| ChannelCommand::Subscribe {
        channel: name(channel),
        recover: None,
        with: Attachments::default(),
    };
    for (user, channel) in [("ann", "room:1"), ("bob", "room:2"), ("ann", "x:1"), ("bob", "y:1")] {
        bench.subscribe(1, user, channel);
    }
    assert_eq!(code(bench.execute(1, "eve", subscribe("room:3"))), FaultCode::LimitExceeded);
    assert_eq!(code(bench.execute(1, "eve", subscribe("z:1"))), FaultCode::LimitExceeded, "x, y, z share");
    let long = "plain:0123456789abcde";
    assert_eq!(code(bench.execute(1, "ann", subscribe(long))), FaultCode::InvalidChannel);
    bench.subscribe(2, "ann", "room:1");
    assert_eq!(bench.home.state().channels, 4);
}

#[test]
fn presence_lists_are_bounded_in_members_not_in_subscriptions() {
    let mut bench = Bench::with(definitions(), Limits { members_per_channel_max: 1, ..Limits::default() });
    bench.subscribe(1, "ann", "room:1");
    bench.subscribe(2, "ann", "room:1");
    let subscribe =
        ChannelCommand::Subscribe { channel: name("room:1"), recover: None, with: Attachments::default() };
    assert_eq!(code(bench.execute(1, "bob", subscribe)), FaultCode::LimitExceeded);
    bench.unsubscribe(1, "ann", "room:1");
    bench.unsubscribe(2, "ann", "room:1");
    bench.subscribe(1, "bob", "room:1");
}

/// Says something to so many channels of a kind, one after the other; says how many took it.
fn spread(bench: &mut Bench, user: &str, kind: &str, count: usize) -> usize {
    let say = |number| match bench.try_publish(user, &format!("{kind}:{user}{number}"), data("1"), None) {
        Reply::Channel(ChannelReply::Published { .. }) => true,
        Reply::Fault(fault) => {
            assert_eq!(fault.code, FaultCode::LimitExceeded, "{fault:?}");
            false
        }
        other => panic!("{other:?}"),
    };
    (0..count).map(say).filter(|taken| *taken).count()
}

#[test]
fn a_user_that_names_channels_without_end_leaves_as_many_to_others() {
    let mut bench =
        Bench::with(definitions(), Limits { channels_per_namespace_max: 100, ..Limits::default() });
    assert_eq!(spread(&mut bench, "eve", "room", 1_000), 50);
    assert_eq!(spread(&mut bench, "mallory", "room", 1_000), 25);
    bench.publish("ann", "room:ann", "1");
    bench.subscribe(1, "bob", "room:bob");
    bench.publish("eve", "room:ann", "1");
    bench.publish("eve", "x:1", "1");
    assert_eq!(spread(&mut bench, "admin", "room", 1_000), 23, "the operator may take all that is left");
    // What is too old is gone, and the places are free again.
    bench.pass(10_001);
    bench.home.sweep(bench.now);
    assert_eq!(bench.home.state().channels, 1, "the one with a subscriber");
}

#[test]
fn what_nobody_hears_and_nothing_is_kept_of_is_gone_at_once() {
    let mut bench = Bench::with(definitions(), Limits { channels_per_namespace_max: 4, ..Limits::default() });
    for number in 0..100 {
        let channel = format!("room:{number}");
        bench.subscribe(1, "eve", &channel);
        bench.unsubscribe(1, "eve", &channel);
        bench.publish("eve", &format!("plain:{number}"), "1");
        assert_eq!(bench.home.state().channels, 0);
    }
}

#[test]
fn a_definition_leaves_as_many_channels_to_the_others() {
    let mut bench =
        Bench::with(definitions(), Limits { channels_per_namespace_max: 100, ..Limits::default() });
    for (id, name) in [(1, "a"), (2, "b")] {
        bench.home.restore_definition(&record(id, name, true, open()));
    }
    let mut fill = |name: &str, users: &[&str]| {
        let subscribe = |number: usize| ChannelCommand::Subscribe {
            channel: super::name(&format!("r1:{name}/{number}")),
            recover: None,
            with: Attachments::default(),
        };
        let all = users.iter().flat_map(|user| (0..60).map(move |number| (user, number)));
        let answers = all.map(|(user, number)| bench.execute(0, user, subscribe(number)));
        answers.filter(|answer| matches!(answer, Reply::Channel(ChannelReply::Subscribed { .. }))).count();
        bench.home.state().channels
    };
    assert_eq!(fill("a", &["?g"]), 50, "all guests of one host are one");
    assert_eq!(fill("a", &["@s", "@t", "@u"]), 50, "whoever comes to it");
    assert_eq!(fill("b", &["?g"]), 50, "a guest has its share of the realm, not of each definition");
    assert_eq!(fill("b", &["@s"]), 75);
}

#[test]
fn an_empty_channel_is_forgotten_and_comes_back_with_a_greater_epoch() {
    let mut bench = Bench::new();
    let first = bench.publish("ann", "c", "1");
    let second = bench.subscribe(1, "ann", "d");
    assert!(second.epoch > first.epoch, "no two lives have the same epoch, even in one millisecond");
    bench.pass(10_000);
    bench.home.sweep(bench.now);
    assert_eq!(bench.home.state().channels, 2);
    bench.pass(1);
    // The wall clock may jump back; epochs do not.
    bench.now.unix_ms = 5;
    bench.home.sweep(bench.now);
    bench.home.invariants();
    assert_eq!(bench.home.state().channels, 1, "the one with a subscriber stays");
    let again = bench.publish("ann", "c", "1");
    assert!(again.epoch > second.epoch);
    assert_eq!(again.offset, 1);
    bench.now.unix_ms = u64::MAX;
    assert!(bench.publish("ann", "e", "1").epoch < 1 << 53);
}

#[test]
fn whoever_has_the_most_lets_go_of_its_oldest_and_nobody_else_of_anything() {
    let limits = Limits { history_bytes_max: 200_000, ..Limits::default() };
    let mut bench = Bench::with(definitions(), limits);
    for number in 0..5 {
        bench.write("ann", "room:ann", &format!("{number}"));
    }
    spread(&mut bench, "eve", "room", 5_000);
    for number in 0..200 {
        bench.publish("mallory", "room:mallory", &format!("\"{}\"", "x".repeat(number)));
    }
    let kept = |bench: &Bench, channel: &str| {
        let id = bench.home.order.channels.find(&name(channel))?;
        bench.home.order.channels.get(id).history.as_ref().map(|history| history.len())
    };
    assert_eq!(kept(&bench, "room:ann"), Some(5));
    assert_eq!((kept(&bench, "room:eve0"), kept(&bench, "room:eve4999")), (None, Some(1)));
    let channels = bench.home.state().channels;
    assert!((100..1_000).contains(&channels), "{channels} channels with a byte each fill 200,000 bytes");
}

#[test]
fn all_histories_together_are_bounded() {
    let limits = Limits { history_bytes_max: 30_000, ..Limits::default() };
    let mut bench = Bench::with(definitions(), limits);
    let json = format!("\"{}\"", "x".repeat(500));
    for n in 0..200 {
        // The bound itself is one of the invariants, which are asserted after every command.
        bench.publish("ann", &format!("c{n}"), &json);
    }
    assert!(bench.home.state().history_bytes > 10_000, "not more is let go than must be");
    let mut bench = Bench::with(definitions(), Limits { history_bytes_max: 100, ..Limits::default() });
    bench.publish("ann", "c", &json);
    assert_eq!(bench.home.state().history_publications, 0);
}
