//! History on disk: a restart keeps it, and a crash keeps what was promised.

use crate::client::Client;
use crate::eventually;
use crate::server::{Home, Server};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

pub const COMMIT: &str = r#"namespaces.room.history_durability="commit""#;

pub fn recover(client: &mut Client, channel: &str, (epoch, offset): (u64, u64)) -> Value {
    let from = json!({"epoch": epoch, "offset": offset});
    client.ask(json!({"type": "subscribe", "channel": channel, "recover": from}))
}

/// The newest file of the log.
pub fn newest(home: &Home) -> PathBuf {
    let files = fs::read_dir(home.data().join("history")).unwrap().map(|entry| entry.unwrap().path());
    files.max().expect("there is a log")
}

pub fn stop(mut server: Server) {
    server.signal(libc::SIGTERM);
    assert!(server.process.end().success());
}

pub fn kill(mut server: Server) {
    server.process.0.kill().unwrap();
    server.process.end();
}

#[test]
fn a_restart_keeps_history_positions_and_idempotency_keys_on_any_number_of_cores() {
    let mut home = Home::new(&[COMMIT]);
    let server = home.start();
    let mut client = server.client();
    let channels: Vec<String> =
        (0..20).map(|n| ["room", "conversation"][n % 2].to_owned() + &format!(":{n}")).collect();
    let mut positions = Vec::new();
    for channel in &channels {
        client.publish(channel, json!("one"));
        let second = json!({"type": "publish", "channel": channel, "data": "two", "idempotency_key": "k"});
        let answer = client.ask(second);
        positions.push((answer["epoch"].as_u64().unwrap(), answer["offset"].as_u64().unwrap()));
    }
    drop(client);
    stop(server);
    home.set("cores=2");
    let server = home.start();
    for (channel, (epoch, offset)) in channels.iter().zip(&positions) {
        let mut client = server.client();
        let answer = recover(&mut client, channel, (*epoch, 0));
        assert_eq!((answer["epoch"].as_u64(), answer["offset"].as_u64()), (Some(*epoch), Some(*offset)));
        assert_eq!(answer["recovered"], 2, "{answer}");
        assert_eq!([client.next(), client.next()].map(|one| one["data"].clone()), ["one", "two"]);
        let again = json!({"type": "publish", "channel": channel, "data": "two", "idempotency_key": "k"});
        let answer = client.ask(again);
        assert_eq!((answer["epoch"].as_u64(), answer["offset"].as_u64()), (Some(*epoch), Some(*offset)));
        let next = client.ask(json!({"type": "publish", "channel": channel, "data": "three"}));
        // The publisher hears the channel too; answer and publication come in this order.
        assert_eq!(next["offset"].as_u64(), Some(offset + 1), "{next}");
    }
}

/// Publishes to a channel until the connection ends; says what was acknowledged.
fn publish_until_killed(
    address: std::net::SocketAddr,
    key: &str,
    channel: &str,
    start: u64,
) -> Vec<(u64, u64, u64)> {
    let Ok(mut client) = Client::open(address, "/v1/realtime", Some(key)) else { return Vec::new() };
    let mut acknowledged = Vec::new();
    for number in start.. {
        let message = json!({"type": "publish", "channel": channel, "data": number});
        if client.try_send(&message).is_err() {
            break;
        }
        let Ok(answer) = client.try_next() else { break };
        assert_eq!(answer["type"], "published", "{answer}");
        acknowledged.push((answer["epoch"].as_u64().unwrap(), answer["offset"].as_u64().unwrap(), number));
    }
    acknowledged
}

