//! A subscriber that does not read harms itself only.

use crate::client::{Client, End};
use crate::eventually;
use crate::server::{Home, Server, number};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use tungstenite::Message;

/// Small bounds, so that a stuck reader is found soon.
const SMALL: [&str; 3] = [
    "limits.message_bytes_max=65536",
    "limits.egress_ring_bytes_max=262144",
    "limits.outbox_bytes_max=262144",
];
const PUBLICATIONS: u64 = 1200;
/// With the ring and the kernel's buffers far below what is published.
const DATA_BYTES: usize = 8 << 10;

/// A client whose kernel buffers little for it.
fn narrow(server: &Server) -> Client {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.address.into()).unwrap();
    Client::open_on(TcpStream::from(socket), "/v1/realtime", Some(&server.key)).unwrap()
}

/// Publishes while a healthy subscriber reads along; it must get everything. Says the largest memory seen.
fn publish_past(server: &Server, healthy: &mut Client) -> u64 {
    let mut publisher = server.client();
    let filler = "x".repeat(DATA_BYTES);
    let mut memory = 0;
    for offset in 1..=PUBLICATIONS {
        assert_eq!(publisher.publish("room:a", json!(filler)).1, offset);
        let event = healthy.next();
        assert_eq!(number(&event, "/offset"), offset, "the healthy one missed something");
        if offset % 100 == 0 {
            memory = memory.max(server.memory());
        }
    }
    memory
}

#[test]
fn a_stuck_subscriber_is_disconnected_and_others_get_everything() {
    let home = Home::new(&SMALL);
    let server = home.start();
    let mut stuck: Vec<Client> = (0..8).map(|_| narrow(&server)).collect();
    stuck.iter_mut().for_each(|client| assert_eq!(client.subscribe("room:a").1, 0));
    let mut healthy = server.client();
    healthy.subscribe("room:a");
    let before = server.memory();
    let largest = publish_past(&server, &mut healthy);
    // 8 x 10 MB were not kept for them.
    assert!(largest < before + (24 << 20), "memory grew from {before} to {largest}");
    healthy.assert_alive();
    let slow = server.http().metrics("corecast_slow_consumers_total");
    assert!(slow.contains(&(r#"policy="disconnect""#.to_owned(), 8)), "{slow:?}");
    for client in &mut stuck {
        let (messages, end) = client.drain();
        assert!((messages.len() as u64) < PUBLICATIONS);
        assert_contiguous(&messages);
        assert!(matches!(end, End::Closed(1013) | End::Cut), "{end:?}");
    }
    eventually("the stuck ones to be gone", || {
        (server.metric("corecast_websockets_open") == 1).then_some(())
    });
}

#[test]
fn a_stuck_subscriber_may_skip() {
    let home = Home::new(&[&SMALL[..], &["namespaces.room.slow_policy=skip"]].concat());
    let server = home.start();
    let mut stuck = narrow(&server);
    stuck.subscribe("room:a");
    let mut healthy = server.client();
    healthy.subscribe("room:a");
    publish_past(&server, &mut healthy);
    let mut publisher = server.client();
    publisher.publish("room:a", json!("end"));

    let (mut last, mut gaps) = (0, 0);
    while last < PUBLICATIONS + 1 {
        let message = stuck.next();
        let offset = number(&message, "/offset");
        match message["type"].as_str() {
            Some("gap") => {
                gaps += 1;
                assert!(offset > last, "a gap leads forward: {message}");
            }
            _ => assert_eq!(offset, last + 1, "lost without a word"),
        }
        last = offset;
    }
    assert!(gaps > 0);
    publisher.publish("room:a", json!("after"));
    assert_eq!(stuck.next()["data"], "after");
    stuck.assert_alive();
}

/// Sends requests and reads no answer until the server takes no more; says how many it took.
fn pester(server: &Server) -> (u64, Client) {
    let mut client = narrow(server);
    client.stream().set_write_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    let request = json!({"type": "ping", "id": "i".repeat(60)}).to_string();
    let mut sent = 0;
    while sent < 400_000 && client.socket.send(Message::text(&request)).is_ok() {
        sent += 1;
    }
    (sent, client)
}

#[test]
fn a_client_that_reads_no_answers_is_bounded() {
    let home = Home::new(&[&SMALL[..], &["limits.commands_per_second_max=0"]].concat());
    let server = home.start();
    // The first one warms up what all share.
    let _first = pester(&server);
    let before = server.memory();
    let clients: Vec<(u64, Client)> = (0..4).map(|_| pester(&server)).collect();
    for (sent, _) in &clients {
        assert!(*sent < 400_000, "the server took everything and kept the answers");
    }
    // Unbounded it would be some 200 MB. Of each, besides answers, up to 4 MiB are kept that were on their way when its socket was
    // stopped. What buffers left behind while they grew is given back soon.
    eventually("the memory to be little more than before", || {
        (server.memory() < before + (24 << 20)).then_some(())
    });
    server.client().assert_alive();
}

#[track_caller]
fn assert_contiguous(messages: &[Message]) {
    let texts = messages.iter().filter_map(|message| message.to_text().ok()).filter(|text| !text.is_empty());
    for (place, text) in texts.enumerate() {
        let event: Value = serde_json::from_str(text).unwrap();
        assert_eq!(number(&event, "/offset"), place as u64 + 1);
    }
}

#[test]
fn what_a_flood_took_is_given_back() {
    let home = Home::new(&["cores=1"]);
    let server = home.start();
    let before = server.memory();
    // Messages of which a byte is missing.
    let mut frame = vec![0x81, 0xff];
    frame.extend(1_000_000_u64.to_be_bytes());
    frame.resize(frame.len() + 4 + 999_999, 0);
    let flood = (0..24).map(|_| {
        let client = server.client();
        client.stream().write_all(&frame).unwrap();
        client
    });
    let flood: Vec<Client> = flood.collect();
    eventually("the flood to take memory", || (server.memory() > before + (20 << 20)).then_some(()));
    drop(flood);
    eventually("the memory to be given back", || (server.memory() < before + (8 << 20)).then_some(()));
}
