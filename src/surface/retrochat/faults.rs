//! Faults in the two shapes of this surface: an HTTP response and a socket's `error` message.

use super::envelope;
use crate::model::fault::{Fault, FaultCode};
use crate::protocol::http::Response;

/// A fault as an HTTP response.
pub fn encode_http(fault: &Fault) -> Response {
    let (status, code) = http(fault.code);
    envelope::fault(status, code, &fault.message)
}

/// The reply is of another kind than the endpoint's command has: a mistake in this program, not the client's.
pub fn mismatch() -> Response {
    envelope::fault(500, "INTERNAL", "The broker gave an answer of the wrong kind; please report this.")
}

/// Status and code word of a REST error.
pub fn http(code: FaultCode) -> (u16, &'static str) {
    match code {
        FaultCode::InvalidSyntax => (400, "INVALID_JSON"),
        FaultCode::InvalidChannel => (400, "INVALID_CHANNEL"),
        FaultCode::UnknownType
        | FaultCode::InvalidEvent
        | FaultCode::InvalidRequest
        | FaultCode::MissingField => (400, "INVALID_REQUEST"),
        FaultCode::Unauthenticated | FaultCode::NoCredentials | FaultCode::WrongPassword => {
            (401, "AUTH_ERROR")
        }
        FaultCode::Forbidden
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => (403, "FORBIDDEN"),
        FaultCode::NotFound
        | FaultCode::NoSuchMember
        | FaultCode::NoSuchChannel
        | FaultCode::ChannelDeleted => (404, "NOT_FOUND"),
        FaultCode::MethodNotAllowed => (405, "METHOD_NOT_ALLOWED"),
        FaultCode::Conflict | FaultCode::NameTaken => (409, "CONFLICT"),
        FaultCode::TooLarge => (413, "TOO_LARGE"),
        FaultCode::RateLimited => (429, "RATE_LIMITED"),
        FaultCode::LimitExceeded => (503, "LIMIT_EXCEEDED"),
        FaultCode::Overloaded => (503, "OVERLOADED"),
        FaultCode::Unavailable => (503, "UNAVAILABLE"),
    }
}

/// Code word of a socket's `error` message.
pub fn socket(code: FaultCode) -> &'static str {
    match code {
        FaultCode::InvalidSyntax => "INVALID_JSON",
        FaultCode::UnknownType => "UNKNOWN_TYPE",
        FaultCode::InvalidChannel => "INVALID_CHANNEL",
        FaultCode::InvalidEvent => "INVALID_EVENT",
        FaultCode::InvalidRequest | FaultCode::MissingField | FaultCode::MethodNotAllowed => {
            "INVALID_REQUEST"
        }
        FaultCode::Unauthenticated | FaultCode::NoCredentials | FaultCode::WrongPassword => "AUTH_ERROR",
        FaultCode::Forbidden
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => "FORBIDDEN",
        FaultCode::NotFound
        | FaultCode::NoSuchMember
        | FaultCode::NoSuchChannel
        | FaultCode::ChannelDeleted => "NOT_FOUND",
        FaultCode::Conflict | FaultCode::NameTaken => "CONFLICT",
        FaultCode::TooLarge => "TOO_LARGE",
        FaultCode::RateLimited => "RATE_LIMITED",
        FaultCode::LimitExceeded => "LIMIT_EXCEEDED",
        FaultCode::Overloaded => "OVERLOADED",
        FaultCode::Unavailable => "UNAVAILABLE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::shown;

    #[test]
    fn a_missing_key_reads_as_the_documented_error() {
        let fault = Fault::new(FaultCode::Unauthenticated, "Authentication failed");
        let expected = r#"{"success":false,"error":{"code":"AUTH_ERROR","message":"Authentication failed"}}"#;
        assert_eq!(shown(&encode_http(&fault)), (401, expected.into()));
    }

    #[test]
    fn statuses_follow_the_code() {
        let status = |code| encode_http(&Fault::new(code, "")).status;
        assert_eq!(status(FaultCode::NotFound), 404);
        assert_eq!(status(FaultCode::MethodNotAllowed), 405);
        assert_eq!(status(FaultCode::RateLimited), 429);
        assert_eq!(status(FaultCode::Overloaded), 503);
    }
}
