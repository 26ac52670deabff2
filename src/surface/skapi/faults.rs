//! Faults in the shape of this surface: `{"code":…,"message":…}`.

use crate::model::fault::{Fault, FaultCode, Subject};
use crate::protocol::http::Response;
use crate::surface::json;

/// A fault as a response.
pub fn encode_http(fault: &Fault) -> Response {
    let (status, code) = match (fault.code, fault.subject) {
        // As many as this user may have, which is nothing that time mends.
        (FaultCode::LimitExceeded, Some(Subject::PushSubscription)) => (409, "INVALID_REQUEST"),
        (code, _) => status_and_code(code),
    };
    let mut out = Vec::with_capacity(96);
    out.extend_from_slice(b"{\"code\":\"");
    out.extend_from_slice(code.as_bytes());
    out.extend_from_slice(b"\",\"message\":");
    json::push_text(&mut out, message(fault));
    out.push(b'}');
    Response::json(status, out)
}

/// The sentence: that of the published server where its clients know one.
pub fn message(fault: &Fault) -> &str {
    match fault.code {
        FaultCode::NoCredentials => "User login is required.",
        FaultCode::Forbidden if fault.subject.is_none() => "No access.",
        _ => &fault.message,
    }
}

/// The reply is of another kind than the endpoint's command has: a mistake in this program, not the client's.
pub fn mismatch() -> Response {
    Response::json(500, b"{\"code\":\"ERROR\",\"message\":\"Something went wrong here.\"}".to_vec())
}

fn status_and_code(code: FaultCode) -> (u16, &'static str) {
    match code {
        FaultCode::InvalidSyntax
        | FaultCode::UnknownType
        | FaultCode::InvalidChannel
        | FaultCode::InvalidEvent
        | FaultCode::InvalidRequest
        | FaultCode::MissingField
        | FaultCode::WrongPassword => (400, "INVALID_PARAMETER"),
        FaultCode::Unauthenticated | FaultCode::NoCredentials => (401, "INVALID_REQUEST"),
        FaultCode::Forbidden
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => (403, "INVALID_REQUEST"),
        FaultCode::NotFound
        | FaultCode::NoSuchMember
        | FaultCode::NoSuchChannel
        | FaultCode::ChannelDeleted => (404, "NOT_EXISTS"),
        FaultCode::MethodNotAllowed => (405, "INVALID_REQUEST"),
        FaultCode::Conflict | FaultCode::NameTaken => (409, "EXISTS"),
        FaultCode::TooLarge => (413, "INVALID_PARAMETER"),
        FaultCode::RateLimited => (429, "ERROR"),
        FaultCode::LimitExceeded | FaultCode::Overloaded | FaultCode::Unavailable => (503, "ERROR"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::shown;

    #[test]
    fn the_notes_codes_have_their_statuses() {
        for (code, status, word, message) in [
            (FaultCode::NoCredentials, 401, "INVALID_REQUEST", "User login is required."),
            (FaultCode::Unauthenticated, 401, "INVALID_REQUEST", "a \\\"sentence\\\""),
            (FaultCode::Forbidden, 403, "INVALID_REQUEST", "No access."),
            (FaultCode::InvalidRequest, 400, "INVALID_PARAMETER", "a \\\"sentence\\\""),
            (FaultCode::NotFound, 404, "NOT_EXISTS", "a \\\"sentence\\\""),
            (FaultCode::MethodNotAllowed, 405, "INVALID_REQUEST", "a \\\"sentence\\\""),
            (FaultCode::TooLarge, 413, "INVALID_PARAMETER", "a \\\"sentence\\\""),
        ] {
            let body = format!(r#"{{"code":"{word}","message":"{message}"}}"#);
            assert_eq!(shown(&encode_http(&Fault::new(code, "a \"sentence\""))), (status, body));
        }
    }
}
