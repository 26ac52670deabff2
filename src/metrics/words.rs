//! The words of labels: why a connection ended, what kind of fault it was.

use crate::model::fault::FaultCode;

/// Why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// The peer closed it or asked for it.
    Peer,
    /// The socket broke.
    Reset,
    /// It broke the rules of HTTP or WebSocket.
    Protocol,
    /// It took too long: a head, a body, a pong, an idle keep-alive.
    Timeout,
    /// It did not read what it was owed.
    Slow,
    /// It went past a limit.
    Limit,
    /// Its credentials do not hold, or hold no longer.
    Unauthenticated,
    /// An HTTP exchange that does not keep the connection was finished.
    Finished,
    /// The node goes away.
    Drain,
    /// A channel that it heard is over for it.
    Ended,
    /// An operator closed it.
    Removed,
}

/// Every reason, in the order of their numbers.
pub const CLOSE_REASONS: [(CloseReason, &str); 11] = [
    (CloseReason::Peer, "peer"),
    (CloseReason::Reset, "reset"),
    (CloseReason::Protocol, "protocol"),
    (CloseReason::Timeout, "timeout"),
    (CloseReason::Slow, "slow"),
    (CloseReason::Limit, "limit"),
    (CloseReason::Unauthenticated, "unauthenticated"),
    (CloseReason::Finished, "finished"),
    (CloseReason::Drain, "drain"),
    (CloseReason::Ended, "ended"),
    (CloseReason::Removed, "removed"),
];

/// Every code, in the order of their numbers.
pub const FAULT_CODES: [(FaultCode, &str); 26] = [
    (FaultCode::InvalidSyntax, "invalid_syntax"),
    (FaultCode::UnknownType, "unknown_type"),
    (FaultCode::InvalidChannel, "invalid_channel"),
    (FaultCode::InvalidEvent, "invalid_event"),
    (FaultCode::InvalidRequest, "invalid_request"),
    (FaultCode::MissingField, "missing_field"),
    (FaultCode::Unauthenticated, "unauthenticated"),
    (FaultCode::NoCredentials, "no_credentials"),
    (FaultCode::WrongPassword, "wrong_password"),
    (FaultCode::Forbidden, "forbidden"),
    (FaultCode::GuestsRefused, "guests_refused"),
    (FaultCode::MessagingOff, "messaging_off"),
    (FaultCode::GuestsMuted, "guests_muted"),
    (FaultCode::NotSubscribed, "not_subscribed"),
    (FaultCode::NoSuchMember, "no_such_member"),
    (FaultCode::NoSuchChannel, "no_such_channel"),
    (FaultCode::ChannelDeleted, "channel_deleted"),
    (FaultCode::NameTaken, "name_taken"),
    (FaultCode::NotFound, "not_found"),
    (FaultCode::MethodNotAllowed, "method_not_allowed"),
    (FaultCode::Conflict, "conflict"),
    (FaultCode::TooLarge, "too_large"),
    (FaultCode::RateLimited, "rate_limited"),
    (FaultCode::LimitExceeded, "limit_exceeded"),
    (FaultCode::Overloaded, "overloaded"),
    (FaultCode::Unavailable, "unavailable"),
];

/// What the memory is counted of that clients make a core take: histories with their channels, rings of publications that were
/// not read, input that is not whole.
pub const MEMORY_KINDS: [&str; 3] = ["histories", "rings", "input"];

/// Every class of HTTP status, `1xx` first.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

// A table out of order would count one word under another's name.
const _: () = {
    let mut index = 0;
    while index < CLOSE_REASONS.len() {
        assert!(CLOSE_REASONS[index].0 as usize == index);
        index += 1;
    }
    let mut index = 0;
    while index < FAULT_CODES.len() {
        assert!(FAULT_CODES[index].0 as usize == index);
        index += 1;
    }
    // The last variants: a new one after them must come into the tables too.
    assert!(CloseReason::Removed as usize + 1 == CLOSE_REASONS.len());
    assert!(FaultCode::Unavailable as usize + 1 == FAULT_CODES.len());
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that the page lists for a metric, after its name and its label.
    fn listed(metric: &str) -> Vec<&'static str> {
        let page = include_str!("../../docs/protocol/node.md");
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{metric}` |")))
            .expect("a row of the page");
        row.split('`').skip(1).step_by(2).skip(2).collect()
    }

    #[test]
    fn the_page_lists_every_word() {
        assert_eq!(listed("corecast_connections_closed_total"), CLOSE_REASONS.map(|(_, word)| word));
        assert_eq!(listed("corecast_faults_total"), FAULT_CODES.map(|(_, word)| word));
    }
}
