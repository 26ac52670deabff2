//! Any calls on two shards, in any order that the contract allows: no panic, the invariants hold after each, and
//! nothing is left when everyone has gone.

#![no_main]

use corecast::base::ids::{ConnectionId, CoreId};
use corecast::base::time::Now;
use corecast::shard::{Effect, Failure, Output, Resolution, Shard, ShardMessage};
use corecast_fuzz::node::{START, declare, enter, frame, request, shard, upgrade};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

#[derive(Arbitrary, Debug)]
enum Step {
    Accept {
        core: bool,
        host: bool,
    },
    /// Bytes as they are.
    Receive {
        socket: u8,
        bytes: Vec<u8>,
    },
    Upgrade {
        socket: u8,
        user: u8,
    },
    /// An upgrade to the realm's socket, as a user or as a guest.
    Enter {
        socket: u8,
        user: Option<u8>,
    },
    /// Declares the realm's channel.
    Declare {
        socket: u8,
    },
    /// Messages in one piece, cut in two at a byte.
    Say {
        socket: u8,
        messages: Vec<Message>,
        cut: u8,
    },
    Frame {
        socket: u8,
        opcode: u8,
        payload: Vec<u8>,
    },
    Call {
        socket: u8,
        user: u8,
        call: Call,
        cut: u8,
    },
    Ended {
        socket: u8,
    },
    Disconnected {
        socket: u8,
    },
    Writable {
        socket: u8,
    },
    /// Takes wishes; of each write so much.
    Poll {
        core: bool,
        count: u8,
        share: u8,
    },
    Tell {
        core: bool,
        count: u8,
    },
    Hear {
        core: bool,
        count: u8,
    },
    Advance {
        ms: u16,
    },
    Timeout {
        core: bool,
    },
    Drain {
        over_ms: u16,
    },
}

#[derive(Arbitrary, Debug)]
enum Message {
    Subscribe {
        channel: u8,
        recover: Option<(u8, u8)>,
    },
    Unsubscribe {
        channel: u8,
    },
    Publish {
        channel: u8,
        size: u16,
        key: Option<u8>,
    },
    List,
    Ping,
    Join {
        presence: bool,
    },
    Leave,
    Tell {
        size: u16,
        authenticated: bool,
    },
    /// For one socket of those whose names were told.
    Whisper {
        to: u8,
        size: u16,
    },
    Other(String),
}

#[derive(Arbitrary, Debug)]
enum Call {
    Write { channel: u8, size: u16, key: bool },
    Change { offset: u8 },
    Delete { offset: u8 },
    Messages { channel: u8 },
    CreateRoom { room: u8 },
    DeleteRoom { room: u8 },
    Rooms,
    Members { room: u8 },
    Me,
    Profile { user: u8 },
    Rename { size: u8 },
    Metrics,
    Health,
}

const CHANNELS: [&str; 6] = ["room:1", "room:2", "conversation:1", "user:a", "user:b", "conversation:2"];
const STEPS_MAX: usize = 300;

struct Socket {
    core: usize,
    id: ConnectionId,
    ended: bool,
}

struct Node {
    now: Now,
    shards: [Shard; 2],
    /// To core 0, to core 1.
    lanes: [VecDeque<ShardMessage>; 2],
    sockets: Vec<Socket>,
    /// Names of sockets of the realm that were told to somebody.
    names: Vec<String>,
    drained: [bool; 2],
}

/// Names that are remembered.
const NAMES_MAX: usize = 32;

impl Node {
    fn receive(&mut self, socket: u8, bytes: &[u8], cut: usize) {
        let (now, Some(socket)) = (self.now, self.socket(socket)) else { return };
        if socket.ended {
            return;
        }
        let (core, id) = (socket.core, socket.id);
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        for piece in [first, second] {
            if !piece.is_empty() {
                self.shards[core].receive(now, id, &mut piece.to_vec());
            }
        }
    }

    fn socket(&mut self, socket: u8) -> Option<&mut Socket> {
        let count = self.sockets.len();
        if count == 0 { None } else { self.sockets.get_mut(usize::from(socket) % count) }
    }

    fn poll(&mut self, core: usize, count: usize, share: usize) -> bool {
        for _ in 0..count {
            match self.shards[core].poll() {
                Output::Transmit(id) => {
                    let wanted = self.shards[core].transmit(id).bytes();
                    assert!(wanted > 0, "a transmit has something to send");
                    let text = String::from_utf8_lossy(&self.shards[core].transmit(id).pieces().concat())
                        .into_owned();
                    for rest in text.split(r#""socketId":""#).skip(1) {
                        let name = rest.split('"').next().unwrap_or_default().to_owned();
                        if self.names.len() < NAMES_MAX && !self.names.contains(&name) {
                            self.names.push(name);
                        }
                    }
                    self.shards[core].sent(self.now, id, wanted * share / 255);
                }
                Output::Close(id) => self.sockets.retain(|one| one.core != core || one.id != id),
                Output::Drained => {
                    assert!(!std::mem::replace(&mut self.drained[core], true), "drained once");
                }
                Output::Idle { .. } => return true,
                Output::Pause(_) | Output::Resume(_) => {}
                Output::Work => _ = self.shards[core].work(self.now),
                Output::Effect(id, effect) => {
                    let resolution = match (effect, self.now.monotonic_us % 3) {
                        (Effect::Decode(long), _) => Resolution::Decoded(Box::new(long.decode())),
                        (_, 0) => Resolution::Failed(Failure::DiskFull),
                        _ => Resolution::Stored,
                    };
                    self.shards[core].resolve(self.now, id, resolution);
                }
            }
        }
        false
    }

