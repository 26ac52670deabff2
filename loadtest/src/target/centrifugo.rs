//! Centrifugo through its JSON WebSocket protocol. Several replies may stand in one message, a line each.

use super::{Access, Dialect, Installed, Notice, Target, Upgrade, said, version};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use crate::wire::{Framing, frame};
use std::fs;
use std::process::Command;

const INSTALL: &str = "put the centrifugo program (version 5) of its release page on PATH";
/// History, so that clients recover; publishing by clients; no token needed.
const CONFIGURATION: &str = r#"{
  "client_insecure": true,
  "allow_publish_for_client": true,
  "allow_subscribe_for_client": true,
  "client_channel_limit": 1000,
  "client_queue_max_size": 268435456,
  "history_size": 4096,
  "history_ttl": "300s",
  "force_recovery": true,
  "api_insecure": true,
  "log_level": "error"
}"#;

/// Centrifugo.
pub struct Centrifugo;

impl Target for Centrifugo {
    fn name(&self) -> &'static str {
        "centrifugo"
    }

    fn installed(&self) -> Installed {
        version("centrifugo", &["version"], INSTALL)
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let file = place.directory().join("centrifugo.json");
        fs::write(&file, CONFIGURATION)?;
        let mut command = Command::new("centrifugo");
        command.arg("--config").arg(&file).args(["--address", "127.0.0.1"]);
        command.args(["--port", &place.address.port().to_string()]);
        place.launch("centrifugo", command, Ready::Listening)
    }

    fn dialect(&self, _access: &Access) -> Box<dyn Dialect> {
        Box::new(Json)
    }
}

struct Json;

impl Dialect for Json {
    fn upgrade(&self) -> Option<Upgrade> {
        let path = "/connection/websocket".to_owned();
        Some(Upgrade { path, headers: String::new(), opcode: frame::TEXT })
    }

    fn framing(&self) -> Framing {
        Framing::JsonLines
    }

    fn greeting(&self, _connection: usize) -> Option<Vec<u8>> {
        Some(br#"{"id":1,"connect":{}}"#.to_vec())
    }

    fn channel(&self, index: usize) -> String {
        format!("room{index}")
    }

    fn subscribe(&self, channel: &str) -> Vec<u8> {
        format!(r#"{{"id":2,"subscribe":{{"channel":"{channel}"}}}}"#).into()
    }

    fn unsubscribe(&self, channel: &str) -> Vec<u8> {
        format!(r#"{{"id":3,"unsubscribe":{{"channel":"{channel}"}}}}"#).into()
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        format!(r#"{{"id":4,"publish":{{"channel":"{channel}","data":{stamp}}}}}"#).into()
    }

    fn read(&self, unit: &[u8]) -> Notice {
        if unit.starts_with(br#"{"id":4,"publish""#) {
            return Notice::Other;
        }
        let Ok(reply) = serde_json::from_slice::<serde_json::Value>(unit) else { return said(unit) };
        if reply.get("error").is_some() {
            return said(unit);
        }
        let done = ["connect", "subscribe", "unsubscribe"].iter().any(|name| reply.get(name).is_some());
        if done { Notice::Done } else { Notice::Other }
    }

    fn management(&self) -> Vec<Vec<u8>> {
        let body = r#"{"channel":"management","data":{"text":"Good morning"}}"#;
        let length = body.len();
        let head = "POST /api/publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        vec![format!("{head}Content-Length: {length}\r\n\r\n{body}").into_bytes()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_apart() {
        let read = |text: &str| Json.read(text.as_bytes());
        assert_eq!(read("{\"id\":1,\"connect\":{\"client\":\"x\",\"ping\":25}}\n"), Notice::Done);
        assert_eq!(read(r#"{"id":2,"subscribe":{}}"#), Notice::Done);
        assert_eq!(read(r#"{"id":4,"publish":{}}"#), Notice::Other);
        assert!(matches!(read(r#"{"id":4,"error":{"code":103}}"#), Notice::Error(_)));
        assert!(matches!(read("x"), Notice::Error(_)));
    }
}
