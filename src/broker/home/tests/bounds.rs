use super::*;

#[test]
fn namespaces_have_room_for_so_many_channels() {
    let limits = Limits { channels_per_namespace_max: 2, channel_name_bytes_max: 20, ..Limits::default() };
    let mut bench = Bench::with(definitions(), limits);
    let subscribe = |channel: &str| ChannelCommand::Subscribe {
        channel: name(channel),
        recover: None,
        with: Attachments::default(),
    };
    for channel in ["room:1", "room:2", "x:1", "y:1"] {
        bench.subscribe(1, "ann", channel);
    }
    assert_eq!(code(bench.execute(1, "ann", subscribe("room:3"))), FaultCode::LimitExceeded);
    assert_eq!(code(bench.execute(1, "ann", subscribe("z:1"))), FaultCode::LimitExceeded, "x, y, z share");
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

#[test]
fn an_idle_channel_is_forgotten_and_comes_back_with_a_greater_epoch() {
    let mut bench = Bench::new();
    let first = bench.publish("ann", "c", "1");
    let second = bench.subscribe(1, "ann", "d");
    assert!(second.epoch > first.epoch, "no two lives have the same epoch, even in one millisecond");
    bench.pass(59_999);
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
fn all_histories_together_are_bounded() {
    let limits = Limits { history_bytes_max: 20_000, ..Limits::default() };
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
