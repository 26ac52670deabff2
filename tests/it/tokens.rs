//! The end of a token: told before, and kept to the second.

use crate::attacks::{HOME, HS256, Target, token};
use crate::wire::frame;

/// When every world starts, seconds since 1970.
const START_S: u64 = 1_735_689_600;

fn of(user: &str, seconds: u64) -> String {
    let claims = format!(r#"{{"sub":"{user}","exp":{},"scope":"read write"}}"#, START_S + seconds);
    token(HS256, &claims)
}

fn publish(target: &mut Target, data: u32) {
    let text = format!(r#"{{"type":"publish","channel":"room:1","data":{data}}}"#);
    target.say(target.bystander, &text);
}

fn heard(target: &Target, socket: usize, words: &str) -> bool {
    target.world.sockets[socket].output.windows(words.len()).any(|bytes| bytes == words.as_bytes())
}

/// Long before the next ping, and whatever the client does.
#[test]
fn nothing_is_heard_or_done_after_the_end() {
    let mut target = Target::new(|settings| settings.ping_ms = 3_600_000);
    let socket = target.open(0, HOME, &of("carol", 100));
    target.say(socket, r#"{"type":"subscribe","channel":"room:1"}"#);
    target.world.advance(89_000_000);
    assert!(!heard(&target, socket, "token_ends"), "not warned yet");
    target.world.advance(2_000_000);
    assert!(heard(&target, socket, r#"{"type":"token_ends","in_seconds":10}"#));
    target.world.advance(8_900_000);
    publish(&mut target, 1);
    assert!(heard(&target, socket, r#""data":1"#), "it still holds");
    target.world.advance(200_000);
    assert!(target.world.sockets[socket].closed);
    assert!(heard(&target, socket, "the token expired"));
    publish(&mut target, 2);
    assert!(!heard(&target, socket, r#""data":2"#));
    target.bystander_is_served();
}

/// The clock may have gone ahead of the timer, as it does after a machine slept.
#[test]
fn commands_after_the_end_are_not_done() {
    let mut target = Target::new(|_| {});
    target.say(target.bystander, r#"{"type":"subscribe","channel":"room:1"}"#);
    let socket = target.open(0, HOME, &of("carol", 100));
    target.world.now.unix_ms += 100_000;
    let late = frame(true, 1, br#"{"type":"publish","channel":"room:1","data":"late"}"#);
    target.world.send(socket, &late);
    target.world.settle();
    assert!(target.world.sockets[socket].closed && heard(&target, socket, "the token expired"));
    assert!(!heard(&target, target.bystander, "late"));
}

#[test]
fn a_new_token_of_the_same_user_keeps_the_connection() {
    let mut target = Target::new(|_| {});
    let socket = target.open(0, HOME, &of("carol", 20));
    target.say(socket, r#"{"type":"subscribe","channel":"room:1"}"#);
    let auth = |token: &str| format!(r#"{{"type":"auth","token":"{token}","id":1}}"#);
    for (bad, code) in [
        (of("dave", 500), "FORBIDDEN"),
        (token(HS256, &format!(r#"{{"sub":"carol","exp":{},"scope":"write"}}"#, START_S + 500)), "FORBIDDEN"),
        (token(HS256, &format!(r#"{{"sub":"carol","exp":{START_S}}}"#)), "AUTH_ERROR"),
        ("nonsense".to_owned(), "AUTH_ERROR"),
    ] {
        let answer = target.ask(socket, &auth(&bad));
        assert!(answer.contains(&format!(r#""code":"{code}""#)), "{answer}");
    }
    // Often, and with ends in any order: the last counts.
    for seconds in (30..80).chain([25, 60]) {
        let answer = target.ask(socket, &auth(&of("carol", seconds)));
        assert!(answer.starts_with(r#"{"type":"authenticated","expires_at":"2025-01-01T00:0"#), "{answer}");
    }
    target.say(target.bystander, r#"{"type":"ping"}"#);
    target.world.advance(29_000_000);
    target.say(socket, r#"{"type":"ping"}"#);
    target.say(target.bystander, r#"{"type":"ping"}"#);
    target.world.advance(29_000_000);
    assert!(!target.world.sockets[socket].closed, "the new token holds");
    publish(&mut target, 1);
    assert!(heard(&target, socket, r#""data":1"#));
    target.world.advance(2_100_000);
    assert!(target.world.sockets[socket].closed);
    target.bystander_is_served();
}

/// The published protocol of this socket has no frame to renew a token with, only one to warn in.
#[test]
fn a_socket_of_a_realm_is_warned() {
    let mut target = Target::new(|_| {});
    let socket = target.connect(0, HOME);
    let token = of("carol", 20);
    let head = format!(
        "GET /rt/hash-of-1 HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: {token}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    assert_eq!(target.request(socket, &head).0, 101);
    target.world.advance(18_100_000);
    assert!(heard(
        &target,
        socket,
        r#"{"action":"error","payload":{"message":"Your token ends in 2 seconds."#
    ));
    target.world.advance(2_000_000);
    assert!(target.world.sockets[socket].closed && heard(&target, socket, "the token expired"));
}
