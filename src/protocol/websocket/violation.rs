//! What a client did wrong.

use super::close_code;

/// Why a connection is failed (RFC 6455 section 7.1.7): it is told in a close frame, then closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The close code.
    pub close_code: u16,
    /// The reason, short enough for a close frame.
    pub reason: &'static str,
}

impl Violation {
    /// 1002: the framing is wrong.
    pub const fn protocol(reason: &'static str) -> Self {
        Self { close_code: close_code::PROTOCOL_ERROR, reason }
    }

    /// 1007: text or a close reason is not UTF-8.
    pub const INVALID_UTF8: Self =
        Self { close_code: close_code::INVALID_PAYLOAD, reason: "text must be valid UTF-8" };

    /// 1007: a compressed message is not DEFLATE.
    pub const NOT_DEFLATE: Self =
        Self { close_code: close_code::INVALID_PAYLOAD, reason: "the compressed data is not valid" };

    /// 1009: a message is over the limit.
    pub const MESSAGE_TOO_BIG: Self = Self {
        close_code: close_code::MESSAGE_TOO_BIG,
        reason: "the message is larger than this server accepts",
    };

    /// 1008: a message is in more fragments than the limit.
    pub const TOO_MANY_FRAGMENTS: Self = Self {
        close_code: close_code::POLICY_VIOLATION,
        reason: "the message is in more fragments than this server accepts",
    };
}