/// Kills the node `kills` times while publishers write; each time all that was acknowledged must be there.
fn survive(ends: u64) {
    let home = Home::new(&[
        COMMIT,
        "namespaces.room.history_count_max=100000",
        "history.segment_bytes=65536",
        "cores=2",
    ]);
    let channels = ["room:a", "room:b", "room:c", "room:d"];
    let mut heads = [None::<(u64, u64)>; 4];
    for round in 0..ends {
        let server = home.start();
        let publishers = channels.map(|channel| {
            let (address, key) = (server.address, server.key.clone());
            std::thread::spawn(move || publish_until_killed(address, &key, channel, round * 1_000_000))
        });
        std::thread::sleep(std::time::Duration::from_millis(20 + round * 37 % 150));
        kill(server);
        let acknowledged = publishers.map(|one| one.join().unwrap());
        let server = home.start();
        for (index, channel) in channels.iter().enumerate() {
            let mut client = server.client();
            let (epoch, before) =
                heads[index].unwrap_or_else(|| (acknowledged[index].first().map_or(0, |one| one.0), 0));
            let answer = recover(&mut client, channel, (epoch, before));
            if acknowledged[index].is_empty() && heads[index].is_none() {
                continue;
            }
            assert_eq!(answer["gap"], Value::Null, "{answer}");
            assert_eq!(answer["epoch"].as_u64(), Some(epoch), "a committed channel keeps its epoch");
            let recovered = answer["recovered"].as_u64().unwrap();
            let events: Vec<Value> = (0..recovered).map(|_| client.next()).collect();
            let offsets: Vec<u64> = events.iter().map(|event| event["offset"].as_u64().unwrap()).collect();
            assert_eq!(
                offsets,
                (before + 1..=before + recovered).collect::<Vec<_>>(),
                "no hole, no duplicate"
            );
            for (of, offset, number) in &acknowledged[index] {
                assert_eq!(*of, epoch);
                let event = events.iter().find(|event| event["offset"] == *offset);
                assert_eq!(
                    event.map(|event| &event["data"]),
                    Some(&json!(number)),
                    "{channel} {offset} is missing"
                );
            }
            heads[index] = Some((epoch, before + recovered));
        }
        if round % 3 == 0 { stop(server) } else { kill(server) }
    }
    assert!(
        heads.iter().all(|head| head.is_some_and(|(_, offset)| offset > ends)),
        "little was said: {heads:?}"
    );
}

#[test]
fn what_was_acknowledged_under_commit_survives_kills() {
    // 20 kills, for every third end is a stop.
    survive(30);
}

#[test]
#[ignore = "takes minutes; for a soak"]
fn what_was_acknowledged_under_commit_survives_many_kills() {
    survive(300);
}

#[test]
fn a_relaxed_channel_comes_back_in_a_new_epoch_after_a_crash_and_in_the_old_one_after_a_stop() {
    let home = Home::new(&["history.flush_ms=0"]);
    let server = home.start();
    let mut client = server.client();
    let (first, _) = client.publish("room:1", json!("one"));
    let log = newest(&home);
    eventually("what was said is written", || (fs::metadata(&log).unwrap().len() > 120).then_some(()));
    kill(server);
    let server = home.start();
    let mut client = server.client();
    let answer = recover(&mut client, "room:1", (first, 1));
    let second = answer["epoch"].as_u64().unwrap();
    assert!(second > first && answer["gap"] == true && answer["offset"] == 1, "{answer}");
    let kept = client.next();
    assert_eq!((&kept["data"], &kept["epoch"]), (&json!("one"), &json!(second)));
    drop(client);
    // Until a checkpoint stands for it, the log does not know the new epoch, and a stop is as good as a crash.
    let files = || fs::read_dir(home.data().join("history")).unwrap().count();
    eventually("the checkpoint is through", || (files() == 1).then_some(()));
    stop(server);
    let server = home.start();
    let answer = recover(&mut server.client(), "room:1", (second, 1));
    assert_eq!((&answer["epoch"], &answer["recovered"]), (&json!(second), &json!(0)), "{answer}");
}

#[test]
fn a_channel_in_memory_ends_with_the_process_and_history_can_be_switched_off() {
    for setting in [r#"namespaces.room.history_durability="memory""#, "history.on_disk=false"] {
        let home = Home::new(&[setting]);
        let server = home.start();
        let (epoch, _) = server.client().publish("room:1", json!("one"));
        stop(server);
        let server = home.start();
        let answer = recover(&mut server.client(), "room:1", (epoch, 0));
        assert!(answer["gap"] == true && answer["offset"] == 0, "{answer}");
    }
}
