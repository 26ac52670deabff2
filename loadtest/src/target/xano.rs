//! Corecast through its Xano dialect: the same server, with a workspace whose channels anybody may join and write to.

use super::corecast::{key_of, program};
use super::{Access, Dialect, Installed, Notice, Options, Target, Upgrade, said, version};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server, request};
use crate::wire::{Framing, frame};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const HASH: &str = "loadtest-workspace";
/// `room` and everything below it; a hundred messages are kept, as RetroChat's channels keep some too.
const DEFINITION: &str = "realtime_channel room {
  public_messaging = {active: true, auth: false}
  settings = {
    anonymous_clients: true
    nested_channels: true
    message_history: 100
    auth_channel: false
    presence: false
  }
}";

/// The program.
pub struct Xano {
    program: PathBuf,
    arguments: Vec<String>,
}

impl Xano {
    /// The same program as the target `corecast`.
    pub fn new(options: &Options) -> Xano {
        Xano { program: program(options), arguments: options.server_args.clone() }
    }
}

impl Target for Xano {
    fn name(&self) -> &'static str {
        "corecast-xano"
    }

    fn installed(&self) -> Installed {
        version(&self.program.to_string_lossy(), &["--version"], "cargo build --release")
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let file = place.directory().join("corecast.toml");
        let data = place.directory().join("state");
        let (address, directory) = (place.address, data.display());
        let text = format!(
            "listen = [\"{address}\"]\ndata_dir = \"{directory}\"\ncores = 1\n\n\
             [[xano.workspace]]\nid = 1\nhash = \"{HASH}\"\n"
        );
        fs::write(&file, text)?;
        let mut command = Command::new(&self.program);
        command.arg("serve").arg("--config").arg(&file).args(&self.arguments);
        let mut server = place.launch("corecast-xano", command, Ready::Healthy)?;
        let key = key_of(&data)?;
        let define = call(&key, "POST /workspace/1/realtime/channel", "text/x-xanoscript", DEFINITION);
        request(address, &define).map_err(|why| format!("corecast-xano: no channel: {why}"))?;
        server.access.key = Some(key);
        server.configuration += &format!("\nchannel:\n{DEFINITION}");
        Ok(server)
    }

    fn dialect(&self, access: &Access) -> Box<dyn Dialect> {
        let path = access.path.clone().unwrap_or(format!("/rt/{HASH}"));
        Box::new(Protocol { path, key: access.key.clone().unwrap_or_default() })
    }
}

/// An HTTP request with an API key.
fn call(key: &str, first: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{first} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

struct Protocol {
    path: String,
    key: String,
}

impl Dialect for Protocol {
    fn upgrade(&self) -> Option<Upgrade> {
        Some(Upgrade { path: self.path.clone(), headers: String::new(), opcode: frame::TEXT })
    }

    fn framing(&self) -> Framing {
        Framing::WebSocket
    }

    fn channel(&self, index: usize) -> String {
        format!("room/{index}")
    }

    fn publishers_join(&self) -> bool {
        true
    }

    fn subscribe(&self, channel: &str) -> Vec<u8> {
        let payload = r#"{"history":false,"presence":false}"#;
        format!(r#"{{"action":"join","options":{{"channel":"{channel}"}},"payload":{payload}}}"#).into()
    }

    fn unsubscribe(&self, channel: &str) -> Vec<u8> {
        format!(r#"{{"action":"leave","options":{{"channel":"{channel}"}},"payload":null}}"#).into()
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        format!(r#"{{"action":"message","options":{{"channel":"{channel}"}},"payload":{stamp}}}"#).into()
    }

    fn read(&self, unit: &[u8]) -> Notice {
        let begins = |action: &str| unit.starts_with(format!(r#"{{"action":"{action}""#).as_bytes());
        if begins("join") || begins("leave") {
            Notice::Done
        } else if begins("error") || !unit.starts_with(b"{") {
            said(unit)
        } else {
            Notice::Other
        }
    }

    fn management(&self) -> Vec<Vec<u8>> {
        let event = r#"{"channel":"room/management","data":{"text":"Good morning"}}"#;
        let json = "application/json";
        vec![
            call(&self.key, "GET /workspace/1/realtime/channel?per_page=10", json, ""),
            call(&self.key, "POST /workspace/1/realtime/event", json, event),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart() {
        let protocol = Protocol { path: "/rt/x".into(), key: "k".into() };
        let read = |text: &str| protocol.read(text.as_bytes());
        assert_eq!(read(r#"{"action":"join","client":{},"options":{"channel":"room/0"}}"#), Notice::Done);
        assert_eq!(read(r#"{"action":"leave","client":{},"payload":null}"#), Notice::Done);
        assert_eq!(read(r#"{"action":"presence_update","payload":{"action":"join"}}"#), Notice::Other);
        assert!(matches!(read(r#"{"action":"error","payload":{"message":"no"}}"#), Notice::Error(_)));
        assert!(matches!(read("x"), Notice::Error(_)));
    }
}
