//! `{"error":{"code":…,"message":…}}`.

use crate::model::fault::{Fault, FaultCode};
use crate::protocol::http::Response;
use crate::surface::json;
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a> {
    error: FaultBody<'a>,
}

#[derive(Serialize)]
struct FaultBody<'a> {
    code: &'a str,
    message: &'a str,
}

/// A fault in this surface's shape.
pub fn encode(fault: &Fault) -> Response {
    let (status, code) = status_and_code(fault.code);
    let mut body = Vec::new();
    json::push_value(&mut body, &Envelope { error: FaultBody { code, message: &fault.message } });
    Response::json(status, body)
}

/// The reply is of another kind than the endpoint's command has: a mistake in this program, not the client's.
pub fn mismatch() -> Response {
    let mut body = Vec::new();
    let message = "The broker gave an answer of the wrong kind; please report this.";
    json::push_value(&mut body, &Envelope { error: FaultBody { code: "internal", message } });
    Response::json(500, body)
}

fn status_and_code(code: FaultCode) -> (u16, &'static str) {
    match code {
        FaultCode::InvalidSyntax
        | FaultCode::UnknownType
        | FaultCode::InvalidChannel
        | FaultCode::InvalidEvent
        | FaultCode::InvalidRequest
        | FaultCode::MissingField => (400, "invalid_request"),
        FaultCode::Unauthenticated | FaultCode::NoCredentials | FaultCode::WrongPassword => {
            (401, "unauthenticated")
        }
        FaultCode::Forbidden
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => (403, "forbidden"),
        FaultCode::NotFound
        | FaultCode::NoSuchMember
        | FaultCode::NoSuchChannel
        | FaultCode::ChannelDeleted => (404, "not_found"),
        FaultCode::MethodNotAllowed => (405, "method_not_allowed"),
        FaultCode::Conflict | FaultCode::NameTaken => (409, "conflict"),
        FaultCode::TooLarge => (413, "too_large"),
        FaultCode::RateLimited => (429, "rate_limited"),
        FaultCode::LimitExceeded => (503, "limit_exceeded"),
        FaultCode::Overloaded => (503, "overloaded"),
        FaultCode::Unavailable => (503, "unavailable"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::shown;

    #[test]
    fn a_fault_has_its_status_and_shape() {
        let fault = Fault::new(FaultCode::NotFound, "Nothing is served at \"/x\".");
        assert_eq!(
            shown(&encode(&fault)),
            (404, r#"{"error":{"code":"not_found","message":"Nothing is served at \"/x\"."}}"#.into())
        );
    }
}
