//! What one call does at most, whatever was sent: a turn of a core is as short as its calls. Work is counted, not timed.

use crate::attacks::{HOME, HS256, Target, token};
use crate::disk::Mood;
use crate::wire::frame;
use crate::world::START_UNIX_MS;
use corecast::shard::{Output, WRITE_BYTES_MAX};

/// Messages of one connection that are read before others have their turn, a little more than its share.
const SHARE_MESSAGES: usize = 260;

/// Messages that a connection is read whatever others sent.
const FEW_MESSAGES: usize = 16;

const PING: &str = r#"{"type":"ping"}"#;

/// Bytes of the answer to [`PING`] as a frame.
const PONG_BYTES: usize = 2 + r#"{"type":"pong"}"#.len();

fn pings(count: usize) -> Vec<u8> {
    frame(true, 1, PING.as_bytes()).repeat(count)
}

impl Target {
    /// Answers that were encoded for a client and not written.
    fn answered(&self, socket: usize) -> usize {
        self.world.owed_bytes(socket) / PONG_BYTES
    }
}

#[test]
fn a_flood_is_read_a_share_at_a_time_and_whoever_asks_little_does_not_wait_for_it() {
    let mut target = Target::new(|_| {});
    let floods: Vec<usize> = (0..40).map(|_| target.open(1, HOME, "rc_ada")).collect();
    let mut answered = 0;
    for socket in &floods {
        target.world.send(*socket, &pings(700));
        let got = target.answered(*socket);
        assert!((FEW_MESSAGES..=SHARE_MESSAGES).contains(&got), "one share, not {got}");
        answered += got;
    }
    assert!(answered <= 2_048 + floods.len() * (FEW_MESSAGES + 1), "{answered} in one turn");
    // More of a flood is kept, not read.
    target.world.send(floods[0], &pings(700));
    assert!(target.answered(floods[0]) <= SHARE_MESSAGES);
    target.world.send(target.bystander, &pings(FEW_MESSAGES));
    assert_eq!(target.answered(target.bystander), FEW_MESSAGES);
    target.world.settle();
    for (at, socket) in floods.iter().enumerate() {
        let expected = if at == 0 { 1_400 } else { 700 };
        let got = target.world.sockets[*socket].output.len();
        assert!(got >= expected * PONG_BYTES, "all is answered in the end: {got} bytes");
    }
}

