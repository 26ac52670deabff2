//! A client that lost its connection goes on where it was.

use crate::client::Client;
use crate::server::{Home, two_cpus};
use serde_json::{Value, json};

#[track_caller]
fn recover(client: &mut Client, channel: &str, (epoch, offset): (u64, u64)) -> Value {
    let position = json!({"epoch": epoch, "offset": offset});
    let answer = client.ask(json!({"type": "subscribe", "channel": channel, "recover": position}));
    assert_eq!(answer["type"], "subscribed", "{answer}");
    answer
}

#[track_caller]
fn expect_offsets(client: &mut Client, offsets: std::ops::RangeInclusive<u64>) {
    for offset in offsets {
        let event = client.next();
        assert_eq!(event["offset"], offset, "{event}");
        assert_eq!(event["data"], offset, "{event}");
    }
}

#[test]
fn what_was_missed_follows() {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = home.start();
    let mut publisher = server.client();
    // Several rooms, so that some have their home on another core than the client.
    for room in ["room:a", "room:b", "room:c", "room:d"] {
        let mut client = server.client();
        let (epoch, start) = client.subscribe(room);
        assert_eq!(start, 0);
        for offset in 1..=3 {
            assert_eq!(publisher.publish(room, json!(offset)), (epoch, offset));
        }
        expect_offsets(&mut client, 1..=3);
        drop(client);
        (4..=9).for_each(|offset| assert_eq!(publisher.publish(room, json!(offset)).1, offset));

        let mut client = server.client();
        let answer = recover(&mut client, room, (epoch, 3));
        assert_eq!((&answer["recovered"], &answer["offset"]), (&json!(6), &json!(9)), "{answer}");
        assert_eq!(answer.get("gap"), None);
        publisher.publish(room, json!(10));
        expect_offsets(&mut client, 4..=10);
        client.assert_alive();

        let mut nothing_missed = server.client();
        let answer = recover(&mut nothing_missed, room, (epoch, 10));
        assert_eq!(answer["recovered"], 0, "{answer}");
        nothing_missed.assert_alive();
    }
}

#[test]
fn what_history_lost_is_a_gap() {
    let home = Home::new(&["namespaces.room.history_count_max=4"]);
    let server = home.start();
    let mut publisher = server.client();
    let (epoch, _) = publisher.publish("room:a", json!(1));
    (2..=10).for_each(|offset| assert_eq!(publisher.publish("room:a", json!(offset)).1, offset));
    // History holds 7 to 10: who has 6 misses nothing, who has 5 misses one.
    let mut client = server.client();
    assert_eq!(recover(&mut client, "room:a", (epoch, 6))["recovered"], 4);
    expect_offsets(&mut client, 7..=10);
    let mut client = server.client();
    let answer = recover(&mut client, "room:a", (epoch, 5));
    assert_eq!((&answer["gap"], answer.get("recovered")), (&json!(true), None), "{answer}");
    expect_offsets(&mut client, 7..=10);
    client.assert_alive();
}

#[test]
fn a_restart_is_a_gap() {
    let home = Home::new(&[r#"namespaces.room.history_durability="memory""#]);
    let server = home.start();
    let mut publisher = server.client();
    let position = publisher.publish("room:a", json!(1));
    drop(server);
    let server = home.start();
    let mut client = server.client();
    let answer = recover(&mut client, "room:a", position);
    assert_eq!(answer["gap"], true, "{answer}");
    assert_ne!(answer["epoch"], position.0, "history is gone, so the epoch is another one");
    let (epoch, offset) = server.client().publish("room:a", json!("new"));
    assert_eq!(answer["epoch"], epoch);
    let event = client.next();
    assert_eq!((&event["offset"], &event["data"]), (&json!(offset), &json!("new")));
}
