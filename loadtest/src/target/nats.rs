//! nats-server: its text protocol, on plain TCP or inside WebSocket messages, and its streams.

use super::{Access, Dialect, Installed, Notice, Target, Upgrade, said, version};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use crate::wire::{Framing, frame};
use serde::Deserialize;
use std::fs;
use std::process::Command;

/// How nats-server is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Nats {
    /// On plain TCP.
    Tcp,
    /// Through its WebSocket listener.
    WebSocket,
    /// On plain TCP, with a stream in files that takes every message and syncs each before it is answered.
    JetStream,
}

/// The stream that takes what is published.
const STREAM: &str = r#"{"name":"ROOMS","subjects":["room.*"],"storage":"file","max_msgs_per_subject":256}"#;

impl Target for Nats {
    fn name(&self) -> &'static str {
        match self {
            Nats::Tcp => "nats",
            Nats::WebSocket => "nats-ws",
            Nats::JetStream => "nats-jetstream",
        }
    }

    fn installed(&self) -> Installed {
        let found = version("nats-server", &["--version"], "apt-get install nats-server");
        match &found {
            Installed::Version(version) if *self == Nats::JetStream && !syncs_always(version) => {
                let newer = "go install github.com/nats-io/nats-server/v2@latest";
                Installed::Missing(format!("{newer} (2.10 or newer; this is {version})"))
            }
            _ => found,
        }
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let port = place.address.port();
        let limits = "max_payload: 1MB\nmax_pending: 256MB\nwrite_deadline: \"60s\"\n";
        let listeners = match self {
            Nats::Tcp => format!("port: {port}\n"),
            Nats::WebSocket => {
                let own = Place::free_port()?.port();
                format!("port: {own}\nwebsocket {{ host: 127.0.0.1, port: {port}, no_tls: true }}\n")
            }
            Nats::JetStream => {
                let store = place.directory().join("jetstream");
                format!(
                    "port: {port}\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n",
                    store.display()
                )
            }
        };
        let file = place.directory().join("nats.conf");
        fs::write(&file, format!("host: 127.0.0.1\n{listeners}{limits}"))?;
        let mut command = Command::new("nats-server");
        command.arg("-c").arg(&file);
        place.launch(self.name(), command, Ready::Listening)
    }

    fn dialect(&self, _access: &Access) -> Box<dyn Dialect> {
        Box::new(Protocol { kind: *self })
    }
}

/// Whether a nats-server of this version knows `sync_interval: always`.
fn syncs_always(version: &str) -> bool {
    let mut numbers = version.trim_start_matches(|c: char| !c.is_ascii_digit()).split('.');
    let mut next = || numbers.next().and_then(|number| number.parse::<u32>().ok()).unwrap_or(0);
    (next(), next()) >= (2, 10)
}

struct Protocol {
    kind: Nats,
}

impl Dialect for Protocol {
    fn upgrade(&self) -> Option<Upgrade> {
        let upgrade = Upgrade { path: "/".to_owned(), headers: String::new(), opcode: frame::BINARY };
        (self.kind == Nats::WebSocket).then_some(upgrade)
    }

    fn framing(&self) -> Framing {
        Framing::Nats
    }

    fn channel(&self, index: usize) -> String {
        format!("room.{index}")
    }

    fn greeting(&self, connection: usize) -> Option<Vec<u8>> {
        let connect = "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true}\r\n";
        let then = match self.kind {
            Nats::Tcp | Nats::WebSocket => "PING\r\n".to_owned(),
            // Each asks for the stream: who comes after the first finds it.
            Nats::JetStream => {
                let answers = answers_to(&self.channel(connection));
                let length = STREAM.len();
                format!(
                    "SUB {answers} 2\r\nPUB $JS.API.STREAM.CREATE.ROOMS {answers} {length}\r\n{STREAM}\r\n"
                )
            }
        };
        Some([connect, &then].concat().into())
    }

    fn acknowledges(&self) -> bool {
        self.kind == Nats::JetStream
    }

    // Neither is answered, so a ping goes after it.
    fn subscribe(&self, channel: &str) -> Vec<u8> {
        format!("SUB {channel} 1\r\nPING\r\n").into()
    }

    fn unsubscribe(&self, _channel: &str) -> Vec<u8> {
        b"UNSUB 1\r\nPING\r\n".to_vec()
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        let (answers, length) = (answers_to(channel), stamp.len());
        match self.kind {
            Nats::Tcp | Nats::WebSocket => format!("PUB {channel} {length}\r\n{stamp}\r\n").into(),
            Nats::JetStream => format!("PUB {channel} {answers} {length}\r\n{stamp}\r\n").into(),
        }
    }

    fn read(&self, unit: &[u8]) -> Notice {
        match unit {
            [b'P', b'O', b'N', b'G', ..] => Notice::Done,
            [b'-', ..] => said(unit),
            [b'I', b'N', b'F', b'O', ..] | [b'+', ..] => Notice::Other,
            [b'{', ..] => answer(unit),
            _ => said(unit),
        }
    }
}

/// Where the answers to the publisher of a channel go.
fn answers_to(channel: &str) -> String {
    format!("answers.{channel}")
}

/// What JetStream answers.
#[derive(Deserialize)]
struct Answer {
    error: Option<serde_json::Value>,
    seq: Option<u64>,
}

fn answer(unit: &[u8]) -> Notice {
    match serde_json::from_slice::<Answer>(unit) {
        Ok(Answer { error: None, seq: Some(_) }) => Notice::Accepted,
        Ok(Answer { error: None, seq: None }) => Notice::Done,
        _ => said(unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let protocol = Protocol { kind: Nats::Tcp };
        assert_eq!(protocol.read(b"PONG\r\n"), Notice::Done);
        assert_eq!(protocol.read(b"INFO {}\r\n"), Notice::Other);
        assert_eq!(
            protocol.read(b"-ERR 'Slow Consumer'\r\n"),
            Notice::Error("-ERR 'Slow Consumer'".to_owned())
        );
        assert_eq!(protocol.publish("room.1", "{}"), b"PUB room.1 2\r\n{}\r\n");
        let durable = Protocol { kind: Nats::JetStream };
        let read = |body: &str| durable.read(body.as_bytes());
        assert_eq!(durable.publish("room.1", "{}"), b"PUB room.1 answers.room.1 2\r\n{}\r\n");
        assert_eq!(read(r#"{"stream":"ROOMS","seq":7}"#), Notice::Accepted);
        assert_eq!(read(r#"{"type":"io.nats.jetstream.api.v1.stream_create_response"}"#), Notice::Done);
        let refused = r#"{"type":"x","error":{"code":503,"description":"no space"}}"#;
        assert!(matches!(read(refused), Notice::Error(said) if said.contains("no space")));
    }

    #[test]
    fn only_newer_servers_sync_always() {
        assert!(syncs_always("nats-server: v2.15.2") && syncs_always("nats-server: v3.0.0"));
        assert!(!syncs_always("nats-server: v2.9.10") && !syncs_always("unknown"));
    }
}
