//! What a client can owe: what was said to it that it has not heard. Whoever is sent away as slow, or told of a gap, must have
//! owed more than the node keeps.

use corecast::base::limits::Limits;
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of an event beside what somebody says in it.
const EVENT_BYTES_MAX: usize = 450;

/// Bytes of what is told of a member that comes or goes.
const COMING_BYTES_MAX: usize = 200;

/// Bytes of all that was said on each channel since the last quiet, as those who say it know: what is refused is among it.
#[derive(Default)]
pub struct Said(BTreeMap<String, usize>);

impl Said {
    /// Somebody says so many bytes on a channel, or does something that is told there.
    pub fn say(&mut self, channel: &str, bytes: usize) {
        *self.0.entry(channel.to_owned()).or_default() += bytes + EVENT_BYTES_MAX;
    }

    /// Somebody comes to a channel that tells who is there, and will go.
    pub fn come(&mut self, channel: &str) {
        *self.0.entry(channel.to_owned()).or_default() += 2 * COMING_BYTES_MAX;
    }

    /// All that was said on a channel.
    pub fn on(&self, channel: &str) -> usize {
        self.0.get(channel).copied().unwrap_or_default()
    }

    /// All that was said was heard by everybody who hears anything.
    pub fn settle(&mut self) {
        self.0.clear();
    }
}

/// Bytes that were counted for an event that a client is told.
pub fn counted(value: &Value) -> usize {
    let said = value["data"].as_str().or(value["data"]["content"].as_str());
    match value["type"].as_str() {
        Some("member:joined" | "member:left") => COMING_BYTES_MAX,
        _ => said.map_or(0, str::len) + EVENT_BYTES_MAX,
    }
}

/// Bytes that the node keeps for a client at least, of what it has not read of one channel and of what is for it alone.
pub fn kept(limits: &Limits) -> usize {
    limits.egress_ring_bytes_max.min(limits.outbox_bytes_max) as usize
}
