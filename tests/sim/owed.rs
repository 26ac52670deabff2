//! What a client can owe: what was said to it that it has not heard. Whoever is sent away as slow, or told of a gap, must have
//! owed more than the node keeps.

use corecast::base::limits::Limits;
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of an event beside what somebody says in it.
const EVENT_BYTES_MAX: usize = 450;

/// Bytes of one piece of an answer.
const ANSWER_BYTES_MAX: usize = 4_000;

/// Bytes of what is told of a member that comes or goes.
const COMING_BYTES_MAX: usize = 200;

/// Bytes of all that was said on each channel since the last quiet, from when the node was handed it.
#[derive(Default)]
pub struct Said(BTreeMap<String, usize>);

/// What others are told of a request, unless it is refused.
#[derive(Debug)]
pub struct Told {
    channel: String,
    bytes: usize,
    counted: bool,
}

impl Told {
    /// Somebody says so many bytes on a channel, or does something that is told there.
    pub fn of(channel: &str, bytes: usize) -> Self {
        Self { channel: channel.to_owned(), bytes: bytes + EVENT_BYTES_MAX, counted: false }
    }

    /// Somebody comes to a channel that tells who is there, and will go.
    pub fn of_coming(channel: &str) -> Self {
        Self { channel: channel.to_owned(), bytes: 2 * COMING_BYTES_MAX, counted: false }
    }

    /// Somebody will go from such a channel.
    pub fn of_going(channel: &str) -> Self {
        Self { channel: channel.to_owned(), bytes: COMING_BYTES_MAX, counted: false }
    }
}

impl Said {
    /// The node was handed it.
    pub fn hand_over(&mut self, told: &mut Told) {
        if !std::mem::replace(&mut told.counted, true) {
            *self.0.entry(told.channel.clone()).or_default() += told.bytes;
        }
    }

    /// It was refused, so nobody is told of it.
    pub fn take_back(&mut self, told: &Told) {
        if let Some(bytes) = self.0.get_mut(&told.channel).filter(|_| told.counted) {
            *bytes = bytes.saturating_sub(told.bytes);
        }
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

/// Whether a client that owes at most so many bytes of each of its channels, and may have answers on their way, may owe more than
/// the node keeps: of one channel in its ring, or of all that is for it alone.
pub fn may_be_too_much(limits: &Limits, of_channels: &[usize], is_answered: bool) -> bool {
    let (ring, outbox) = (limits.egress_ring_bytes_max as usize, limits.outbox_bytes_max as usize);
    // Answers take half of what is kept for it alone, and the last of them may go beyond that.
    let answers = if is_answered { outbox / 2 + ANSWER_BYTES_MAX } else { 0 };
    of_channels.iter().any(|owed| *owed > ring) || of_channels.iter().sum::<usize>() + answers > outbox
}
