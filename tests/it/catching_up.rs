//! A client gets all that it asked for, however much it is, if it reads; and what is encoded for it meanwhile is
//! little, whether it reads or not.

use crate::attacks::{HOME, Target};
use crate::define::Channels;
use crate::settings::Settings;
use crate::wire::{Item, frame, read_frame, read_response};

const ROOMS: usize = 12;
const PUBLICATIONS: usize = 250;

/// One room's history is a megabyte, all of them are three times what a connection may owe.
fn keeps_much(settings: &mut Settings) {
    let room = settings.definitions.namespaces.entry("room".into()).or_default();
    room.history.count_max = PUBLICATIONS as u32;
    room.history.bytes_max = 16 << 20;
}

fn fill(target: &mut Target, rooms: usize) -> Vec<u64> {
    let publisher = target.open(0, HOME, "rc_ada");
    let data = "x".repeat(3_900);
    (0..rooms)
        .map(|room| {
            let publish = format!(r#"{{"type":"publish","channel":"room:{room}","data":"{data}"}}"#);
            let mut answer = String::new();
            (0..PUBLICATIONS).for_each(|_| answer = target.ask(publisher, &publish));
            number(&answer, "epoch")
        })
        .collect()
}

fn number(text: &str, field: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
    value[field].as_u64().unwrap_or_else(|| panic!("{text} has no {field}"))
}

/// All texts that a client got after the handshake, and the code of the close frame after them.
fn frames(output: &[u8]) -> (Vec<String>, Option<u16>) {
    let (_, mut at) = read_response(output, false).expect("the handshake");
    let (mut texts, mut code) = (Vec::new(), None);
    while let Some((item, used)) = read_frame(&output[at..]) {
        at += used;
        match item {
            Item::Frame { opcode: 1, payload } => texts.push(String::from_utf8(payload).expect("UTF-8")),
            Item::Frame { opcode: 8, payload } => code = Some(u16::from_be_bytes([payload[0], payload[1]])),
            _ => {}
        }
    }
    assert_eq!(at, output.len(), "whole frames");
    (texts, code)
}

fn recovers(epochs: &[u64]) -> Vec<u8> {
    let subscribe = |(room, epoch): (usize, &u64)| {
        let recover = format!(r#""recover":{{"epoch":{epoch},"offset":0}}"#);
        frame(
            true,
            1,
            format!(r#"{{"type":"subscribe","channel":"room:{room}",{recover},"id":{room}}}"#).as_bytes(),
        )
    };
    epochs.iter().enumerate().flat_map(subscribe).collect()
}

#[test]
fn twelve_full_rooms_are_recovered_at_once() {
    let mut target = Target::new(keeps_much);
    let epochs = fill(&mut target, ROOMS);
    let sockets = [0, 1].map(|core| target.open(core, HOME, "rc_bob"));
    for socket in sockets {
        target.world.send(socket, &recovers(&epochs));
        target.world.settle();
        let (texts, code) = frames(&target.world.sockets[socket].output);
        assert_eq!((code, target.world.sockets[socket].closed), (None, false));
        assert_eq!(texts.len(), ROOMS * (1 + PUBLICATIONS), "each answer and all that it promised");
        for (room, texts) in texts.chunks(1 + PUBLICATIONS).enumerate() {
            assert_eq!(number(&texts[0], "id"), room as u64, "answers in the order of the requests");
            assert_eq!(number(&texts[0], "recovered"), PUBLICATIONS as u64);
            let offsets = texts[1..].iter().map(|text| number(text, "offset"));
            assert!(offsets.eq(1..=PUBLICATIONS as u64), "all of the room, in order");
        }
    }
    // Nothing is held any more.
    let publish = r#"{"type":"publish","channel":"room:7","data":"live"}"#;
    target.ask(target.bystander, publish);
    for socket in sockets {
        let (texts, _) = frames(&target.world.sockets[socket].output);
        assert!(texts.last().is_some_and(|text| text.contains(r#""data":"live""#)));
    }
    target.bystander_is_served();
}

/// Whoever catches up slowly is told all the same, and little is encoded ahead of it.
#[test]
fn a_slow_reader_catches_up_and_is_owed_little() {
    let mut target = Target::new(keeps_much);
    let epochs = fill(&mut target, 3);
    let socket = target.open(1, HOME, "rc_bob");
    target.world.set_room(socket, Some(0));
    target.world.send(socket, &recovers(&epochs));
    let mut owed_most = 0;
    for _ in 0..200 {
        target.world.settle();
        owed_most = owed_most.max(target.unwritten_bytes(socket));
        target.world.set_room(socket, Some(20_000));
    }
    assert!((4_000..300_000).contains(&owed_most), "{owed_most} bytes were encoded ahead");
    let (texts, code) = frames(&target.world.sockets[socket].output);
    assert_eq!((code, texts.len()), (None, 3 * (1 + PUBLICATIONS)));
    target.bystander_is_served();
}

/// Pipelined requests for long lists are done when there is room for their answers, not before.
#[test]
fn long_answers_that_nobody_reads_are_not_made() {
    let mut target = Target::new(keeps_much);
    let writer = target.connect(0, HOME);
    let content = "m".repeat(3_900);
    let body = format!(r#"{{"channel":"room:1","content":"{content}"}}"#);
    for _ in 0..100 {
        let text = format!(
            "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(target.request(writer, &text).0, 201);
    }
    let get = "GET /v1/messages?channel=room:1&limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\n\r\n";
    for core in [0, 1] {
        let before = target.metric(r#"corecast_http_responses_total{class="2xx"}"#);
        let socket = target.connect(core, HOME);
        target.world.set_room(socket, Some(0));
        target.world.send(socket, get.repeat(200).as_bytes());
        target.world.settle();
        let owed = target.unwritten_bytes(socket);
        assert!((300_000..1_000_000).contains(&owed), "{owed} bytes are owed: one answer");
        let made = target.metric(r#"corecast_http_responses_total{class="2xx"}"#) - before;
        assert!(made < 4, "{made} answers were made");
        target.world.set_room(socket, None);
        let output = &target.world.sockets[socket].output;
        let (mut at, mut count) = (0, 0);
        while let Some((response, used)) = read_response(&output[at..], false) {
            assert_eq!(response.status, 200);
            (at, count) = (at + used, count + 1);
        }
        assert_eq!(count, 200, "whoever reads gets all");
    }
    target.bystander_is_served();
}

/// One frame carries the whole history of a channel here, so each is as long as a connection may owe in pieces.
#[test]
fn histories_of_ten_channels_come_with_their_joins() {
    let mut target = Target::new(|_| {});
    let mut channels = Channels::default();
    let names: Vec<String> = (0..10).map(|index| format!("c{index}")).collect();
    let open = |target: &mut Target, core| {
        let socket = target.connect(core, HOME);
        let head = "GET /rt/hash-of-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        assert_eq!(target.request(socket, head).0, 101);
        socket
    };
    let writer = open(&mut target, 0);
    let payload = "x".repeat(3_900);
    for name in &names {
        channels
            .define(&mut target.world, "1", name, &["anonymous", "public", "history=250"])
            .expect("defined");
        target
            .say(writer, &format!(r#"{{"action":"join","options":{{"channel":"{name}"}},"payload":{{}}}}"#));
        for _ in 0..250 {
            let options = format!(r#""options":{{"channel":"{name}"}}"#);
            target.say(writer, &format!(r#"{{"action":"message",{options},"payload":"{payload}"}}"#));
        }
    }
    let joins = |name: &String| {
        let options = format!(r#""options":{{"channel":"{name}"}}"#);
        frame(true, 1, format!(r#"{{"action":"join",{options},"payload":{{"history":true}}}}"#).as_bytes())
    };
    let joins: Vec<u8> = names.iter().flat_map(joins).collect();
    for core in [0, 1] {
        let socket = open(&mut target, core);
        target.world.send(socket, &joins);
        target.world.settle();
        let (texts, code) = frames(&target.world.sockets[socket].output);
        assert_eq!((code, texts.len()), (None, 20), "a join and a history for each channel");
        assert!(texts.iter().skip(1).step_by(2).all(|text| text.len() > 250 * 3_900), "whole histories");
        // Whoever asks again and again and reads nothing is owed one of them.
        target.world.set_room(socket, Some(0));
        let ask = br#"{"action":"history","options":{"channel":"c3"},"payload":null}"#;
        target.world.send(socket, &frame(true, 1, ask).repeat(1_000));
        target.world.settle();
        let owed = target.unwritten_bytes(socket);
        assert!((1_000_000..1_500_000).contains(&owed), "{owed} bytes are owed: one history");
        target.world.reset(socket);
    }
    target.bystander_is_served();
}

/// What a client sent before its FIN is done, though it was not read yet when the FIN came.
#[test]
fn what_came_before_the_end_is_done() {
    let mut target = Target::new(keeps_much);
    let epochs = fill(&mut target, 5);
    let witness = target.bystander;
    target.ask(witness, r#"{"type":"subscribe","channel":"room:9"}"#);
    let socket = target.open(1, HOME, "rc_ada");
    target.world.set_room(socket, Some(0));
    let mut sent = recovers(&epochs);
    for data in 1..=3 {
        let publish = format!(r#"{{"type":"publish","channel":"room:9","data":{data}}}"#);
        sent.extend(frame(true, 1, publish.as_bytes()));
    }
    target.world.send(socket, &sent);
    target.world.end_at_once(socket);
    target.world.settle();
    assert!(!target.world.sockets[socket].closed, "it is still owed its answers");
    target.world.set_room(socket, None);
    let heard = target.say(witness, r#"{"type":"ping"}"#);
    assert_eq!(heard.len(), 4, "three publications and the answer: {heard:?}");
    assert!(target.world.sockets[socket].closed);
    target.bystander_is_served();
}

/// A client that does not read is told why it goes, right after the frame that was begun.
#[test]
fn a_slow_client_is_told_before_it_goes() {
    let mut target = Target::new(|settings| {
        settings.limits.egress_ring_bytes_max = 64 << 10;
    });
    let socket = target.open(1, HOME, "rc_bob");
    target.ask(socket, r#"{"type":"subscribe","channel":"room:1"}"#);
    target.world.set_room(socket, Some(3));
    let long_id = "i".repeat(60);
    for _ in 0..100 {
        let ping = format!(r#"{{"type":"ping","id":"{long_id}"}}"#);
        target.world.send(socket, &frame(true, 1, ping.as_bytes()));
    }
    let publisher = target.open(0, HOME, "rc_ada");
    let publish = format!(r#"{{"type":"publish","channel":"room:1","data":"{}"}}"#, "x".repeat(8_000));
    for _ in 0..10 {
        target.ask(publisher, &publish);
    }
    target.world.set_room(socket, None);
    let (texts, code) = frames(&target.world.sockets[socket].output);
    assert_eq!(code, Some(1013));
    assert_eq!(texts.len(), 2, "the answer to its subscribe and the pong that was begun: {texts:?}");
    assert!(target.world.sockets[socket].closed);
    target.bystander_is_served();
}

/// A ping cannot be answered before what stands before it was read; whoever reads next to nothing is gone all the same.
#[test]
fn a_word_a_second_is_no_reading() {
    let mut target = Target::new(keeps_much);
    let epochs = fill(&mut target, 1);
    let sockets = [100_u64, 400_000].map(|bytes| {
        let socket = target.open(1, HOME, "rc_bob");
        target.world.set_room(socket, Some(0));
        target.world.send(socket, &recovers(&epochs));
        (socket, bytes)
    });
    for _ in 0..60 {
        target.world.advance(1_000_000);
        for (socket, bytes) in sockets {
            target.world.set_room(socket, Some(bytes as usize / 20));
        }
    }
    assert_eq!(sockets.map(|(socket, _)| target.world.sockets[socket].closed), [true, false]);
}
