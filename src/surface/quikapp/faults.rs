//! Faults in the shapes of this surface: `{"success":false,"error":…,"message":…}` by REST, a reason in a reply on a
//! socket.

use super::object::Object;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::protocol::http::Response;

/// A fault as a response. A path that names nothing is answered as the published server answers it.
pub fn encode_http(fault: &Fault) -> Response {
    if fault.code == FaultCode::NotFound && fault.subject.is_none() {
        return Response::json(404, b"{\"errors\":{\"detail\":\"Not Found\"}}".to_vec());
    }
    let (status, error) = word(fault.code, fault.subject);
    let mut out = Vec::with_capacity(96);
    let object = Object::new(&mut out).flag("success", false).text("error", error);
    object.text("message", &fault.message).end();
    Response::json(status, out)
}

/// A fault of an upgrade: whoever may not come, or asks for what is not spoken, is refused alike.
pub fn encode_upgrade(fault: &Fault) -> Response {
    let mut response = encode_http(fault);
    if matches!(response.status, 400 | 401) {
        response.status = 403;
    }
    response
}

/// The reply is of another kind than the endpoint's command has: a mistake in this program, not the client's.
pub fn mismatch() -> Response {
    Response::json(500, b"{\"success\":false,\"error\":\"internal_error\"}".to_vec())
}

/// Status and word of an error.
fn word(code: FaultCode, subject: Option<Subject>) -> (u16, &'static str) {
    match (code, subject) {
        (FaultCode::NotFound, Some(subject)) => (404, not_found(subject)),
        (FaultCode::LimitExceeded, Some(Subject::Device)) => (409, "device_limit_exceeded"),
        (FaultCode::LimitExceeded, Some(Subject::Huddle)) => (409, "huddle_full"),
        (FaultCode::Conflict, Some(Subject::Call)) => (409, "call_not_active"),
        (FaultCode::Unavailable, Some(Subject::Turn)) => (503, "invalid_turn_credentials"),
        (FaultCode::Unavailable, Some(Subject::Recording)) => (503, "recording_unavailable"),
        (code, _) => word_of_code(code),
    }
}

fn not_found(subject: Subject) -> &'static str {
    match subject {
        Subject::Call => "call_not_found",
        Subject::Conversation => "conversation_not_found",
        Subject::Message => "message_not_found",
        Subject::Device => "device_not_found",
        Subject::Huddle => "huddle_not_found",
        Subject::Recording => "recording_not_found",
        Subject::Circle | Subject::PushSubscription | Subject::Screen | Subject::Turn | Subject::Status => {
            "not_found"
        }
    }
}

fn word_of_code(code: FaultCode) -> (u16, &'static str) {
    match code {
        FaultCode::InvalidSyntax
        | FaultCode::UnknownType
        | FaultCode::InvalidChannel
        | FaultCode::InvalidEvent
        | FaultCode::InvalidRequest
        | FaultCode::MissingField
        | FaultCode::WrongPassword => (400, "invalid_request"),
        FaultCode::Unauthenticated | FaultCode::NoCredentials => (401, "unauthorized"),
        FaultCode::Forbidden
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => (403, "not_authorized"),
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
    fn the_pages_codes_have_their_statuses() {
        for (code, subject, status, word) in [
            (FaultCode::NotFound, Subject::Call, 404, "call_not_found"),
            (FaultCode::Conflict, Subject::Call, 409, "call_not_active"),
            (FaultCode::NotFound, Subject::Recording, 404, "recording_not_found"),
            (FaultCode::Forbidden, Subject::Call, 403, "not_authorized"),
            (FaultCode::LimitExceeded, Subject::Device, 409, "device_limit_exceeded"),
            (FaultCode::LimitExceeded, Subject::Huddle, 409, "huddle_full"),
            (FaultCode::Unavailable, Subject::Turn, 503, "invalid_turn_credentials"),
            (FaultCode::Unavailable, Subject::Recording, 503, "recording_unavailable"),
            (FaultCode::NotFound, Subject::Huddle, 404, "huddle_not_found"),
        ] {
            let body = format!(r#"{{"success":false,"error":"{word}","message":"a sentence"}}"#);
            assert_eq!(shown(&encode_http(&Fault::new(code, "a sentence").about(subject))), (status, body));
        }
        let body = r#"{"errors":{"detail":"Not Found"}}"#.to_owned();
        assert_eq!(shown(&encode_http(&Fault::new(FaultCode::NotFound, "x"))), (404, body));
    }
}
