//! Any bytes as messages of the dialect, or as target and body of HTTP requests: each message has exactly one
//! answer, JSON of a known type, and nothing is answered with a mistake of our own.

#![no_main]

use corecast::base::ids::ConnectionId;
use corecast::shard::{Output, Resolution, Shard};
use corecast_fuzz::node::{START, frame, request, shard, upgrade};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};

const ANSWERS: [&str; 6] = ["subscribed", "unsubscribed", "subscriptions", "pong", "published", "error"];

fn connect(shard: &mut Shard) -> ConnectionId {
    shard.accept(START, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("there is room")
}

/// All that the shard sends now, to a socket that takes everything. The flag says whether it was closed.
fn sent(shard: &mut Shard) -> (Vec<u8>, bool) {
    let (mut bytes, mut closed) = (Vec::new(), false);
    loop {
        match shard.poll() {
            Output::Transmit(id) => {
                let piece = shard.transmit(id).pieces().concat();
                shard.sent(START, id, piece.len());
                bytes.extend(piece);
            }
            Output::Effect(id, _) => shard.resolve(START, id, Resolution::Stored),
            Output::Close(_) => closed = true,
            Output::Idle { .. } => return (bytes, closed),
            _ => {}
        }
    }
}

/// The text messages in what was sent.
fn texts(mut bytes: &[u8]) -> Vec<Value> {
    let mut texts = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        let (length, rest) = match (second, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (127, _) => (u64::from_be_bytes(rest[..8].try_into().expect("eight")) as usize, &rest[8..]),
            (short, rest) => (usize::from(*short), rest),
        };
        if *first == 0x81 {
            texts.push(serde_json::from_slice(&rest[..length]).expect("a text is JSON"));
        }
        bytes = &rest[length..];
    }
    texts
}

fn talk(user: u8, binary: bool, messages: &[u8]) {
    let mut shard = shard(0, 1);
    let id = connect(&mut shard);
    shard.receive(START, id, &mut upgrade(user));
    assert!(sent(&mut shard).0.starts_with(b"HTTP/1.1 101 "));
    for message in messages.split(|byte| *byte == b'\n') {
        if message.len() > 3_000 || std::str::from_utf8(message).is_err() && !binary {
            continue;
        }
        shard.receive(START, id, &mut frame(if binary { 2 } else { 1 }, message));
        shard.invariants();
        let (bytes, closed) = sent(&mut shard);
        let texts = texts(&bytes);
        let is_answer = |text: &&Value| ANSWERS.contains(&text["type"].as_str().expect("a type"));
        let answers: Vec<_> = texts.iter().filter(is_answer).collect();
        if closed || bytes.contains(&0x88) && answers.is_empty() {
            return;
        }
        assert_eq!(answers.len(), 1, "one answer: {texts:?}");
        assert_ne!(answers[0]["code"], "INTERNAL");
    }
}

fn call(user: u8, method: u8, rest: &[u8]) {
    let methods = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"];
    let method = methods[usize::from(method) % methods.len()];
    let mut shard = shard(0, 1);
    let id = connect(&mut shard);
    let room = br#"{"name":"Room","id":"1"}"#;
    let message = br#"{"room_id":"1","content":"hello"}"#;
    for (target, body) in [("/v1/rooms", &room[..]), ("/v1/messages", &message[..])] {
        shard.receive(START, id, &mut request(0, "POST", target, body));
        assert!(sent(&mut shard).0.starts_with(b"HTTP/1.1 201 "));
    }
    let (target, body) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (rest, &[][..]),
    };
    let Ok(target) = std::str::from_utf8(target) else { return };
    let bytes = request(user, method, &format!("/{target}"), body);
    shard.receive(START, id, &mut bytes.clone());
    shard.invariants();
    let (bytes, _) = sent(&mut shard);
    assert!(!bytes.starts_with(b"HTTP/1.1 500"), "{}", String::from_utf8_lossy(&bytes));
}

fuzz_target!(|input: &[u8]| {
    let [kind, user, rest @ ..] = input else { return };
    match kind % 4 {
        0 | 1 => talk(*user, false, rest),
        2 => talk(*user, true, rest),
        _ => {
            if let [method, rest @ ..] = rest {
                call(*user, *method, rest);
            }
        }
    }
});
