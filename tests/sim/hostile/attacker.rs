//! One hostile client. It changes its way of being so from act to act, and comes back when it is sent away.

use crate::node::Node;
use crate::rng::Rng;
use crate::wire;

pub struct Attacker {
    pub socket: usize,
    core: usize,
    host: u8,
}

/// A WebSocket of a user.
pub fn open(node: &mut Node, core: usize, host: u8, _: &mut Rng) -> usize {
    let socket = node.accept(core, host).expect("there is room");
    let request = format!(
        "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-of-user-0\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
        wire::WEBSOCKET_KEY
    );
    node.sockets[socket].to_server.extend(request.bytes());
    node.feed(socket, usize::MAX);
    socket
}

impl Attacker {
    pub fn new(node: &mut Node, index: usize, rng: &mut Rng) -> Self {
        let core = rng.below(node.cores());
        let host = 1 + (index % 3) as u8;
        Self { socket: open(node, core, host, rng), core, host }
    }

    /// Does something that nobody should, and sends it, or a part of it.
    pub fn act(&mut self, node: &mut Node, rng: &mut Rng) {
        if node.sockets[self.socket].connection.is_none() || rng.percent(3) {
            node.reset(self.socket, true);
            self.socket = open(node, self.core, self.host, rng);
        }
        let said = match rng.below(8) {
            // Pipelines.
            0 => repeated(r#"{"type":"ping"}"#, 400, rng),
            1 => repeated("", 2_000, rng),
            // Hears everything, again and again.
            2 => (0..40).flat_map(|channel| subscribe(channel, rng)).collect(),
            3 => subscribe(39, rng).repeat(200),
            // Speaks to all who hear.
            4 => repeated(r#"{"type":"publish","channel":"room:r1","data":"x"}"#, 60, rng),
            // Long ones, and what is no message.
            5 => repeated(
                &format!(r#"{{"type":"publish","channel":"room:r1","data":"{}"}}"#, "x".repeat(70_000)),
                1,
                rng,
            ),
            6 => repeated(&"[".repeat(20_000), 1, rng),
            // Leaves it all at once.
            _ => repeated(r#"{"type":"list_subscriptions"}"#, 50, rng),
        };
        node.sockets[self.socket].to_server.extend(said);
        // Often only half of it arrives for now, and half of them never read.
        let waiting = node.sockets[self.socket].to_server.len();
        let count = if rng.percent(50) { waiting } else { rng.below(waiting + 1) };
        node.feed(self.socket, count);
        if self.host != 1 {
            node.sockets[self.socket].to_client.clear();
            node.writable(self.socket);
        }
        if node.sockets[self.socket].to_server.len() > 1 << 20 {
            node.sockets[self.socket].to_server.clear();
            node.reset(self.socket, true);
        }
    }
}

fn repeated(text: &str, count: usize, rng: &mut Rng) -> Vec<u8> {
    let mut frame = Vec::new();
    wire::put_frame(&mut frame, true, 1, text.as_bytes(), rng);
    frame.repeat(count)
}

fn subscribe(channel: usize, rng: &mut Rng) -> Vec<u8> {
    repeated(&format!(r#"{{"type":"subscribe","channel":"room:r{channel}","event":"message"}}"#), 1, rng)
}