/// What is owed may be megabytes; the rest of it waits until others had their turn.
#[test]
fn one_write_offers_a_bounded_part_of_what_is_owed() {
    let mut target = Target::new(|_| {});
    let deaf = target.open(1, HOME, "rc_ada");
    for channel in ["room:1", "room:2"] {
        let subscribe = format!(r#"{{"type":"subscribe","channel":"{channel}","event":"message"}}"#);
        target.ask(deaf, &subscribe);
    }
    target.world.set_room(deaf, Some(0));
    let text = "x".repeat(50_000);
    for number in 0..20 {
        let channel = 1 + number % 2;
        let publish = format!(
            r#"{{"type":"publish","channel":"room:{channel}","event":"message","data":"{number} {text}"}}"#
        );
        target.ask(target.bystander, &publish);
    }
    assert_eq!(target.world.owed_bytes(deaf), WRITE_BYTES_MAX);
    let before = target.world.writes;
    target.world.set_room(deaf, None);
    let writes = target.world.writes - before;
    assert!(writes >= 4, "{writes} writes for a megabyte");
    let told = target.say(deaf, PING);
    assert_eq!(told.iter().filter(|told| told.contains(&text)).count(), 20, "all of it comes in the end");
    target.bystander_is_served();
}

#[test]
fn connections_with_input_that_waits_have_one_share_each_in_turn() {
    let mut target = Target::new(|_| {});
    let floods: Vec<usize> = (0..3).map(|_| target.open(1, HOME, "rc_ada")).collect();
    floods.iter().for_each(|socket| target.world.send(*socket, &pings(2_000)));
    let mut before: Vec<usize> = floods.iter().map(|socket| target.answered(*socket)).collect();
    for step in 0..6 {
        target.world.shards[1].work(target.world.now);
        for (at, socket) in floods.iter().enumerate() {
            let got = target.answered(*socket) - before[at];
            before[at] += got;
            assert_eq!(got > 0, at == step % 3, "step {step}: flood {at} got {got}");
            assert!(got <= SHARE_MESSAGES);
        }
    }
}

#[test]
fn a_flood_that_ends_is_read_to_its_end() {
    let mut target = Target::new(|_| {});
    let socket = target.open(1, HOME, "rc_ada");
    target.world.send(socket, &pings(3_000));
    target.world.end_at_once(socket);
    target.world.settle();
    let socket = &target.world.sockets[socket];
    assert!(socket.closed && socket.output.len() >= 3_000 * PONG_BYTES, "{}", socket.output.len());
}

#[test]
fn the_state_of_all_cores_is_gathered_for_few_requests_at_a_time() {
    let mut target = Target::new(|_| {});
    let socket = target.connect(1, HOME);
    target.world.send(socket, &b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(300));
    let asked = std::iter::from_fn(|| target.world.shards[1].next_for_peer(corecast::base::ids::CoreId(0)));
    assert!(asked.count() <= 8, "the other core is asked for few");
    target.bystander_is_served();
    let output = String::from_utf8_lossy(&target.world.sockets[socket].output).into_owned();
    assert!(output.matches("HTTP/1.1 200").count() <= 300);
}

#[test]
fn what_is_to_be_written_is_no_work_that_keeps_it_from_going() {
    let mut target = Target::new(|_| {});
    let socket = target.open(1, HOME, "rc_ada");
    // Some of them are at home on the socket's core.
    let rooms = (0..16).map(|room| format!("room:{room}"));
    for room in rooms.clone() {
        target.ask(socket, &format!(r#"{{"type":"subscribe","channel":"{room}","event":"message"}}"#));
    }
    for room in rooms {
        let publish = format!(r#"{{"type":"publish","channel":"{room}","event":"message","data":1}}"#);
        target.world.send(socket, &frame(true, 1, publish.as_bytes()));
    }
    let now = target.world.now;
    let shard = &mut target.world.shards[1];
    assert!(!shard.work(now), "nothing is left that a slice of work would do");
    assert!(matches!(shard.poll(), Output::Transmit(_)), "all the same there is something to be written");
    target.world.settle();
}

#[test]
fn deadlines_that_come_together_are_met_some_at_a_time() {
    let mut target = Target::new(|_| {});
    (0..1_000).for_each(|_| assert!(target.connect(1, HOME) > 0));
    let mut now = target.world.now;
    now.monotonic_us += 11_000_000;
    let shard = &mut target.world.shards[1];
    shard.timeout(now);
    let mut most = 0;
    let mut closed = 0;
    loop {
        let mut ended = 0;
        let next = loop {
            match shard.poll() {
                Output::Close(_) => ended += 1,
                Output::Transmit(id) => {
                    let bytes = shard.transmit(id).bytes();
                    shard.sent(now, id, bytes);
                }
                other => break other,
            }
        };
        closed += ended;
        most = most.max(ended);
        if next != Output::Work {
            break;
        }
        shard.work(now);
    }
    assert_eq!(closed, 1_000);
    assert!(most <= 64, "{most} in one call");
}

#[test]
fn whoever_leaves_many_channels_is_forgotten_some_at_a_time() {
    let mut target = Target::new(|_| {});
    let sockets: Vec<usize> = (0..3).map(|_| target.open(1, HOME, "rc_ada")).collect();
    for socket in &sockets {
        for channel in 0..300 {
            let subscribe = format!(r#"{{"type":"subscribe","channel":"room:{channel}","event":"message"}}"#);
            target.world.send(*socket, &frame(true, 1, subscribe.as_bytes()));
        }
        target.world.settle();
    }
    let before = target.metric("corecast_subscriptions_open");
    assert!(before >= 900, "{before}");
    for socket in &sockets {
        let frame = frame(true, 8, &1000_u16.to_be_bytes());
        target.world.send(*socket, &frame);
    }
    let told = std::iter::from_fn(|| target.world.shards[1].next_for_peer(corecast::base::ids::CoreId(0)));
    assert!(told.count() <= 3 * 64, "homes are told some at a time");
    target.world.settle();
    assert_eq!(target.metric("corecast_subscriptions_open"), before - 900);
    let heard = target.ask(target.bystander, r#"{"type":"list_subscriptions"}"#);
    assert!(heard.contains("subscriptions"), "{heard}");
}

/// A message of so many bytes that ends in an error, whoever reads it.
fn long_message(bytes: usize) -> Vec<u8> {
    frame(true, 1, format!(r#"{{"type":"nothing","id":7,"x":"{}"}}"#, "x".repeat(bytes)).as_bytes())
}

#[test]
fn long_messages_are_decoded_beside_the_core_and_answered_in_order() {
    let mut target = Target::new(|_| {});
    let socket = target.open(1, HOME, "rc_ada");
    target.world.disk.mood = Mood::Stalled;
    target.world.send(socket, &[long_message(100_000), pings(1)].concat());
    target.world.settle();
    let before = target.world.sockets[socket].output.len();
    target.world.send(socket, &pings(2));
    target.world.settle();
    assert_eq!(target.world.sockets[socket].output.len(), before, "nothing overtakes it");
    target.bystander_is_served();
    target.world.disk.mood = Mood::Well;
    target.world.settle();
    let output = String::from_utf8_lossy(&target.world.sockets[socket].output[before..]).into_owned();
    let (error, rest) = output.split_once("pong").expect("all is answered");
    assert!(error.contains("UNKNOWN_TYPE") && error.contains(r#""id":7"#), "{error}");
    assert_eq!(rest.matches("pong").count(), 2, "{rest}");
}

#[test]
fn long_bodies_are_decoded_beside_the_core_and_answered_in_order() {
    let mut target = Target::new(|_| {});
    let body = r#"{"channel":"room:1","data":"DATA"}"#.replace("DATA", &"x".repeat(100_000));
    let head = |fields: &str| {
        let length = body.len();
        format!(
            "POST /v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\n{fields}Content-Length: {length}\r\n\r\n"
        )
    };
    let get = "GET /v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\n\r\n";
    for (fields, statuses, closes) in
        [("", &["200", "200"][..], false), ("Connection: close\r\n", &["200"], true)]
    {
        let socket = target.connect(1, HOME);
        target.world.disk.mood = Mood::Stalled;
        target.world.send(socket, format!("{}{body}{get}", head(fields)).as_bytes());
        target.world.settle();
        assert!(target.world.sockets[socket].output.is_empty(), "nothing overtakes it");
        target.bystander_is_served();
        if closes {
            // What still comes is not read.
            target.world.end_at_once(socket);
        }
        target.world.disk.mood = Mood::Well;
        target.world.settle();
        let socket = &target.world.sockets[socket];
        let output = String::from_utf8_lossy(&socket.output).into_owned();
        let got: Vec<&str> =
            output.match_indices("HTTP/1.1 ").map(|(at, _)| &output[at + 9..at + 12]).collect();
        assert_eq!((got.as_slice(), socket.closed), (statuses, closes));
    }
}

#[test]
fn a_client_that_goes_while_its_message_is_decoded_is_forgotten() {
    let mut target = Target::new(|_| {});
    for by_reset in [true, false] {
        let socket = target.open(1, HOME, "rc_ada");
        target.world.disk.mood = Mood::Stalled;
        target.world.send(socket, &long_message(100_000));
        target.world.settle();
        if by_reset {
            target.world.reset(socket);
        } else {
            target.world.end_at_once(socket);
        }
        target.world.settle();
        target.world.disk.mood = Mood::Well;
        target.world.settle();
        assert!(by_reset || target.world.sockets[socket].closed, "its end comes after its message");
    }
    target.bystander_is_served();
}

/// Some sockets that hear three hundred rooms each.
fn hearers(target: &mut Target, credentials: &str) -> Vec<usize> {
    let sockets: Vec<usize> = (0..6).map(|_| target.open(1, HOME, credentials)).collect();
    for socket in &sockets {
        for channel in 0..300 {
            let subscribe = format!(r#"{{"type":"subscribe","channel":"room:{channel}","event":"message"}}"#);
            target.world.send(*socket, &frame(true, 1, subscribe.as_bytes()));
        }
        target.world.settle();
    }
    sockets
}

/// How many of these sockets are owed a close frame before anything else.
fn closing(target: &Target, sockets: &[usize]) -> usize {
    let shard = &target.world.shards[1];
    let ids = sockets.iter().filter_map(|socket| target.world.sockets[*socket].id);
    ids.filter(|id| shard.transmit(*id).pieces().concat().starts_with(&[0x88])).count()
}

/// Gives the core of these sockets slices of work until all are at their end; says how many ended in one slice at most.
fn most_ended_in_a_slice(target: &mut Target, sockets: &[usize]) -> usize {
    let (mut most, mut ended) = (0, closing(target, sockets));
    for _ in 0..2 * sockets.len() {
        target.world.shards[1].work(target.world.now);
        let now = closing(target, sockets);
        (most, ended) = (most.max(now - ended), now);
    }
    assert_eq!(ended, sockets.len(), "all come to their end");
    most
}

#[test]
fn whoever_hears_much_and_ends_by_the_clock_ends_alone() {
    let mut target = Target::new(|_| {});
    let claims = format!(r#"{{"sub":"carol","exp":{},"scope":"read write"}}"#, START_UNIX_MS / 1000 + 1);
    let sockets = hearers(&mut target, &token(HS256, &claims));
    let before = target.metric("corecast_subscriptions_open");
    target.world.now.monotonic_us += 2_000_000;
    target.world.now.unix_ms += 2_000;
    target.world.shards[1].timeout(target.world.now);
    let at_once = closing(&target, &sockets);
    let most = most_ended_in_a_slice(&mut target, &sockets);
    assert!(at_once <= 1 && most <= 1, "{at_once} and {most} in one call");
    target.world.settle();
    assert_eq!(target.metric("corecast_subscriptions_open"), before - 300 * sockets.len() as u64);
    assert!(sockets.iter().all(|socket| target.world.sockets[*socket].closed));
    target.bystander_is_served();
}

#[test]
fn whoever_hears_much_when_the_node_goes_ends_alone() {
    let mut target = Target::new(|_| {});
    let sockets = hearers(&mut target, "rc_ada");
    target.world.shards[1].drain(target.world.now, 1);
    let at_once = closing(&target, &sockets);
    let most = most_ended_in_a_slice(&mut target, &sockets);
    assert!(at_once <= 1 && most <= 1, "{at_once} and {most} in one call");
    target.world.drain(1);
    target.world.advance(2_000_000);
    assert!(target.world.drained.iter().all(|drained| *drained));
}

/// Publishes to a room until whoever reads nothing of it is behind, and some more; the core does nothing else meanwhile.
fn outrun(target: &mut Target) {
    let text = "x".repeat(1_000);
    let publish = |channel: usize, data: &str| {
        let text =
            format!(r#"{{"type":"publish","channel":"room:{channel}","event":"message","data":"{data}"}}"#);
        frame(true, 1, text.as_bytes())
    };
    // The room's home is the core of all these sockets where the answer is there at once.
    let own = (0..300).find(|channel| {
        target.world.send(target.bystander, &publish(*channel, "first"));
        let is_own = target.world.owed_bytes(target.bystander) > 0;
        target.world.settle();
        is_own
    });
    for _ in 0..8 {
        target.world.send(target.bystander, &publish(own.expect("one of them"), &text));
    }
}

#[test]
fn whoever_hears_much_and_falls_behind_with_others_ends_alone() {
    let mut target = Target::new(|settings| settings.limits.egress_ring_bytes_max = 4_096);
    let sockets = hearers(&mut target, "rc_ada");
    outrun(&mut target);
    let at_once = closing(&target, &sockets);
    let most = most_ended_in_a_slice(&mut target, &sockets);
    assert!(at_once <= 1 && most <= 1, "{at_once} and {most} in one call");
    target.world.settle();
    assert!(sockets.iter().all(|socket| target.world.sockets[*socket].closed));
    assert_eq!(target.metric(r#"corecast_slow_consumers_total{policy="disconnect"}"#), sockets.len() as u64);
    let told = target.say(target.bystander, PING);
    assert_eq!(told.last().map(String::as_str), Some(r#"{"type":"pong"}"#), "{told:?}");
    target.bystander_is_served();
}

/// It is closed a moment later; what it lost must not be followed by what came after.
#[test]
fn whoever_fell_behind_hears_nothing_more_before_its_end() {
    let mut target = Target::new(|settings| settings.limits.egress_ring_bytes_max = 4_096);
    let sockets = hearers(&mut target, "rc_ada");
    outrun(&mut target);
    target.world.settle();
    for socket in sockets.iter().map(|socket| &target.world.sockets[*socket]) {
        let output = String::from_utf8_lossy(&socket.output);
        assert!(socket.closed && !output.contains("xxx"), "{output}");
    }
}
