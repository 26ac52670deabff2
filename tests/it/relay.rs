//! Groups of connections in numbers: what a transcript cannot say.

use crate::attacks::{AWAY, HOME, HS256, Target, token};

/// Opens a socket in a group.
fn member(target: &mut Target, core: usize) -> usize {
    let socket = open(target, core);
    target.say(socket, r#"{"action":"joinRoom","rid":"g","token":"rc_ada"}"#);
    socket
}

/// Opens a socket of ada, by a key that never ends.
fn open(target: &mut Target, core: usize) -> usize {
    let socket = target.connect(core, HOME);
    let head = "GET /skapi/ws?token=rc_ada HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(target.request(socket, head).0, 101);
    socket
}

/// However many hear it, what is said to a group and who comes is encoded once on each core.
#[test]
fn a_group_is_told_in_one_frame_for_each_core() {
    let mut target = Target::new(|_| {});
    let cores = target.world.shards.len() as u64;
    let sockets: Vec<usize> = (0..400).map(|at| member(&mut target, at % cores as usize)).collect();
    assert_eq!(target.metric("corecast_connection_group_members"), 400);
    let before = target.metric("corecast_frames_encoded_total");
    let late = member(&mut target, 0);
    assert_eq!(target.metric("corecast_frames_encoded_total") - before, cores);
    let told = target.say(late, r#"{"action":"broadcast","rid":"g","content":"x","token":"rc_ada"}"#);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(target.metric("corecast_frames_encoded_total") - before, 2 * cores);
    sockets.into_iter().chain([late]).for_each(|socket| target.world.reset(socket));
    assert_eq!(target.metric("corecast_connection_groups"), 0);
    assert_eq!(target.metric("corecast_subscriptions_open"), 0);
    target.bystander_is_served();
}

/// A token of a user, which holds for so many seconds from the start of a world.
fn of(user: &str, seconds: u64) -> String {
    const START_S: u64 = 1_735_689_600;
    token(HS256, &format!(r#"{{"sub":"{user}","iat":{START_S},"exp":{}}}"#, START_S + seconds))
}

/// What a broadcast with a token is answered: it is heard, or an error.
fn broadcast(target: &mut Target, socket: usize, token: &str) -> String {
    let text = format!(r#"{{"action":"broadcast","rid":"g","content":"x","token":"IdT:s:o:{token}"}}"#);
    target.ask(socket, &text)
}

const VERIFIED: &str = "corecast_frame_credentials_verified_total";

#[test]
fn a_token_that_comes_with_every_frame_is_verified_once() {
    let mut target = Target::new(|_| {});
    let socket = member(&mut target, 0);
    let mut verified = target.metric(VERIFIED);
    let mut check = |token: &str, heard: &str, times: u64| {
        for _ in 0..20 {
            let answer = broadcast(&mut target, socket, token);
            assert!(answer.contains(heard), "{answer}");
        }
        let before = std::mem::replace(&mut verified, target.metric(VERIFIED));
        assert_eq!(verified - before, times, "{heard}");
    };
    check(&of("ada", 100), "#message", 1);
    check(&of("ada", 200), "#message", 1);
    check("not a token", "#error", 20);
    check(&of("ada", 200), "#message", 0);
    target.bystander_is_served();
}

/// Whatever was known of it before.
#[test]
fn a_token_that_held_is_refused_from_when_it_does_not() {
    let mut target = Target::new(|_| {});
    let socket = member(&mut target, 0);
    let (short, good) = (of("ada", 5), of("ada", 100));
    let check = |target: &mut Target, token: &str, expected: &str| {
        let answer = broadcast(target, socket, token);
        assert!(answer.contains(expected), "{answer}");
    };
    for at in 0..good.len() {
        check(&mut target, &good, "#message");
        let mut changed = good.clone().into_bytes();
        changed[at] ^= 1;
        check(&mut target, std::str::from_utf8(&changed).expect("ASCII"), "#error");
    }
    check(&mut target, &good, "#message");
    check(&mut target, &of("bob", 100), "No access.");
    check(&mut target, &short, "#message");
    target.world.advance(4_900_000);
    check(&mut target, &short, "#message");
    target.world.advance(200_000);
    check(&mut target, &short, "The token expired");
    check(&mut target, &good, "#message");
    let operator = target.connect(1, AWAY);
    let revoke = "POST /admin/users/ada/revoke HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_admin\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(target.request(operator, revoke).0, 200);
    check(&mut target, &good, "were revoked");
    check(&mut target, "rc_ada", "#message");
    target.bystander_is_served();
}
