//! The attacks: what each connection says at first, and what it says from then on.

use crate::wire::frame;

/// One way to behave badly.
pub struct Attack {
    /// How it is called.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Connections at a time.
    pub connections: usize,
    /// Whether each connection is a WebSocket.
    pub socket: bool,
    /// What a connection says once, after its handshake.
    pub opening: fn() -> Vec<u8>,
    /// What it says again and again; nothing ends the connection when the opening is answered.
    pub again: fn(authorization: &str) -> Vec<u8>,
    /// Whether it reads what it is sent.
    pub reads: bool,
}

/// A request's largest body.
const LARGE: usize = 1 << 20;

/// All of them.
pub const ATTACKS: &[Attack] = &[
    Attack {
        name: "empty-messages",
        about: "one connection sends messages of nothing as fast as they are taken",
        connections: 1,
        socket: true,
        opening: Vec::new,
        again: |_| text("").repeat(10_000),
        reads: true,
    },
    Attack {
        name: "many-floods",
        about: "200 connections do",
        connections: 200,
        socket: true,
        opening: Vec::new,
        again: |_| text("").repeat(1_000),
        reads: true,
    },
    Attack {
        name: "metrics",
        about: "the metrics, pipelined",
        connections: 1,
        socket: false,
        opening: Vec::new,
        again: |_| b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000),
        reads: true,
    },
    Attack {
        name: "metrics-unread",
        about: "the same, never read",
        connections: 20,
        socket: false,
        opening: Vec::new,
        again: |_| b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000),
        reads: false,
    },
    Attack {
        name: "resubscribe",
        about: "a subscribe to the last of 1,000 channels, again and again",
        connections: 1,
        socket: true,
        opening: || (0..1_000).flat_map(subscribe).collect(),
        again: |_| subscribe(999).repeat(1_000),
        reads: true,
    },
    Attack {
        name: "leave",
        about: "40 connections subscribe to 1,000 channels each and leave",
        connections: 40,
        socket: true,
        opening: || (0..1_000).flat_map(subscribe).collect(),
        again: |_| Vec::new(),
        reads: true,
    },
    Attack {
        name: "half-messages",
        about: "100 connections come with all of a message of 1 MiB but its last byte",
        connections: 100,
        socket: true,
        opening: || {
            let mut message = text(&"x".repeat(LARGE - 16));
            message.pop();
            message
        },
        again: |_| Vec::new(),
        reads: false,
    },
    Attack {
        name: "bodies",
        about: "bodies of 1 MiB for a path that needs a key, without one",
        connections: 64,
        socket: false,
        opening: Vec::new,
        again: |_| request("", "&", LARGE),
        reads: true,
    },
    Attack {
        name: "forms",
        about: "forms of 1 MiB of nothing, with a key",
        connections: 32,
        socket: false,
        opening: Vec::new,
        again: |authorization| {
            let fields = format!("{authorization}Content-Type: application/x-www-form-urlencoded\r\n");
            request(&fields, "&", LARGE)
        },
        reads: true,
    },
    Attack {
        name: "members",
        about: "lists of 120,000 members",
        connections: 20,
        socket: false,
        opening: Vec::new,
        again: |authorization| {
            let body = format!(r#"{{"id":"x","members":[{}"a"]}}"#, r#""a","#.repeat(120_000));
            post("/v1/conversations", authorization, body.as_bytes())
        },
        reads: true,
    },
    Attack {
        name: "brackets",
        about: "messages of 1 MiB that only nest",
        connections: 16,
        socket: true,
        opening: Vec::new,
        again: |_| text(&"[".repeat(LARGE - 16)),
        reads: true,
    },
    Attack {
        name: "texts",
        about: "messages of 1 MiB that are lists of empty texts",
        connections: 16,
        socket: true,
        opening: Vec::new,
        again: |_| {
            text(&format!(
                r#"{{"type":"publish","channel":"room:1","data":[{}""]}}"#,
                "\"\",".repeat(340_000)
            ))
        },
        reads: true,
    },
];

fn text(payload: &str) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_masked(&mut out, frame::TEXT, payload.as_bytes());
    out
}

fn subscribe(channel: usize) -> Vec<u8> {
    text(&format!(r#"{{"type":"subscribe","channel":"room:{channel}","event":"message"}}"#))
}

fn request(fields: &str, of: &str, bytes: usize) -> Vec<u8> {
    post("/v1/publish", fields, of.repeat(bytes).as_bytes())
}

fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}