    fn tell(&mut self, core: usize, count: usize) {
        for _ in 0..count {
            let Some(message) = self.shards[core].next_for_peer(CoreId(1 - core as u16)) else { return };
            self.lanes[1 - core].push_back(message);
        }
    }

    fn hear(&mut self, core: usize, count: usize) {
        for _ in 0..count {
            let Some(message) = self.lanes[core].pop_front() else { return };
            self.shards[core].peer(self.now, CoreId(1 - core as u16), message);
        }
    }

    fn step(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Accept { core, host } => {
                let core = usize::from(*core);
                let host = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1 + u8::from(*host)));
                if let Some(id) = self.shards[core].accept(now, host) {
                    self.sockets.push(Socket { core, id, ended: false });
                }
            }
            Step::Receive { socket, bytes } => self.receive(*socket, bytes, 0),
            Step::Upgrade { socket, user } => self.receive(*socket, &upgrade(*user), 0),
            Step::Enter { socket, user } => self.receive(*socket, &enter(*user), 0),
            Step::Declare { socket } => self.receive(*socket, &declare(), 0),
            Step::Say { socket, messages, cut } => {
                let names = &self.names;
                let frames = messages.iter().take(8).map(|message| frame(1, text(message, names).as_bytes()));
                let frames = frames.collect::<Vec<_>>().concat();
                self.receive(*socket, &frames, usize::from(*cut));
            }
            Step::Frame { socket, opcode, payload } => self.receive(*socket, &frame(opcode & 15, payload), 0),
            Step::Call { socket, user, call, cut } => {
                self.receive(*socket, &http(*user, call), usize::from(*cut));
            }
            Step::Ended { socket } => {
                let Some(socket) = self.socket(*socket).filter(|socket| !socket.ended) else { return };
                socket.ended = true;
                let (core, id) = (socket.core, socket.id);
                self.shards[core].ended(now, id);
            }
            Step::Disconnected { socket } => {
                let Some(Socket { core, id, .. }) = self.socket(*socket) else { return };
                let (core, id) = (*core, *id);
                self.shards[core].disconnected(now, id);
                self.sockets.retain(|one| one.core != core || one.id != id);
            }
            Step::Writable { socket } => {
                let Some(Socket { core, id, .. }) = self.socket(*socket) else { return };
                let (core, id) = (*core, *id);
                self.shards[core].writable(now, id);
            }
            Step::Poll { core, count, share } => {
                self.poll(usize::from(*core), usize::from(*count), usize::from(*share));
            }
            Step::Tell { core, count } => self.tell(usize::from(*core), usize::from(*count)),
            Step::Hear { core, count } => self.hear(usize::from(*core), usize::from(*count)),
            Step::Advance { ms } => {
                self.now.monotonic_us += u64::from(*ms) * 1000;
                self.now.unix_ms += u64::from(*ms);
            }
            Step::Timeout { core } => self.shards[usize::from(*core)].timeout(now),
            Step::Drain { over_ms } => {
                self.shards.iter_mut().for_each(|shard| shard.drain(now, u64::from(*over_ms)));
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..1_000 {
            let quiet = self.lanes.iter().all(VecDeque::is_empty);
            for core in 0..2 {
                self.shards[core].timeout(self.now);
                assert!(self.poll(core, 100_000, 255), "a core comes to rest");
                self.tell(core, usize::MAX);
                self.hear(1 - core, usize::MAX);
            }
            if quiet && self.lanes.iter().all(VecDeque::is_empty) {
                return;
            }
        }
        panic!("the node does not come to rest");
    }

    /// Everyone goes; then nothing may be left.
    fn finish(mut self, drains: bool) {
        for Socket { core, id, .. } in std::mem::take(&mut self.sockets) {
            self.shards[core].disconnected(self.now, id);
        }
        self.settle();
        self.shards.iter().for_each(Shard::invariants);
        if drains {
            return assert_eq!(self.drained, [true, true], "a drain ends with the last connection");
        }
        let id = self.shards[0].accept(self.now, IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3))).expect("room");
        self.shards[0].receive(self.now, id, &mut request(0, "GET", "/metrics", b""));
        let mut page = String::new();
        for _ in 0..4 {
            self.tell(0, usize::MAX);
            self.hear(1, usize::MAX);
            self.tell(1, usize::MAX);
            self.hear(0, usize::MAX);
            while let Output::Transmit(id) = self.shards[0].poll() {
                let bytes = self.shards[0].transmit(id).pieces().concat();
                self.shards[0].sent(self.now, id, bytes.len());
                page.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        for line in [
            "corecast_cores 2",
            "corecast_connections_open{core=\"0\"} 1",
            "corecast_connections_open{core=\"1\"} 0",
            "corecast_websockets_open 0",
            "corecast_subscriptions_open 0",
        ] {
            assert!(page.lines().any(|other| other == line), "{line} in {page}");
        }
    }
}

