//! Redis' publish/subscribe, in RESP3: there a connection that subscribed may still publish.

use super::{Access, Dialect, Installed, Notice, Target, Upgrade, said, version};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use crate::wire::Framing;
use std::process::Command;

/// redis-server.
pub struct Redis;

impl Target for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn installed(&self) -> Installed {
        version("redis-server", &["--version"], "apt-get install redis-server")
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let port = place.address.port().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--maxclients", "100000", "--client-output-buffer-limit", "pubsub 256mb 256mb 60"]);
        command.arg("--dir").arg(place.directory());
        place.launch("redis", command, Ready::Listening)
    }

    fn dialect(&self, _access: &Access) -> Box<dyn Dialect> {
        Box::new(Resp3)
    }
}

struct Resp3;

/// A command as an array of bulk strings.
fn command(words: &[&str]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len());
    for word in words {
        out += &format!("${}\r\n{word}\r\n", word.len());
    }
    out.into_bytes()
}

impl Dialect for Resp3 {
    fn upgrade(&self) -> Option<Upgrade> {
        None
    }

    fn framing(&self) -> Framing {
        Framing::Resp
    }

    fn greeting(&self, _connection: usize) -> Option<Vec<u8>> {
        Some(command(&["HELLO", "3"]))
    }

    fn subscribe(&self, channel: &str) -> Vec<u8> {
        command(&["SUBSCRIBE", channel])
    }

    fn unsubscribe(&self, channel: &str) -> Vec<u8> {
        command(&["UNSUBSCRIBE", channel])
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        command(&["PUBLISH", channel, stamp])
    }

    fn read(&self, unit: &[u8]) -> Notice {
        match unit.first() {
            // The answer to a publish: how many got it.
            Some(b':') => Notice::Other,
            // A map answers HELLO; a push without a stamp answers one of the other two.
            Some(b'%' | b'>') => Notice::Done,
            _ => said(unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_answers() {
        assert_eq!(command(&["PUBLISH", "a", "{}"]), b"*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$2\r\n{}\r\n");
        assert_eq!(Resp3.read(b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"), Notice::Done);
        assert_eq!(Resp3.read(b":12\r\n"), Notice::Other);
        assert!(matches!(Resp3.read(b"-ERR unknown\r\n"), Notice::Error(_)));
    }
}
