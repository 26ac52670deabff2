//! Corecast through its RetroChat dialect.

use super::{Access, Dialect, Installed, Notice, Options, Target, Upgrade, said, version};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use crate::wire::{Framing, frame};
use serde::Deserialize;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program.
pub struct Corecast {
    program: PathBuf,
    arguments: Vec<String>,
    /// A message is on disk before anybody is told of it.
    commit: bool,
}

impl Corecast {
    /// The program that [`program`] finds.
    pub fn new(options: &Options, commit: bool) -> Corecast {
        Corecast { program: program(options), arguments: options.server_args.clone(), commit }
    }
}

/// The program of the command line, else the one beside this program, else the one on PATH.
pub fn program(options: &Options) -> PathBuf {
    let beside = || std::env::current_exe().ok()?.parent().map(|folder| folder.join("corecast"));
    let program = options.server.clone().or_else(|| beside().filter(|path| path.is_file()));
    program.unwrap_or("corecast".into())
}

/// The API key that the server made in its data directory.
pub fn key_of(data: &Path) -> Result<String, Failure> {
    let key = std::fs::read_to_string(data.join("api_key"));
    let key = key.map_err(|error| format!("corecast: no api_key in its data directory: {error}"))?;
    Ok(key.trim().to_owned())
}

impl Target for Corecast {
    fn name(&self) -> &'static str {
        if self.commit { "corecast-commit" } else { "corecast" }
    }

    fn installed(&self) -> Installed {
        version(&self.program.to_string_lossy(), &["--version"], "cargo build --release")
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let durability = if self.commit { "commit" } else { "relaxed" };
        let durability = format!("namespaces.room.history_durability={durability}");
        let arguments = [&["--set".to_owned(), durability][..], &self.arguments].concat();
        start(&self.program, &arguments, place)
    }

    fn dialect(&self, access: &Access) -> Box<dyn Dialect> {
        let path = access.path.clone().unwrap_or("/v1/realtime".to_owned());
        Box::new(RetroChat { key: access.key.clone().unwrap_or_default(), path })
    }
}

/// Starts the server with one core and a data directory of its own, and takes the key that it made.
fn start(program: &Path, arguments: &[String], place: &Place) -> Result<Server, Failure> {
    let data = place.directory().join("state");
    let mut command = Command::new(program);
    command.arg("serve").args(["--set", &format!("listen={}", place.address)]);
    command.args(["--set", &format!("data_dir={}", data.display()), "--set", "cores=1"]).args(arguments);
    let mut server = place.launch("corecast", command, Ready::Healthy)?;
    server.access.key = Some(key_of(&data)?);
    Ok(server)
}

/// The RetroChat dialect on `/v1/realtime`.
struct RetroChat {
    key: String,
    path: String,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    gap: bool,
}

impl Dialect for RetroChat {
    fn upgrade(&self) -> Option<Upgrade> {
        let headers = match self.key.as_str() {
            "" => String::new(),
            key => format!("Authorization: Bearer {key}\r\n"),
        };
        Some(Upgrade { path: self.path.clone(), headers, opcode: frame::TEXT })
    }

    fn framing(&self) -> Framing {
        Framing::WebSocket
    }

    fn acknowledges(&self) -> bool {
        true
    }

    fn subscribe(&self, channel: &str) -> Vec<u8> {
        format!(r#"{{"type":"subscribe","channel":"{channel}","event":"message"}}"#).into()
    }

    fn unsubscribe(&self, channel: &str) -> Vec<u8> {
        format!(r#"{{"type":"unsubscribe","channel":"{channel}"}}"#).into()
    }

    fn recover(&self, channel: &str, last: &[u8]) -> Option<Vec<u8>> {
        // The position is written last, after data that cannot hold these keys.
        let number = |key: &[u8]| {
            let at = last.windows(key.len()).rposition(|window| window == key)? + key.len();
            let digits = last[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            std::str::from_utf8(&last[at..at + digits]).ok()?.parse::<u64>().ok()
        };
        let (epoch, offset) = (number(b"\"epoch\":")?, number(b"\"offset\":")?);
        let position = format!(r#"{{"epoch":{epoch},"offset":{offset}}}"#);
        Some(format!(r#"{{"type":"subscribe","channel":"{channel}","recover":{position}}}"#).into())
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        format!(r#"{{"type":"publish","channel":"{channel}","data":{stamp}}}"#).into()
    }

    fn read(&self, unit: &[u8]) -> Notice {
        // By far the most frequent, and not worth a JSON parser.
        if unit.starts_with(br#"{"type":"published""#) {
            return Notice::Accepted;
        }
        match serde_json::from_slice::<Answer>(unit) {
            Ok(answer) => match &*answer.kind {
                "subscribed" if answer.gap => Notice::DoneWithGap,
                "subscribed" | "unsubscribed" => Notice::Done,
                "error" => said(unit),
                _ => Notice::Other,
            },
            Err(_) => said(unit),
        }
    }

    fn management(&self) -> Vec<Vec<u8>> {
        let request = |first: &str, body: &str| {
            let (key, length) = (&self.key, body.len());
            format!(
                "{first} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .into_bytes()
        };
        vec![
            request("GET /v1/users/me", ""),
            request("POST /v1/messages", r#"{"room_id":"management","content":"Good morning"}"#),
            request("GET /v1/messages?room_id=management&limit=10", ""),
            request("GET /v1/rooms", ""),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect() -> RetroChat {
        RetroChat { key: "k".to_owned(), path: "/v1/realtime".to_owned() }
    }

    #[test]
    fn answers_are_told_apart() {
        let read = |text: &str| dialect().read(text.as_bytes());
        assert_eq!(read(r#"{"type":"subscribed","channel":"room:0","event":"message"}"#), Notice::Done);
        assert_eq!(read(r#"{"type":"subscribed","channel":"room:0","gap":true}"#), Notice::DoneWithGap);
        assert_eq!(read(r#"{"type":"published","channel":"room:0","epoch":1,"offset":1}"#), Notice::Accepted);
        assert_eq!(read(r#"{"type":"pong"}"#), Notice::Other);
        assert!(matches!(read(r#"{"type":"error","code":"RATE_LIMITED"}"#), Notice::Error(_)));
        assert!(matches!(read("{"), Notice::Error(_)));
    }

    #[test]
    fn recovery_goes_on_after_the_last_position() {
        let last = br#"{"type":"publication","channel":"room:1","data":{"offset":9},"epoch":7,"offset":43}"#;
        let request = dialect().recover("room:1", last).unwrap();
        let request: serde_json::Value = serde_json::from_slice(&request).unwrap();
        assert_eq!(request["recover"], serde_json::json!({"epoch": 7, "offset": 43}));
        assert_eq!(dialect().recover("room:1", b"{}"), None);
    }
}
