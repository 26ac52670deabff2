//! People in numbers and under pressure: what a transcript cannot say.

use crate::attacks::{HOME, Target};
use crate::wire::frame;

/// Opens a socket of people.
fn open(target: &mut Target, core: usize, key: &str) -> usize {
    let socket = target.connect(core, HOME);
    let head = format!(
        "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    assert_eq!(target.request(socket, &head).0, 101);
    socket
}

fn join(target: &mut Target, socket: usize, name: &str) -> Vec<String> {
    target.say(socket, &format!(r#"["1","1","{name}","phx_join",{{}}]"#))
}

fn post_device(id: usize) -> String {
    let body = format!(r#"{{"device_id":"d{id}","platform":"web","token":"t"}}"#);
    format!(
        "POST /api/devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_frame_that_is_too_long_ends_its_socket_only() {
    let mut target = Target::new(|_| {});
    let socket = open(&mut target, 0, "rc_ada");
    let text = |bytes: usize| {
        let rest = bytes - r#"[null,"1","phoenix","heartbeat",""]"#.len();
        format!(r#"[null,"1","phoenix","heartbeat","{}"]"#, "x".repeat(rest))
    };
    assert_eq!(target.say(socket, &text(1_000_000)).len(), 1, "the longest is taken");
    target.world.send(socket, &frame(true, 1, text(1_000_001).as_bytes()));
    target.world.settle();
    let output = &target.world.sockets[socket].output;
    assert!(output.windows(2).any(|bytes| bytes == 1009_u16.to_be_bytes()), "the close code");
    target.bystander_is_served();
}

#[test]
fn of_twenty_devices_at_once_ten_are_registered() {
    let mut target = Target::new(|_| {});
    let clients: Vec<usize> = (0..20).map(|at| target.connect(at % 2, HOME)).collect();
    target.world.disk.mood = crate::disk::Mood::Stalled;
    for (at, client) in clients.iter().enumerate() {
        target.world.send(*client, post_device(at).as_bytes());
    }
    target.world.settle();
    target.world.disk.mood = crate::disk::Mood::Well;
    target.world.settle();
    let count = |status: &str| {
        let begins = |client: &&usize| target.world.sockets[**client].output.starts_with(status.as_bytes());
        clients.iter().filter(begins).count()
    };
    assert_eq!((count("HTTP/1.1 201"), count("HTTP/1.1 409")), (10, 10));
}

#[test]
fn joins_and_leaves_by_the_thousand_leave_nothing() {
    let mut target = Target::new(|_| {});
    let socket = open(&mut target, 0, "rc_ada");
    for number in 0..2_000 {
        let name = format!("presence:p{number}");
        let told = join(&mut target, socket, &name);
        assert!(told[0].contains("\"ok\""), "{told:?}");
        let told = target.say(socket, &format!(r#"["1","2","{name}","phx_leave",{{}}]"#));
        assert_eq!(told.len(), 2, "{told:?}");
    }
    assert_eq!(target.metric("corecast_circles_open"), 0);
    for number in 0..150 {
        let told = join(&mut target, socket, &format!("presence:q{number}"));
        assert_eq!(told[0].contains("too many channels joined"), number >= 100, "{number}: {told:?}");
    }
    assert_eq!(target.metric("corecast_circles_open"), 100);
    target.world.reset(socket);
    assert_eq!(target.metric("corecast_circles_open"), 0);
    assert_eq!(target.metric("corecast_subscriptions_open"), 0);
    target.bystander_is_served();
}

#[test]
fn calls_go_with_their_people() {
    let mut target = Target::new(|_| {});
    for round in 0..20 {
        let (ada, bob) = (open(&mut target, round % 2, "rc_ada"), open(&mut target, 1, "rc_bob"));
        for socket in [ada, bob] {
            join(&mut target, socket, "webrtc:lobby");
        }
        let call = r#"["1","2","webrtc:lobby","call:initiate",{"participants":["bob"]}]"#;
        assert_eq!(target.say(ada, call).len(), 1);
        assert_eq!(target.metric("corecast_calls_active"), 1);
        assert!(target.say(bob, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]")[0].contains("call:incoming"));
        target.world.reset(ada);
        target.world.reset(bob);
    }
    assert_eq!(target.metric("corecast_calls_active"), 0);
    target.bystander_is_served();
}

/// Whoever calls somebody very often leaves that one to others, and each of the calls is counted.
#[test]
fn one_caller_does_not_take_all_calls_that_ring_for_somebody() {
    let mut target = Target::new(|settings| settings.limits.people.rings_of_user_max = 8);
    let (ada, bob) = (open(&mut target, 0, "rc_ada"), open(&mut target, 1, "rc_bob"));
    for socket in [ada, bob] {
        join(&mut target, socket, "webrtc:lobby");
    }
    let call = |target: &mut Target, socket: usize, users: &str| {
        let call = format!(r#"["1","2","webrtc:lobby","call:initiate",{{"participants":[{users}]}}]"#);
        let told = target.say(socket, &call).join("\n");
        let id = told.split_once(r#""call_id":""#).and_then(|(_, rest)| rest.split('"').next());
        id.map(str::to_owned).ok_or(told)
    };
    let before = target.metric("corecast_people_entries");
    let calls: Vec<String> = (0..4).map(|_| call(&mut target, ada, r#""cid""#).expect("begun")).collect();
    // A call, when it ends, and a ring on each of the two cores; and how many people ada's ring.
    assert_eq!(target.metric("corecast_people_entries") - before, 4 * 4 + 1);
    let refused = call(&mut target, ada, r#""cid""#).expect_err("they are too many");
    assert!(refused.contains("limit_exceeded"), "{refused}");
    let both = call(&mut target, ada, r#""cid","dan""#).expect("it rings for dan");
    let asker = target.connect(0, HOME);
    let invite = |call: &str| {
        format!(
            "POST /api/calls/{call}/invite HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\nContent-Length: 17\r\n\r\n\
             {{\"user_id\":\"cid\"}}"
        )
    };
    let (status, told) = target.request(asker, &invite(&both));
    assert!(status == 503 && told.contains("limit_exceeded"), "{told}");
    assert_eq!(target.request(asker, &invite(&calls[1])).0, 200, "it rings already");
    call(&mut target, bob, r#""cid""#).expect("another one may");
    let end = format!(r#"["1","4","webrtc:lobby","call:end",{{"callId":"{}"}}]"#, calls[0]);
    target.say(ada, &end);
    call(&mut target, ada, r#""cid""#).expect("there is room again");
    target.bystander_is_served();
}

/// A core that does not turn misses events of a circle: its sockets are put out when it turns again, and can come back.
#[test]
fn who_missed_something_is_put_out_and_comes_again() {
    let mut target = Target::new(|settings| {
        settings.limits.peer_queue_messages_max = 16;
        settings.people.open_conversations = true;
    });
    // Whichever core the conversation is at home on, one of them is on the other.
    let (ada, bob) = (open(&mut target, 0, "rc_ada"), open(&mut target, 1, "rc_bob"));
    join(&mut target, ada, "chat:c");
    join(&mut target, bob, "chat:c");
    target.say(ada, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    let home_is_0 = {
        target.world.freeze(1);
        let told = target.say(ada, r#"["1","2","chat:c","message:send",{"content":"x"}]"#);
        target.world.thaw(1);
        !told.is_empty()
    };
    let (near, far, core) = if home_is_0 { (ada, bob, 1) } else { (bob, ada, 0) };
    target.say(near, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    target.say(far, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    target.world.freeze(core);
    for number in 0..40 {
        let told =
            target.say(near, &format!(r#"["1","{number}","chat:c","message:send",{{"content":"x"}}]"#));
        assert_eq!(told.len(), 2, "whoever is near goes on: {told:?}");
    }
    target.world.thaw(core);
    let told = target.say(far, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    assert!(told.iter().any(|text| text.contains("phx_error")), "{told:?}");
    let told = join(&mut target, far, "chat:c");
    assert!(told[0].contains("\"ok\"") && told[1].contains("presence_state"), "{told:?}");
    assert!(told[1].contains("\"ada\"") && told[1].contains("\"bob\""), "{told:?}");
}

/// Sockets that come to a circle: more than are told in one call.
fn crowd(target: &mut Target, name: &str, count: usize) -> Vec<usize> {
    let sockets: Vec<usize> =
        (0..count).map(|at| open(target, at % 2, if at % 2 == 0 { "rc_ada" } else { "rc_bob" })).collect();
    for socket in &sockets {
        target
            .world
            .send(*socket, &frame(true, 1, format!(r#"["1","1","{name}","phx_join",{{}}]"#).as_bytes()));
        target.world.settle();
    }
    sockets
}

#[test]
fn who_is_in_a_large_circle_is_told_some_at_a_time() {
    let mut target = Target::new(|_| {});
    crowd(&mut target, "presence:p", 700);
    let works = |target: &mut Target, name: &str| {
        let socket = open(target, 0, "rc_ada");
        let before = target.world.works;
        let told = join(target, socket, name);
        assert!(told[0].contains("\"ok\"") && told[1].contains("presence_state"), "{told:?}");
        (target.world.works - before, told[1].matches("phx_ref\"").count())
    };
    let (few, alone) = works(&mut target, "presence:other");
    let (many, shown) = works(&mut target, "presence:p");
    assert_eq!((alone, shown), (1, 701));
    assert!(many > few, "{many} slices of work for {shown} cards, {few} for one");
}

/// The second of two that come waits for the first; one that reads nothing lets the others go on.
#[test]
fn whoever_reads_nothing_of_a_large_circle_holds_nobody_up() {
    let mut target = Target::new(|_| {});
    crowd(&mut target, "presence:p", 600);
    let [deaf, other] = ["rc_ada", "rc_bob"].map(|key| open(&mut target, 0, key));
    target.world.set_room(deaf, Some(0));
    for _ in 0..12 {
        target.world.send(deaf, &frame(true, 1, br#"["1","1","presence:p","phx_join",{}]"#));
        target.world.settle();
    }
    let told = join(&mut target, other, "presence:p");
    assert_eq!(told[1].matches("phx_ref\"").count(), 602, "{}", told[1].len());
    target.world.set_room(deaf, None);
    let told = target.say(deaf, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    let states = told.iter().filter(|text| text.contains("presence_state"));
    assert_eq!(states.count(), 12, "all that it asked for is told in the end");
    assert!(told.last().is_some_and(|text| text.contains("phx_reply")), "and in order");
}

#[test]
fn a_join_is_encoded_once_for_each_core_and_told_to_each_of_them_once() {
    let mut target = Target::new(|_| {});
    crowd(&mut target, "presence:p", 60);
    let coming = open(&mut target, 0, "rc_ada");
    let before = target.metric("corecast_frames_encoded_total");
    join(&mut target, coming, "presence:p");
    assert_eq!(target.metric("corecast_frames_encoded_total") - before, 2, "one for each core");
}

/// A core that has nothing but calls that ring sleeps until one of them has rung long enough.
#[test]
fn calls_that_ring_cost_nothing_until_their_time_is_up() {
    let mut target = Target::new(|settings| {
        settings.people.ring_ms = 3_000;
        settings.limits.people.rings_of_user_max = 2_000;
    });
    let ada = open(&mut target, 0, "rc_ada");
    join(&mut target, ada, "webrtc:lobby");
    let calls = 1_000;
    for _ in 0..calls {
        let call = r#"["1","2","webrtc:lobby","call:initiate",{"participants":["bob"]}]"#;
        assert!(target.say(ada, call)[0].contains("call_id"));
    }
    let due_us = target.world.now.monotonic_us + 3_000_000;
    let before = target.world.timeouts;
    target.world.advance(2_999_999);
    let between = target.world.timeouts - before;
    // Housekeeping of connections wakes a core, some times a second; calls do not, however many ring.
    assert!(between <= 64, "{between} times woken while {calls} calls rang");
    assert_eq!(target.metric("corecast_calls_active"), calls);
    target.world.advance(due_us - target.world.now.monotonic_us);
    assert_eq!(target.metric("corecast_calls_active"), 0);
}

/// Whoever says nothing more, not even to pings, is gone for the others within 80 seconds: from what it was in, and from
/// calls.
#[test]
fn a_peer_that_falls_silent_is_gone_for_the_others() {
    let mut target = Target::new(|_| {});
    let (ada, bob) = (open(&mut target, 0, "rc_ada"), open(&mut target, 1, "rc_bob"));
    for socket in [ada, bob] {
        join(&mut target, socket, "webrtc:lobby");
        join(&mut target, socket, "presence:p");
    }
    let told = target.say(ada, r#"["1","2","webrtc:lobby","call:initiate",{"participants":["bob"]}]"#);
    let call =
        told.iter().find_map(|text| text.split(r#""call_id":""#).nth(1)?.split('"').next()).expect("an id");
    target.say(bob, &format!(r#"["1","3","webrtc:lobby","call:answer",{{"callId":"{call}"}}]"#));
    let mut told = Vec::new();
    for _ in 0..8 {
        target.world.advance(10_000_000);
        told.extend(target.say(bob, "[null,\"9\",\"phoenix\",\"heartbeat\",{}]"));
    }
    for event in
        [r#""presence_diff",{"joins":{},"leaves":{"ada""#, "user:offline", "call:participant:disconnected"]
    {
        assert_eq!(told.iter().filter(|text| text.contains(event)).count(), 1, "{event}: {told:?}");
    }
}

/// While a core has not heard what somebody says of its state, that is not answered; so whoever was told that it is
/// invisible is shown by none.
#[test]
fn a_status_is_answered_when_every_core_knows_it() {
    let mut target = Target::new(|_| {});
    // Whoever's home is at the socket's own core, and whoever's is at the other one.
    for (key, near) in [("rc_ada", 0), ("rc_ada", 1), ("rc_bob", 0), ("rc_bob", 1)] {
        let socket = open(&mut target, near, key);
        join(&mut target, socket, "presence:p");
        target.world.freeze(1 - near);
        let said = r#"["1","2","presence:p","status:update",{"status":"invisible"}]"#;
        let told = target.say(socket, said);
        assert!(!told.iter().any(|text| text.contains("phx_reply")), "{key} on {near}: {told:?}");
        target.world.thaw(1 - near);
        let told = target.say(socket, "[null,\"3\",\"phoenix\",\"heartbeat\",{}]");
        let answered =
            |text: &String| text.starts_with(r#"["1","2","presence:p","phx_reply",{"status":"ok""#);
        assert!(told.iter().any(answered), "{key} on {near}: {told:?}");
        target.world.reset(socket);
    }
}

/// Whoever falls behind by the very answer to its own coming is in nothing afterwards.
#[test]
fn whoever_is_closed_while_it_comes_again_is_nowhere() {
    let mut closed = 0;
    for signals in 0..24 {
        let mut target = Target::new(|settings| settings.limits.outbox_bytes_max = 16_384);
        // Of whatever core the circle is at home on.
        for core in 0..2 {
            let (ada, bob) = (open(&mut target, core, "rc_ada"), open(&mut target, 1, "rc_bob"));
            join(&mut target, ada, "webrtc:lobby");
            join(&mut target, bob, "webrtc:lobby");
            join(&mut target, ada, "presence:p");
            let call = r#"["1","2","webrtc:lobby","call:initiate",{"participants":["bob"]}]"#;
            let told = target.say(ada, call);
            let id = told[0]
                .split("\"call_id\":\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .expect("an id");
            target.say(bob, &format!(r#"["1","4","webrtc:lobby","call:answer",{{"callId":"{id}"}}]"#));
            target.say(ada, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
            target.world.set_room(ada, Some(0));
            for _ in 0..signals {
                let sdp = "x".repeat(1_000);
                target.say(
                    bob,
                    &format!(
                        r#"["1","5","webrtc:lobby","webrtc:offer",{{"targetUserId":"ada","callId":"{id}","offer":{{"sdp":"{sdp}"}}}}]"#
                    ),
                );
            }
            target.world.send(ada, &frame(true, 1, br#"["2","6","presence:p","phx_join",{}]"#));
            target.world.settle();
            closed += target.metric("corecast_slow_consumers_total{policy=\"disconnect\"}");
            target.world.reset(ada);
            target.world.reset(bob);
            assert_eq!(target.metric("corecast_circles_open"), 0, "after {signals} signals on core {core}");
        }
    }
    assert!(closed > 0, "some were closed");
}
