//! What a broker is hit with, where it takes more than a transcript can say: many requests, or tokens that have to be
//! made. After each attack a bystander is served as before.

use crate::settings::{JWT_SECRET, Settings};
use crate::wire::{Item, frame, read_frame, read_response};
use crate::world::{Manner, Socket, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::net::IpAddr;

pub const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
pub const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

/// A node of two cores with a bystander on a WebSocket.
pub struct Target {
    pub world: World,
    pub bystander: usize,
    read: Vec<usize>,
}

impl Target {
    pub fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        let world = World::new(&settings.setup(2), Manner::default());
        let mut target = Self { world, bystander: 0, read: Vec::new() };
        target.bystander = target.open(1, AWAY, "rc_bob");
        target
    }

    pub fn connect(&mut self, core: usize, from: IpAddr) -> usize {
        let socket = self.world.connect(core, from).expect("let in");
        self.read.resize(socket + 1, 0);
        socket
    }

    pub fn open(&mut self, core: usize, from: IpAddr, key: &str) -> usize {
        let socket = self.connect(core, from);
        let head = format!(
            "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        assert_eq!(self.request(socket, &head).0, 101, "{head}");
        socket
    }

    /// Sends and reads one response: its status and body.
    pub fn request(&mut self, socket: usize, text: &str) -> (u16, String) {
        self.world.send(socket, text.as_bytes());
        self.world.settle();
        let output = &self.world.sockets[socket].output[self.read[socket]..];
        let (response, used) = read_response(output, false).expect("a whole response");
        self.read[socket] += used;
        (response.status, String::from_utf8(response.body).expect("text"))
    }

    /// Sends a text message and reads every text that came since.
    pub fn say(&mut self, socket: usize, text: &str) -> Vec<String> {
        self.world.send(socket, &frame(true, 1, text.as_bytes()));
        self.world.settle();
        let mut texts = Vec::new();
        while let Some((item, used)) = read_frame(&self.world.sockets[socket].output[self.read[socket]..]) {
            self.read[socket] += used;
            if let Item::Frame { opcode: 1, payload } = item {
                texts.push(String::from_utf8(payload).expect("UTF-8"));
            }
        }
        texts
    }

    /// The one answer to a message.
    pub fn ask(&mut self, socket: usize, text: &str) -> String {
        let mut answers = self.say(socket, text);
        assert_eq!(answers.len(), 1, "{text}: {answers:?}");
        answers.remove(0)
    }

    pub fn bystander_is_served(&mut self) {
        assert_eq!(self.ask(self.bystander, r#"{"type":"ping"}"#), r#"{"type":"pong"}"#);
        let subscribe = r#"{"type":"subscribe","channel":"user:bystander"}"#;
        assert!(self.ask(self.bystander, subscribe).starts_with(r#"{"type":"subscribed""#));
        self.world.shards.iter().for_each(corecast::shard::Shard::invariants);
    }

    /// Time passes, and the bystander shows signs of life.
    fn pass_minutes(&mut self, minutes: u32) {
        for _ in 0..6 * minutes {
            self.world.advance(10_000_000);
            self.say(self.bystander, r#"{"type":"ping"}"#);
        }
    }

    /// What a client is owed that was encoded for it, as an operator sees it.
    pub fn unwritten_bytes(&mut self, owed: usize) -> u64 {
        let Socket { core, id, .. } = &self.world.sockets[owed];
        let id = id.expect("it is open");
        let name = format!("{core}-{}-{}", id.index, id.generation);
        let admin = token(HS256, r#"{"sub":"root","scope":"admin","exp":1999999999}"#);
        let socket = self.connect(0, AWAY);
        let request =
            format!("GET /admin/connections HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\n\r\n");
        let (status, text) = self.request(socket, &request);
        assert_eq!(status, 200, "{text}");
        self.world.reset(socket);
        let list: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let mut all = list["items"].as_array().expect("a list").iter();
        let one = all.find(|one| one["id"] == name).unwrap_or_else(|| panic!("no {name} in {text}"));
        one["unwritten_bytes"].as_u64().expect("a number")
    }

    pub fn metric(&mut self, name: &str) -> u64 {
        let socket = self.connect(0, AWAY);
        let (_, text) = self.request(socket, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
    }
}

fn get_me(token: &str) -> String {
    format!("GET /v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
}

/// A token with this header and these claims, signed with the node's secret.
pub fn token(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
    format!("{message}.{}", signature.expect("signed"))
}

pub const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// Half an hour after the start of every world.
const LATER: u64 = 1_735_691_400;

/// Line 9: tokens that lie about how they are signed, for whom they are, or until when. What is told says nothing of
/// the token.
#[test]
fn tokens_that_do_not_hold_open_nothing() {
    let mut target = Target::new(|_| {});
    let claims = format!(r#"{{"sub":"mallory","exp":{LATER},"scope":"admin"}}"#);
    let good = token(HS256, &claims);
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let (head, body) = message.split_once('.').expect("three parts");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let deep = format!(r#"{{"sub":"mallory","exp":{LATER},"x":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let bad = [
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{}.{body}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS512"}"#)),
        format!("{}.{body}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#)),
        format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"sub":"admin","exp":99999999999}"#)),
        format!("{head}.{body}."),
        format!("{head}.{body}.{}", &signature[1..]),
        "..".to_owned(),
        "a.b.c".to_owned(),
        token(r#"{"alg":"HS256","crit":["exp"]}"#, &claims),
        token(r#"{"alg":["HS256"]}"#, &claims),
        token(HS256, r#"{"sub":"mallory"}"#),
        token(HS256, r#"{"sub":"mallory","exp":1735689600}"#),
        token(HS256, r#"{"sub":"mallory","exp":"1735691400"}"#),
        token(HS256, &format!(r#"{{"sub":"mallory","exp":{LATER},"nbf":1735689601}}"#)),
        token(HS256, &format!(r#"{{"sub":"","exp":{LATER}}}"#)),
        token(HS256, &format!(r#"{{"sub":"a\nb","exp":{LATER}}}"#)),
        token(HS256, &format!(r#"{{"sub":"{}","exp":{LATER}}}"#, "x".repeat(129))),
        token(HS256, &format!(r#"{{"sub":"mallory","sub":"admin","exp":{LATER}}}"#)),
        token(HS256, &deep),
        token(HS256, "not json"),
        format!("{}.{body}.{signature}", "A".repeat(9_000)),
    ];
    for bad in bad {
        let socket = target.connect(0, HOME);
        let (status, answer) = target.request(socket, &get_me(&bad));
        assert_eq!(status, 401, "{bad}: {answer}");
        assert!(answer.contains(r#""code":"AUTH_ERROR""#), "{answer}");
        assert!(!answer.contains("mallory") && !answer.contains("exp\""), "{bad}: {answer}");
    }
    let socket = target.connect(0, HOME);
    assert_eq!(target.request(socket, &get_me(&good)).0, 200, "the token that they were made from is good");
    // What would name another key or fetch one is not read.
    let kid = r#"{"alg":"HS256","kid":"../../etc/passwd","jku":"http://169.254.169.254/","x5u":"file:///"}"#;
    assert_eq!(target.request(socket, &get_me(&token(kid, &claims))).0, 200);
    target.bystander_is_served();
}

/// Line 9: a token that ends while its connection is open closes it.
#[test]
fn a_connection_does_not_outlive_its_token() {
    let mut target = Target::new(|_| {});
    let claims = r#"{"sub":"carol","exp":1735689640,"scope":"read"}"#;
    let socket = target.open(0, HOME, &token(HS256, claims));
    target.world.advance(31_000_000);
    target.world.send(socket, &frame(true, 10, b""));
    assert_eq!(target.say(socket, r#"{"type":"ping"}"#), [r#"{"type":"pong"}"#]);
    assert!(!target.world.sockets[socket].closed, "the token still holds");
    target.world.send(target.bystander, &frame(true, 10, b""));
    target.world.advance(31_000_000);
    let output = &target.world.sockets[socket].output;
    let reason = b"the token expired";
    assert!(output.windows(reason.len()).any(|bytes| bytes == reason), "{}", output.escape_ascii());
    assert!(target.world.sockets[socket].closed);
    target.say(target.bystander, r#"{"type":"ping"}"#);
    target.bystander_is_served();
}

/// Line 8: distinct channels from one client.
#[test]
fn channels_of_a_namespace_are_bounded_and_come_back() {
    let mut target = Target::new(|settings| {
        settings.definitions.namespaces.insert("room".into(), Default::default());
        settings.limits.channels_per_namespace_max = 50;
        settings.limits.subscriptions_per_connection_max = 10_000;
    });
    let socket = target.open(0, HOME, "rc_ada");
    let mut refused = 0;
    for number in 0..1_000 {
        let subscribe = format!(r#"{{"type":"subscribe","channel":"room:{number}"}}"#);
        let answer = target.ask(socket, &subscribe);
        if answer.contains("LIMIT_EXCEEDED") {
            refused += 1;
        } else {
            assert!(answer.starts_with(r#"{"type":"subscribed""#), "{answer}");
        }
    }
    assert_eq!(refused, 950, "of each core's places for rooms one user gets half");
    let theirs = target.ask(target.bystander, r#"{"type":"subscribe","channel":"room:theirs"}"#);
    assert!(theirs.starts_with(r#"{"type":"subscribed""#), "others have room: {theirs}");
    target.bystander_is_served();
    target.world.reset(socket);
    let socket = target.open(0, HOME, "rc_ada");
    let answer = target.ask(socket, r#"{"type":"subscribe","channel":"room:late"}"#);
    assert!(answer.starts_with(r#"{"type":"subscribed""#), "nothing is kept of empty channels: {answer}");
}

/// Line 8: names that are long, or made to be taken for something else.
#[test]
fn names_that_are_none_are_refused() {
    let mut target = Target::new(|_| {});
    let socket = target.open(0, HOME, "rc_ada");
    let long = format!("room:{}", "x".repeat(64 << 10));
    let over = format!("room:{}", "x".repeat(124));
    let names = [
        long.as_str(),
        &over,
        "",
        ":",
        "room:",
        "room:.",
        "room:..",
        "room:../etc",
        "room:a/b",
        "room:%2e",
        "room:a b",
        "room:a\\u0000b",
        "room:a\\nb",
        "room:\\u202e",
        "room:é",
        "room:a:b",
        "ROOM:1",
        "user:",
        "user:a b",
        " room:1",
    ];
    for name in names {
        for kind in ["subscribe", "unsubscribe", "publish"] {
            let answer = target.ask(socket, &format!(r#"{{"type":"{kind}","channel":"{name}","data":1}}"#));
            assert!(answer.contains(r#""code":"INVALID_CHANNEL""#), "{kind} {name}: {answer}");
            assert!(answer.len() < 300, "names are not repeated: {answer}");
        }
    }
    target.bystander_is_served();
}

/// Line 8: joining and leaving again and again leaves nothing behind, and others see each of it in order.
#[test]
fn churn_leaves_nothing_behind() {
    let mut target = Target::new(|settings| {
        let room = settings.definitions.namespaces.entry("room".into()).or_default();
        room.presence = corecast::model::definition::Presence::Users;
    });
    let witness = target.bystander;
    target.ask(witness, r#"{"type":"subscribe","channel":"room:1"}"#);
    let socket = target.open(0, HOME, "rc_ada");
    for _ in 0..500 {
        target.say(socket, r#"{"type":"subscribe","channel":"room:1"}"#);
        target.say(socket, r#"{"type":"unsubscribe","channel":"room:1"}"#);
    }
    let seen = target.say(witness, r#"{"type":"ping"}"#);
    assert_eq!(seen.len(), 1_001);
    for (index, text) in seen[..1_000].iter().enumerate() {
        let kind = if index % 2 == 0 { "member:joined" } else { "member:left" };
        assert!(text.starts_with(&format!(r#"{{"type":"{kind}""#)), "{text}");
    }
    assert_eq!(target.metric("corecast_subscriptions_open"), 1);
    target.bystander_is_served();
}

/// Line 14: keys of repeated requests are forgotten before they take all memory; the oldest go.
#[test]
fn idempotency_keys_are_bounded() {
    let mut target = Target::new(|settings| settings.limits.idempotency_keys_max = 10);
    let socket = target.open(0, HOME, "rc_ada");
    for key in 0..100 {
        let publish =
            format!(r#"{{"type":"publish","channel":"room:1","data":{key},"idempotency_key":"{key}"}}"#);
        assert!(target.ask(socket, &publish).contains(&format!(r#""offset":{}"#, key + 1)));
    }
    let again =
        |key: u32| format!(r#"{{"type":"publish","channel":"room:1","data":0,"idempotency_key":"{key}"}}"#);
    assert!(target.ask(socket, &again(99)).contains(r#""offset":100"#), "the newest is known");
    assert!(target.ask(socket, &again(0)).contains(r#""offset":101"#), "the oldest is not");
    assert_eq!(target.metric("corecast_duplicates_total"), 1);
    target.bystander_is_served();
}

/// Lines 6 and 14: connections of one address, and those of it that do not say who they are.
#[test]
fn one_address_cannot_take_all_connections() {
    let mut target = Target::new(|settings| {
        settings.limits.connections_per_address_max = 20;
        settings.limits.unauthenticated_per_address_max = 5;
    });
    let silent: Vec<_> = (0..5).map(|_| target.connect(0, HOME)).collect();
    assert!(target.world.connect(0, HOME).is_none(), "a sixth that says nothing");
    assert!(target.world.connect(0, AWAY).is_some(), "others are let in");
    target.world.advance(10_200_000);
    assert!(silent.iter().all(|socket| target.world.sockets[*socket].closed), "their time is over");
    for _ in 0..20 {
        target.open(0, HOME, "rc_ada");
    }
    assert!(target.world.connect(0, HOME).is_none(), "all of its connections");
    assert!(target.metric("corecast_connections_refused_total") >= 2);
    target.bystander_is_served();
}

/// Line 7: a client that asks and does not read is read no more, and is gone after its ping.
#[test]
fn who_does_not_read_is_owed_a_bounded_number_of_bytes() {
    let mut target = Target::new(|settings| settings.limits.outbox_bytes_max = 100_000);
    let socket = target.open(0, HOME, "rc_ada");
    target.world.set_room(socket, Some(0));
    let ping = frame(true, 9, &[b'p'; 125]);
    for _ in 0..10_000 {
        target.world.send(socket, &ping);
    }
    target.world.settle();
    target.bystander_is_served();
    assert!(!target.world.sockets[socket].closed, "it is not read, which costs nothing");
    let before = target.world.sockets[socket].output.len();
    target.world.set_room(socket, None);
    let taken = target.world.sockets[socket].output.len() - before;
    assert_eq!(taken, 10_000 * 127, "it gets every answer once it reads");
    target.world.set_room(socket, Some(0));
    for _ in 0..10_000 {
        target.world.send(socket, &ping);
    }
    target.pass_minutes(1);
    assert!(target.world.sockets[socket].closed, "it is given up");
    target.bystander_is_served();
}

/// Line 7: a client that reads a byte at a time is not given up as long as its debt stays within bounds, and does not slow
/// the others.
#[test]
fn a_byte_at_a_time_holds_nobody_up() {
    let mut target = Target::new(|_| {});
    let slow = target.open(0, HOME, "rc_ada");
    target.ask(slow, r#"{"type":"subscribe","channel":"room:1"}"#);
    let witness = target.bystander;
    target.ask(witness, r#"{"type":"subscribe","channel":"room:1"}"#);
    target.world.set_room(slow, Some(0));
    for number in 1..=100 {
        let said = target.say(witness, r#"{"type":"publish","channel":"room:1","data":1}"#);
        assert_eq!(said.len(), 2, "the answer and the publication, at once: {said:?}");
        assert!(said.iter().all(|text| text.contains(&format!(r#""offset":{number}"#))), "{said:?}");
        target.world.set_room(slow, Some(1));
    }
    target.world.set_room(slow, None);
    let late = target.say(slow, r#"{"type":"ping"}"#);
    assert_eq!(late.len(), 101, "all of them, whole");
    target.bystander_is_served();
}

/// Line 3: a flood of empty fragments and of control frames between them.
#[test]
fn floods_of_empty_fragments_end_in_a_close() {
    let mut target = Target::new(|_| {});
    let socket = target.open(0, HOME, "rc_ada");
    target.world.send(socket, &frame(false, 1, b""));
    for _ in 0..2_000 {
        target.world.send(socket, &frame(false, 0, b""));
    }
    target.world.settle();
    assert!(target.world.sockets[socket].closed);
    target.bystander_is_served();
}

/// Line 4: a head of 64 KiB, in one piece and dribbled.
#[test]
fn huge_heads_are_refused_before_they_are_kept() {
    let mut target = Target::new(|_| {});
    let socket = target.connect(0, HOME);
    let head = format!("GET /v1/realtime HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "x".repeat(64 << 10));
    assert_eq!(target.request(socket, &head).0, 431);
    assert!(target.world.sockets[socket].closed);
    let socket = target.connect(0, HOME);
    for piece in head.as_bytes().chunks(1_000) {
        target.world.send(socket, piece);
    }
    target.world.settle();
    let (response, _) = read_response(&target.world.sockets[socket].output, false).expect("a response");
    assert_eq!(response.status, 431);
    target.bystander_is_served();
}

/// Tickets that were used take no places of others', however many there were.
#[test]
fn who_uses_tickets_leaves_their_places_to_others() {
    let mut target = Target::new(|settings| settings.limits.vouchers_max = 100);
    let ticket = |target: &mut Target, key: &str| {
        let socket = target.connect(0, HOME);
        let ask = format!(
            "POST /v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        let (status, body) = target.request(socket, &ask);
        target.world.reset(socket);
        assert_eq!(status, 201, "{body}");
        let (_, word) = body.split_once(r#""ticket":""#).expect("a ticket");
        word.split('"').next().expect("its end").to_owned()
    };
    for _ in 0..150 {
        let word = ticket(&mut target, "rc_ada");
        let socket = target.connect(1, HOME);
        let open = format!(
            "GET /v1/realtime?ticket={word} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        assert_eq!(target.request(socket, &open).0, 101);
        target.world.reset(socket);
    }
    ticket(&mut target, "rc_bob");
    target.bystander_is_served();
}
