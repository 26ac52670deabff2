//! What is loaded. A target says how its messages are spelled; the engine does the rest and never asks the
//! target anything for a message that carries a stamp.
//!
//! A new target is a file here and a line in [`by_name`]. Targets that do not speak WebSocket will need a
//! `framing` beside these methods; nothing else in the engine assumes it.

mod corecast;
mod reference;

pub use corecast::Corecast;
pub use reference::{Echo, Limit, imitation};

/// What a message without a stamp means to the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The subscription stands.
    Subscribed,
    /// A publish was taken.
    Published,
    /// Something went wrong, in the server's own words.
    Error(String),
    /// Nothing of interest.
    Other,
}

/// A kind of server.
pub trait Target {
    /// Its name in reports.
    fn name(&self) -> &'static str;
    /// Header lines of the upgrade request beyond those of RFC 6455, each ended by CRLF.
    fn headers(&self) -> String;
    /// The name of channel number `index`.
    fn channel(&self, index: usize) -> String;
    /// The message that subscribes; none if being connected is being subscribed.
    fn subscribe(&self, channel: &str) -> Option<String>;
    /// The message that publishes `stamp` (JSON), which stands in it unchanged.
    fn publish(&self, channel: &str, stamp: &str) -> String;
    /// The meaning of a message that carries no stamp.
    fn read(&self, message: &[u8]) -> Notice;
}

/// The targets that `run` knows.
pub const NAMES: [&str; 3] = ["corecast", "echo", "limit"];

/// A target. `frame_bytes` is the length of the frames that the references imitate.
pub fn by_name(name: &str, key: Option<&str>, frame_bytes: usize) -> Option<Box<dyn Target>> {
    Some(match name {
        "corecast" => Box::new(Corecast { key: key.map(str::to_owned) }),
        "echo" => Box::new(Echo { frame_bytes }),
        "limit" => Box::new(Limit),
        _ => return None,
    })
}
