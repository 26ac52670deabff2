//! Faults in the shape of this surface: `{"error":…}`, with the `parameter` that is to blame.

use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::protocol::http::Response;
use crate::surface::json;
use serde::Serialize;

#[derive(Serialize)]
struct FaultBody {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'static str>,
}

/// A fault as a response.
pub fn encode(fault: &Fault) -> Response {
    let parameter = match fault.place {
        Some(FaultPlace::Parameter(name)) => Some(name),
        Some(FaultPlace::Text { .. }) | None => None,
    };
    let (status, error) = word(fault.code, parameter.is_some());
    written(status, &FaultBody { error, parameter })
}

/// The reply is of another kind than the endpoint's command has: a mistake in this program, not the client's.
pub fn mismatch() -> Response {
    written(500, &FaultBody { error: "Internal Server Error", parameter: None })
}

fn written(status: u16, body: &FaultBody) -> Response {
    let mut out = Vec::with_capacity(64);
    json::push_value(&mut out, body);
    Response::json(status, out)
}

/// Status and word of an error. What no page names has the words of its status.
fn word(code: FaultCode, has_parameter: bool) -> (u16, &'static str) {
    match code {
        FaultCode::MissingField => (400, "MissingParameter"),
        FaultCode::InvalidSyntax
        | FaultCode::InvalidChannel
        | FaultCode::UnknownType
        | FaultCode::InvalidEvent
        | FaultCode::InvalidRequest => {
            (400, if has_parameter { "InvalidParameter" } else { "InvalidRequest" })
        }
        FaultCode::WrongPassword => (400, "InvalidUserOrPassword"),
        FaultCode::NoCredentials => (401, "Unauthorized"),
        FaultCode::Unauthenticated => (401, "InvalidSession"),
        FaultCode::Forbidden
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => (403, "InadequatePermissions"),
        FaultCode::NotFound
        | FaultCode::NoSuchMember
        | FaultCode::NoSuchChannel
        | FaultCode::ChannelDeleted => (404, "Not Found"),
        FaultCode::MethodNotAllowed => (405, "Method Not Allowed"),
        FaultCode::Conflict | FaultCode::NameTaken => (409, "Conflict"),
        FaultCode::TooLarge => (413, "Content Too Large"),
        FaultCode::RateLimited => (429, "Too Many Requests"),
        FaultCode::LimitExceeded | FaultCode::Overloaded | FaultCode::Unavailable => {
            (503, "Service Unavailable")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::shown;

    #[test]
    fn faults_have_the_published_words() {
        let told = |code, parameter: Option<&'static str>| {
            let fault = Fault::new(code, "a sentence");
            let fault = match parameter {
                Some(name) => fault.at(FaultPlace::Parameter(name)),
                None => fault,
            };
            shown(&encode(&fault))
        };
        let of = |status, body: &str| (status, body.to_owned());
        assert_eq!(
            told(FaultCode::MissingField, Some("rooms")),
            of(400, r#"{"error":"MissingParameter","parameter":"rooms"}"#)
        );
        assert_eq!(
            told(FaultCode::InvalidRequest, Some("id")),
            of(400, r#"{"error":"InvalidParameter","parameter":"id"}"#)
        );
        for (code, status, word) in [
            (FaultCode::InvalidSyntax, 400, "InvalidRequest"),
            (FaultCode::WrongPassword, 400, "InvalidUserOrPassword"),
            (FaultCode::NoCredentials, 401, "Unauthorized"),
            (FaultCode::Unauthenticated, 401, "InvalidSession"),
            (FaultCode::Forbidden, 403, "InadequatePermissions"),
            (FaultCode::NotFound, 404, "Not Found"),
            (FaultCode::TooLarge, 413, "Content Too Large"),
            (FaultCode::RateLimited, 429, "Too Many Requests"),
            (FaultCode::Unavailable, 503, "Service Unavailable"),
        ] {
            assert_eq!(told(code, None), of(status, &format!(r#"{{"error":"{word}"}}"#)));
        }
        assert_eq!(shown(&mismatch()), of(500, r#"{"error":"Internal Server Error"}"#));
    }
}
