//! Publish and subscribe over several cores: each subscriber gets each publication once and in order.

use crate::client::Client;
use crate::http::Http;
use crate::server::{Home, Server, number, text, two_cpus};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::thread;

const ROOMS: u64 = 12;
const PER_PUBLISHER: u64 = 40;

/// Open connections on each core.
fn counts(metrics: &mut Http) -> [u64; 2] {
    let cores = metrics.metrics("corecast_connections_open");
    let of = |core: &str| cores.iter().find(|(labels, _)| labels == core).map_or(0, |(_, count)| *count);
    [of(r#"core="0""#), of(r#"core="1""#)]
}

/// Connections with the admin key, `each` on either core; nothing else may connect meanwhile.
fn spread(server: &Server, metrics: &mut Http, each: usize) -> Vec<Client> {
    let mut found: [Vec<Client>; 2] = Default::default();
    for _ in 0..2000 {
        let before = counts(metrics);
        let mut client = server.client();
        let core = usize::from(counts(metrics)[1] > before[1]);
        if found[core].len() < each {
            found[core].push(client);
        } else {
            // Gone for certain before the next count.
            client.socket.close(None).unwrap();
            client.end();
            crate::eventually("the connection to be gone", || (counts(metrics) == before).then_some(()));
        }
        if found.iter().all(|clients| clients.len() == each) {
            return found.into_iter().flatten().collect();
        }
    }
    panic!("the kernel gave one core nothing: {:?}", counts(metrics));
}

fn room(number: u64) -> String {
    format!("room:{number}")
}

/// Publishes to every room in turn without waiting; says what got which place: (room, offset) to data.
fn publish_all(mut client: Client, name: usize) -> HashMap<(String, u64), String> {
    let mut oracle = HashMap::new();
    for round in 0..PER_PUBLISHER {
        for number in 0..ROOMS {
            let data = format!("{name}/{round}");
            client.send(json!({"type": "publish", "channel": room(number), "data": data, "id": round}));
        }
        for _ in 0..ROOMS {
            let answer = client.next();
            assert_eq!(answer["type"], "published", "{answer}");
            let place = (text(&answer, "/channel").to_owned(), number(&answer, "/offset"));
            let data = format!("{name}/{}", number(&answer, "/id"));
            assert_eq!(oracle.insert(place, data), None, "one offset for two publications: {answer}");
        }
    }
    oracle
}

/// Reads every room up to its last publication; says what came, in the order of each room.
fn read_all(mut client: Client, last: u64) -> HashMap<String, Vec<(u64, String)>> {
    let mut seen: HashMap<String, Vec<(u64, String)>> = HashMap::new();
    let mut after: HashMap<String, u64> = HashMap::new();
    let mut open = ROOMS;
    while open > 0 {
        let message = client.next();
        let channel = text(&message, "/channel").to_owned();
        let offset = number(&message, "/offset");
        match text(&message, "/type") {
            "subscribed" => assert_eq!(after.insert(channel.clone(), offset), None),
            "publication" => {
                let known = after.get_mut(&channel).expect("the answer to a subscribe comes first");
                assert_eq!(offset, *known + 1, "{channel} skipped or repeated");
                *known = offset;
                let data = text(&message, "/data").to_owned();
                seen.entry(channel).or_default().push((offset, data));
            }
            _ => panic!("{message}"),
        }
        open -= u64::from(offset == last);
    }
    client.assert_alive();
    seen
}

#[test]
fn every_subscriber_on_every_core_gets_everything_once_and_in_order() {
    if !two_cpus() {
        return;
    }
    let home = Home::new(&["cores=2"]);
    let server = home.start();
    let mut metrics = server.http();
    let publishers = spread(&server, &mut metrics, 2);
    let early = spread(&server, &mut metrics, 8);
    let late = spread(&server, &mut metrics, 4);
    let last = publishers.len() as u64 * PER_PUBLISHER;
    let begin = |mut client: Client| {
        for number in 0..ROOMS {
            client.send(json!({"type": "subscribe", "channel": room(number)}));
        }
        thread::spawn(move || read_all(client, last))
    };

    let early: Vec<_> = early.into_iter().map(begin).collect();
    crate::eventually("the subscriptions", || {
        (metrics.metric("corecast_subscriptions_open") == early.len() as u64 * ROOMS).then_some(())
    });
    let publishers: Vec<_> = publishers
        .into_iter()
        .enumerate()
        .map(|(name, client)| thread::spawn(move || publish_all(client, name)))
        .collect();
    // These come while it is going on: they see each room from somewhere to its end.
    let late: Vec<_> = late.into_iter().map(begin).collect();

    let mut oracle: HashMap<(String, u64), String> = HashMap::new();
    for publisher in publishers {
        let published = publisher.join().unwrap();
        let (before, more) = (oracle.len(), published.len());
        oracle.extend(published);
        assert_eq!(oracle.len(), before + more, "one offset for publications of two publishers");
    }
    let all = ROOMS * last;
    assert_eq!(oracle.len() as u64, all);
    for (index, reader) in early.into_iter().chain(late).enumerate() {
        let seen = reader.join().unwrap();
        let count: usize = seen.values().map(Vec::len).sum();
        assert!(index >= 16 || count as u64 == all, "an early subscriber got {count} of {all}");
        for (channel, entries) in seen {
            for (offset, data) in entries {
                assert_eq!(oracle[&(channel.clone(), offset)], data, "{channel} {offset}");
            }
        }
    }
    assert_eq!(metrics.metric("corecast_publications_total"), all);
    assert!(metrics.metric("corecast_peer_messages_total") > 0, "the cores spoke with each other");
    let sent = metrics.metric("corecast_messages_sent_total");
    assert!(sent >= all * 17, "{sent} messages to 16 subscribers and in answer to the publishers");
}

#[test]
fn a_client_hears_its_answers_in_the_order_of_its_requests() {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = home.start();
    let mut client = server.client();
    let request = |id: u64| match id % 4 {
        0 => json!({"type": "publish", "channel": room(id % 7), "data": id, "id": id}),
        1 => json!({"type": "ping", "id": id}),
        2 => json!({"type": "subscribe", "channel": format!("conversation:{id}"), "id": id}),
        _ => json!({"type": "no such type", "id": id}),
    };
    (0..400).for_each(|id| client.send(request(id)));
    let answers: Vec<Value> = (0..400).map(|_| client.next()).collect();
    for (id, answer) in answers.iter().enumerate() {
        assert_eq!(number(answer, "/id"), id as u64, "{answer}");
        assert_eq!(answer["type"], ["published", "pong", "subscribed", "error"][id % 4]);
    }
}
