//! nats-server: its text protocol, on plain TCP or inside WebSocket messages.

use super::{Access, Dialect, Installed, Notice, Target, Upgrade, said, version};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use crate::wire::{Framing, frame};
use std::fs;
use std::process::Command;

/// nats-server.
pub struct Nats {
    /// Through its WebSocket listener.
    pub websocket: bool,
}

impl Target for Nats {
    fn name(&self) -> &'static str {
        if self.websocket { "nats-ws" } else { "nats" }
    }

    fn installed(&self) -> Installed {
        version("nats-server", &["--version"], "apt-get install nats-server")
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let port = place.address.port();
        let limits = "max_payload: 1MB\nmax_pending: 256MB\nwrite_deadline: \"60s\"\n";
        let listeners = if self.websocket {
            let own = Place::free_port()?.port();
            format!("port: {own}\nwebsocket {{ host: 127.0.0.1, port: {port}, no_tls: true }}\n")
        } else {
            format!("port: {port}\n")
        };
        let file = place.directory().join("nats.conf");
        fs::write(&file, format!("host: 127.0.0.1\n{listeners}{limits}"))?;
        let mut command = Command::new("nats-server");
        command.arg("-c").arg(&file);
        place.launch(self.name(), command, Ready::Listening)
    }

    fn dialect(&self, _access: &Access) -> Box<dyn Dialect> {
        Box::new(Protocol { websocket: self.websocket })
    }
}

struct Protocol {
    websocket: bool,
}

impl Dialect for Protocol {
    fn upgrade(&self) -> Option<Upgrade> {
        let upgrade = Upgrade { path: "/".to_owned(), headers: String::new(), opcode: frame::BINARY };
        self.websocket.then_some(upgrade)
    }

    fn framing(&self) -> Framing {
        Framing::Nats
    }

    fn channel(&self, index: usize) -> String {
        format!("room.{index}")
    }

    fn greeting(&self, _connection: usize) -> Option<Vec<u8>> {
        Some(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true}\r\nPING\r\n".to_vec())
    }

    // Neither is answered, so a ping goes after it.
    fn subscribe(&self, channel: &str) -> Vec<u8> {
        format!("SUB {channel} 1\r\nPING\r\n").into()
    }

    fn unsubscribe(&self, _channel: &str) -> Vec<u8> {
        b"UNSUB 1\r\nPING\r\n".to_vec()
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        format!("PUB {channel} {}\r\n{stamp}\r\n", stamp.len()).into()
    }

    fn read(&self, unit: &[u8]) -> Notice {
        match unit {
            [b'P', b'O', b'N', b'G', ..] => Notice::Done,
            [b'-', ..] => said(unit),
            [b'I', b'N', b'F', b'O', ..] | [b'+', ..] => Notice::Other,
            _ => said(unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let protocol = Protocol { websocket: false };
        assert_eq!(protocol.read(b"PONG\r\n"), Notice::Done);
        assert_eq!(protocol.read(b"INFO {}\r\n"), Notice::Other);
        assert_eq!(
            protocol.read(b"-ERR 'Slow Consumer'\r\n"),
            Notice::Error("-ERR 'Slow Consumer'".to_owned())
        );
        assert_eq!(protocol.publish("room.1", "{}"), b"PUB room.1 2\r\n{}\r\n");
    }
}
