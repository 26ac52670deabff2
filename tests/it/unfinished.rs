//! Messages and bodies that are not whole: what they may keep of a core, and for how long.

use crate::attacks::{AWAY, HOME, Target};
use crate::wire::frame;

/// A message without its last byte.
fn unfinished(bytes: usize) -> Vec<u8> {
    let mut frame = frame(true, 1, "m".repeat(bytes).as_bytes());
    frame.pop();
    frame
}

#[test]
fn one_address_keeps_its_share_and_others_are_not_touched() {
    let mut target = Target::new(|settings| settings.limits.unfinished_bytes_max = 16 << 20);
    let half = unfinished(300_000);
    target.world.send(target.bystander, &half);
    let sockets: Vec<usize> = (0..60).map(|_| target.open(1, HOME, "rc_ada")).collect();
    let attack = unfinished(900_000);
    for socket in &sockets {
        target.world.send(*socket, &attack);
        target.world.settle();
    }
    let open = sockets.iter().filter(|socket| !target.world.sockets[**socket].closed).count();
    assert!((2..=4).contains(&open), "{open} of them are a quarter of 16 MiB");
    let output = &target.world.sockets[sockets[59]].output;
    assert!(output.windows(10).any(|bytes| bytes == b"unfinished"), "it is told why");
    // The same with bodies.
    let head = "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\nContent-Length: 900001\r\n\r\n";
    let body = [head.as_bytes(), &vec![b' '; 900_000]].concat();
    let bodies: Vec<usize> = (0..20).map(|_| target.connect(1, HOME)).collect();
    for socket in &bodies {
        target.world.send(*socket, &body);
        target.world.settle();
    }
    let refused = |socket: &&usize| target.world.sockets[**socket].output.starts_with(b"HTTP/1.1 503");
    assert!(bodies.iter().filter(refused).count() >= 18, "the share was used up nearly");
    // Whoever keeps little, and whoever comes from elsewhere, goes on.
    target.world.send(target.bystander, b"m");
    let texts = target.say(target.bystander, r#"{"type":"ping"}"#);
    assert_eq!(texts.len(), 2, "an answer to its message, which is no JSON, and one to the ping");
    let small = target.open(1, AWAY, "rc_bob");
    target.ask(small, r#"{"type":"ping"}"#);
    target.bystander_is_served();
}

/// From many addresses, none of which has more than its share.
#[test]
fn all_together_keep_no_more_than_the_total() {
    let mut target = Target::new(|settings| settings.limits.unfinished_bytes_max = 16 << 20);
    let attack = unfinished(900_000);
    let sockets: Vec<usize> = (0..40_u8)
        .map(|host| {
            let socket = target.open(1, [203, 0, 113, host].into(), "rc_ada");
            target.world.send(socket, &attack);
            target.world.settle();
            socket
        })
        .collect();
    let open = sockets.iter().filter(|socket| !target.world.sockets[**socket].closed).count();
    assert!((8..=19).contains(&open), "{open} messages of 900 kB fit into 16 MiB");
    target.bystander_is_served();
}

#[test]
fn a_message_that_does_not_come_is_not_waited_for() {
    let mut target = Target::new(|_| {});
    let [dawdler, steady] = [(); 2].map(|()| target.open(1, HOME, "rc_ada"));
    let message = frame(true, 1, "m".repeat(1_000_000).as_bytes());
    let mut at = 0;
    target.world.send(dawdler, &frame(false, 1, b"m"));
    while at < message.len() {
        // A little faster than what is expected at least, and longer than any message may take by itself.
        let next = (at + 16_500).min(message.len());
        target.world.send(steady, &message[at..next]);
        // A byte now and then, and answers to pings between them, are no message.
        target.world.send(dawdler, &[frame(false, 0, b"m"), frame(true, 10, b"")].concat());
        target.say(target.bystander, r#"{"type":"ping"}"#);
        target.world.advance(1_000_000);
        at = next;
    }
    let end = &target.world.sockets[dawdler];
    let reason = b"a message took too long";
    assert!(end.closed && end.output.windows(reason.len()).any(|bytes| bytes == reason), "it is told why");
    assert!(!target.world.sockets[steady].closed);
    assert!(target.say(steady, r#"{"type":"ping"}"#).last().is_some_and(|text| text.contains("pong")));
    target.bystander_is_served();
}

/// Whoever sends much always has a part of a message under way.
#[test]
fn a_busy_sender_is_not_taken_for_a_slow_one() {
    let mut target = Target::new(|_| {});
    let socket = target.open(1, HOME, "rc_ada");
    // So long that no piece ends where a message does.
    let ping = frame(true, 1, format!(r#"{{"type":{}"ping"}}"#, " ".repeat(500)).as_bytes());
    let mut sent = 0;
    for _ in 0..100 {
        // Each time a whole message and a part of the next one.
        let bytes: Vec<u8> =
            ping.iter().copied().cycle().skip(sent % ping.len()).take(ping.len() + 1).collect();
        sent += bytes.len();
        target.world.send(socket, &bytes);
        target.say(target.bystander, r#"{"type":"ping"}"#);
        target.world.advance(1_000_000);
    }
    assert!(!target.world.sockets[socket].closed);
    target.bystander_is_served();
}

/// A large body is for those who may ask what it asks: nobody else's is kept, let alone parsed.
#[test]
fn large_bodies_are_read_after_credentials() {
    let mut target = Target::new(|_| {});
    let large = 1 << 20;
    for (line, fields, status) in [
        ("POST /v1/publish", "", 401),
        ("POST /v1/publish", "Authorization: Bearer rc_nobody\r\n", 401),
        ("PUT /WorldClientAPI/rtc/rooms", "Content-Type: application/x-www-form-urlencoded\r\n", 401),
        ("POST /nothing/here", "", 413),
        ("POST /healthz", "", 413),
        ("POST /WorldClientAPI/authenticate/basic", "", 413),
    ] {
        let socket = target.connect(1, HOME);
        let head = format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {large}\r\n\r\n");
        target.world.send(socket, head.as_bytes());
        target.world.settle();
        let output = String::from_utf8_lossy(&target.world.sockets[socket].output).into_owned();
        assert!(output.starts_with(&format!("HTTP/1.1 {status}")), "{line}: the head is enough: {output}");
        target.world.send(socket, &vec![b'&'; 1 << 16]);
        target.world.settle();
        assert!(target.world.sockets[socket].closed, "{line}");
    }
    let chunked = "POST /v1/publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let socket = target.connect(1, HOME);
    target.world.send(socket, chunked.as_bytes());
    let chunk = format!("10000\r\n{}\r\n", "&".repeat(1 << 16));
    target.world.send(socket, chunk.as_bytes());
    target.world.send(socket, b"1\r\n&\r\n");
    target.world.settle();
    let output = String::from_utf8_lossy(&target.world.sockets[socket].output).into_owned();
    assert!(output.starts_with("HTTP/1.1 413"), "anybody may send so much: {output}");
    let socket = target.connect(1, HOME);
    let publish = r#"{"channel":"room:1","data":"DATA"}"#.replace("DATA", &"x".repeat(large - 64));
    let length = publish.len();
    let head = format!(
        "POST /v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\nContent-Length: {length}\r\n\r\n"
    );
    target.world.send(socket, head.as_bytes());
    target.world.send(socket, publish.as_bytes());
    target.world.settle();
    let output = String::from_utf8_lossy(&target.world.sockets[socket].output).into_owned();
    assert!(output.starts_with("HTTP/1.1 200"), "{output}");
    target.bystander_is_served();
}
