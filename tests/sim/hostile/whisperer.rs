//! A client of a realm that whispers without end to others of its kind. Some of them never read what they are told.

use crate::node::Node;
use crate::rng::Rng;
use crate::wire::{self, Frame};
use serde_json::Value;

/// Where they meet.
const DEFINITION: &str = "realtime_channel a {\n  public_messaging = {active: true}\n  private_messaging = {active: true}\n  \
     settings = {anonymous_clients: true, nested_channels: false, auth_channel: false, presence: true, message_history: 3}\n}\n";

pub struct Whisperer {
    pub socket: usize,
    core: usize,
    reads: bool,
    inbox: Vec<u8>,
    upgraded: bool,
    /// By which others reach it, once it was told.
    pub name: Option<String>,
    /// What others whispered to it, as far as it reads.
    pub heard: u64,
}

/// Has an admin define the channel. It is there when all that is under way has arrived.
pub fn define(node: &mut Node) -> usize {
    let socket = node.accept(0, 202).expect("there is room");
    let request = format!(
        "POST /workspace/1/realtime/channel HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-of-user-0\r\n\
         Content-Type: text/x-xanoscript\r\nContent-Length: {}\r\n\r\n{DEFINITION}",
        DEFINITION.len()
    );
    node.sockets[socket].to_server.extend(request.bytes());
    node.feed(socket, usize::MAX);
    socket
}

impl Whisperer {
    pub fn new(node: &mut Node, index: usize, rng: &mut Rng) -> Self {
        let (core, reads) = (rng.below(node.cores()), index.is_multiple_of(2));
        let socket = open(node, core, rng);
        Self { socket, core, reads, inbox: Vec::new(), upgraded: false, name: None, heard: 0 }
    }

    /// Says a lot to one of these, and sends it, or a part of it. Whoever was sent away comes back.
    pub fn act(&mut self, node: &mut Node, names: &[String], rng: &mut Rng) {
        if node.sockets[self.socket].connection.is_none() {
            self.socket = open(node, self.core, rng);
            (self.upgraded, self.name) = (false, None);
            self.inbox.clear();
        }
        if self.reads || self.name.is_none() {
            self.read(node);
        }
        if self.name.is_some() && !names.is_empty() && node.sockets[self.socket].to_server.len() < 1 << 16 {
            let to = rng.pick(names);
            let text = format!(
                r#"{{"action":"message","options":{{"channel":"a","socketId":"{to}"}},"payload":"{}"}}"#,
                "x".repeat(rng.below(2_000))
            );
            let mut frame = Vec::new();
            wire::put_frame(&mut frame, true, 1, text.as_bytes(), rng);
            node.sockets[self.socket].to_server.extend(frame.repeat(60));
        }
        let waiting = node.sockets[self.socket].to_server.len();
        node.feed(self.socket, if rng.percent(50) { waiting } else { rng.below(waiting + 1) });
    }

    fn read(&mut self, node: &mut Node) {
        self.inbox.extend(node.sockets[self.socket].to_client.drain(..));
        node.writable(self.socket);
        if !self.upgraded {
            let Some(response) = wire::take_response(&mut self.inbox) else { return };
            assert_eq!(response.status, 101, "{}", response.head);
            self.upgraded = true;
        }
        while let Some(frame) = wire::take_frame(&mut self.inbox) {
            let Frame::Text(text) = frame else { continue };
            let value: Value = serde_json::from_str(&text).expect("JSON");
            match value["action"].as_str() {
                Some("join") => self.name = value["client"]["socketId"].as_str().map(str::to_owned),
                Some("message") => self.heard += 1,
                _ => {}
            }
        }
    }
}

/// A WebSocket of the realm, which joins at once.
fn open(node: &mut Node, core: usize, rng: &mut Rng) -> usize {
    let socket = node.accept(core, 10).expect("there is room");
    let request = format!(
        "GET /rt/hash-of-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
        wire::WEBSOCKET_KEY
    );
    let mut bytes = request.into_bytes();
    let join = r#"{"action":"join","options":{"channel":"a"},"payload":{"presence":false,"history":false}}"#;
    wire::put_frame(&mut bytes, true, 1, join.as_bytes(), rng);
    node.sockets[socket].to_server.extend(bytes);
    node.feed(socket, usize::MAX);
    socket
}
