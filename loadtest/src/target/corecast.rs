//! Corecast through its RetroChat dialect.

use super::{Notice, Target};
use serde::Deserialize;
use std::borrow::Cow;

/// The RetroChat dialect on `/v1/realtime`.
pub struct Corecast {
    /// The API key or token, sent as a bearer.
    pub key: Option<String>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

impl Target for Corecast {
    fn name(&self) -> &'static str {
        "corecast"
    }

    fn headers(&self) -> String {
        self.key.as_ref().map_or_else(String::new, |key| format!("Authorization: Bearer {key}\r\n"))
    }

    fn channel(&self, index: usize) -> String {
        format!("room:{index}")
    }

    fn subscribe(&self, channel: &str) -> Option<String> {
        Some(format!(r#"{{"type":"subscribe","channel":"{channel}","event":"message"}}"#))
    }

    fn publish(&self, channel: &str, stamp: &str) -> String {
        format!(r#"{{"type":"publish","channel":"{channel}","data":{stamp}}}"#)
    }

    fn read(&self, message: &[u8]) -> Notice {
        match serde_json::from_slice::<Message>(message).as_ref().map(|message| &*message.kind) {
            Ok("subscribed") => Notice::Subscribed,
            Ok("published") => Notice::Published,
            Ok("error") | Err(_) => Notice::Error(String::from_utf8_lossy(message).into_owned()),
            Ok(_) => Notice::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_apart() {
        let target = Corecast { key: None };
        assert_eq!(target.read(br#"{"type":"subscribed","channel":"room:0"}"#), Notice::Subscribed);
        assert_eq!(target.read(br#"{"channel":"room:0","type":"published","offset":1}"#), Notice::Published);
        assert_eq!(target.read(br#"{"type":"pong"}"#), Notice::Other);
        assert!(matches!(target.read(br#"{"type":"error","code":"RATE_LIMITED"}"#), Notice::Error(_)));
        assert!(matches!(target.read(b"{"), Notice::Error(_)));
    }
}
