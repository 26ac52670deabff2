//! Bounds of one message.

use crate::base::limits::Limits;

/// Bounds of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageLimits {
    /// Payload bytes of all its fragments together.
    pub message_bytes_max: usize,
    /// Its fragments; an unfragmented message is one and always passes.
    pub fragments_max: u32,
    /// Whether the client may send compressed messages, as was agreed on.
    pub compressed: bool,
}

impl From<&Limits> for MessageLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            message_bytes_max: limits.message_bytes_max as usize,
            fragments_max: limits.fragments_per_message_max,
            compressed: false,
        }
    }
}
