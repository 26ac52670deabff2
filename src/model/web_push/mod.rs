//! Web Push (RFC 8030): messages for browsers that need not be connected, handed to the push service that each of them
//! trusts. A [`PushSubscription`] is one browser's leave to be sent messages; a [`PushMessage`] is what is sent, encrypted
//! for each; a delivery is one message for one subscription.

mod end;
mod endpoint;
mod keys;
#[cfg(test)]
pub mod testing;

pub use end::{PUSH_ENDS, PushEnd};
pub use endpoint::Endpoint;
pub use keys::PushKeys;

use std::sync::Arc;

/// Bytes of a message before it is encrypted: a service takes 4096 bytes of ciphertext (RFC 8291 section 4), of which the
/// header and the tag take some.
pub const PAYLOAD_BYTES_MAX: usize = 3_072;

/// One browser of a user, as it can be sent messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushSubscription {
    /// Whose browser.
    pub user: Arc<str>,
    /// Where its messages are handed over.
    pub endpoint: Endpoint,
    /// What they are encrypted with.
    pub keys: PushKeys,
}

/// How soon a message is wanted, which a device weighs against its battery (RFC 8030 section 5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Urgency {
    /// When there is power and a cheap network.
    VeryLow,
    /// When there is power or a cheap network.
    Low,
    /// Unless the battery is low.
    #[default]
    Normal,
    /// Always.
    High,
}

impl Urgency {
    /// All of them; the index of each is its stored form.
    pub const ALL: [Self; 4] = [Self::VeryLow, Self::Low, Self::Normal, Self::High];

    /// Its word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::VeryLow => "very-low",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// What is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushMessage {
    /// What the browser's program gets, at most [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: Box<[u8]>,
    /// How soon it is wanted.
    pub urgency: Urgency,
    /// A message that a device has not seen is replaced by a later one of the same key (the Topic of RFC 8030).
    pub collapse_key: Option<Box<str>>,
    /// Seconds for which it is worth sending.
    pub ttl_s: u32,
    /// When it was taken in, milliseconds since 1970.
    pub accepted_ms: u64,
}

impl PushMessage {
    /// Seconds for which it is still worth sending; `None` when it is not.
    pub fn ttl_left_s(&self, unix_ms: u64) -> Option<u32> {
        let age_s = unix_ms.saturating_sub(self.accepted_ms) / 1_000;
        u64::from(self.ttl_s).checked_sub(age_s).map(|left_s| left_s as u32)
    }
}

/// Who is sent a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PushAudience {
    /// These users, each once, whether they have subscriptions or not.
    Users(Arc<[Arc<str>]>),
    /// Everybody who has a subscription.
    Everybody,
}

/// One message to be handed to one push service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushDelivery {
    /// For whom.
    pub subscription: Arc<PushSubscription>,
    /// What.
    pub message: Arc<PushMessage>,
    /// Seconds for which the service keeps it.
    pub ttl_s: u32,
}

/// What came of calling somebody outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Called {
    /// There was an answer.
    Answered {
        /// Its HTTP status.
        status: u16,
        /// Seconds that it asks to wait before the next call.
        retry_after_s: Option<u32>,
    },
    /// There was none: no name, no connection, no certificate that holds, or not in time.
    Unanswered,
    /// The name leads to an address that strangers may not have this node call, so it was not called.
    Forbidden,
}
