//! Close codes (RFC 6455 section 7.4.1 and the IANA registry of close codes).

/// The purpose is fulfilled.
pub const NORMAL: u16 = 1000;
/// The server goes down, or the page is left.
pub const GOING_AWAY: u16 = 1001;
/// The peer broke the protocol.
pub const PROTOCOL_ERROR: u16 = 1002;
/// A kind of message that is not accepted.
pub const UNSUPPORTED_DATA: u16 = 1003;
/// A message whose bytes do not fit its type: text that is not UTF-8.
pub const INVALID_PAYLOAD: u16 = 1007;
/// A message that breaks the server's rules.
pub const POLICY_VIOLATION: u16 = 1008;
/// A message over the limit.
pub const MESSAGE_TOO_BIG: u16 = 1009;
/// Something unforeseen at the server.
pub const INTERNAL_ERROR: u16 = 1011;
/// The server restarts; come back after a while.
pub const SERVICE_RESTART: u16 = 1012;
/// The server is overloaded; come back later.
pub const TRY_AGAIN_LATER: u16 = 1013;

/// Nothing was heard of the peer for too long. One of the codes that the registry leaves to applications.
pub const IDLE: u16 = 4000;

/// Whether a close frame may carry this code. 1004 is undefined, 1005, 1006 and 1015 stand for what was never on the
/// wire, and what is below 3000 and not registered is reserved.
pub fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tungstenite::protocol::frame::coding::CloseCode;

    #[test]
    fn the_allowed_codes_are_those_of_the_registry() {
        for code in 0..=u16::MAX {
            // The other implementation has no name for 1014 (bad gateway).
            let other = code == 1014 || CloseCode::from(code).is_allowed();
            assert_eq!(may_be_sent(code), other, "{code}");
        }
    }
}