fn channel(channel: u8) -> &'static str {
    CHANNELS[usize::from(channel) % CHANNELS.len()]
}

fn text(message: &Message, names: &[String]) -> String {
    match message {
        Message::Subscribe { channel: name, recover: None } => {
            format!(r#"{{"type":"subscribe","channel":"{}"}}"#, channel(*name))
        }
        Message::Subscribe { channel: name, recover: Some((epoch, offset)) } => format!(
            r#"{{"type":"subscribe","channel":"{}","recover":{{"epoch":{},"offset":{offset}}}}}"#,
            channel(*name),
            START.unix_ms + u64::from(*epoch)
        ),
        Message::Unsubscribe { channel: name } => {
            format!(r#"{{"type":"unsubscribe","channel":"{}"}}"#, channel(*name))
        }
        Message::Publish { channel: name, size, key } => {
            let key = key.map_or(String::new(), |key| format!(r#","idempotency_key":"{key}""#));
            let data = "x".repeat(usize::from(*size) % 3_000);
            format!(r#"{{"type":"publish","channel":"{}","data":"{data}"{key}}}"#, channel(*name))
        }
        Message::List => r#"{"type":"list_subscriptions","id":1}"#.into(),
        Message::Ping => r#"{"type":"ping"}"#.into(),
        Message::Join { presence } => {
            realm("join", "", &format!(r#"{{"presence":{presence},"history":true}}"#))
        }
        Message::Leave => realm("leave", "", "null"),
        Message::Tell { size, authenticated } => {
            realm("message", &format!(r#","authenticated":{authenticated}"#), &padding(*size))
        }
        Message::Whisper { to, size } => {
            let name = names.get(usize::from(*to) % names.len().max(1)).map_or("nobody", String::as_str);
            realm("message", &format!(r#","socketId":"{name}""#), &padding(*size))
        }
        Message::Other(text) => text.chars().take(1_000).collect(),
    }
}

fn padding(size: u16) -> String {
    format!(r#""{}""#, "w".repeat(usize::from(size) % 3_000))
}

/// A frame's text in the language of the realm's socket.
fn realm(action: &str, options: &str, payload: &str) -> String {
    format!(r#"{{"action":"{action}","options":{{"channel":"lobby"{options}}},"payload":{payload}}}"#)
}

fn http(user: u8, call: &Call) -> Vec<u8> {
    let room = |room: u8| format!("/v1/rooms/{}", room % 5);
    let message = |offset: u8| format!("/v1/messages/msg_room.1.{}.{offset}", "mgiy25s0");
    let (method, target, body) = match call {
        Call::Write { channel: name, size, key } => {
            let content = "y".repeat(1 + usize::from(*size) % 3_000);
            let target = if *key { "/v1/messages?api_key=key-a" } else { "/v1/messages" };
            let body = format!(r#"{{"channel":"{}","content":"{content}"}}"#, channel(*name));
            ("POST", target.into(), body)
        }
        Call::Change { offset } => ("PATCH", message(*offset), r#"{"content":"z"}"#.into()),
        Call::Delete { offset } => ("DELETE", message(*offset), String::new()),
        Call::Messages { channel: name } => {
            ("GET", format!("/v1/messages?channel={}", channel(*name)), String::new())
        }
        Call::CreateRoom { room } => {
            ("POST", "/v1/rooms".into(), format!(r#"{{"name":"R","id":"{}"}}"#, room % 5))
        }
        Call::DeleteRoom { room: id } => ("DELETE", room(*id), String::new()),
        Call::Rooms => ("GET", "/v1/rooms".into(), String::new()),
        Call::Members { room: id } => ("GET", format!("{}/members", room(*id)), String::new()),
        Call::Me => ("GET", "/v1/users/me".into(), String::new()),
        Call::Profile { user } => {
            ("GET", format!("/v1/users/{}", char::from(b'a' + user % 4)), String::new())
        }
        Call::Rename { size } => {
            let name = "n".repeat(usize::from(*size));
            ("PATCH", "/v1/users/me".into(), format!(r#"{{"name":"{name}"}}"#))
        }
        Call::Metrics => ("GET", "/metrics".into(), String::new()),
        Call::Health => ("GET", "/healthz".into(), String::new()),
    };
    request(user, method, &target, body.as_bytes())
}

fuzz_target!(|steps: Vec<Step>| {
    let mut node = Node {
        now: START,
        shards: [shard(0, 2), shard(1, 2)],
        lanes: Default::default(),
        sockets: Vec::new(),
        names: Vec::new(),
        drained: [false; 2],
    };
    let mut drains = false;
    for step in steps.iter().take(STEPS_MAX) {
        node.step(step);
        node.shards.iter().for_each(Shard::invariants);
        drains |= matches!(step, Step::Drain { .. });
    }
    node.finish(drains);
});
