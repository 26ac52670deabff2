//! Faults in the two shapes of this surface: an HTTP response and a socket's `error` frame.

use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::protocol::http::Response;
use crate::surface::json;
use serde::Serialize;

#[derive(Serialize)]
struct FaultBody<'a> {
    code: &'a str,
    message: &'a str,
    payload: Option<Payload>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Payload {
    Parameter { param: &'static str },
    Text { line: u32, col: u32 },
}

/// A fault as an HTTP response.
pub fn encode_http(fault: &Fault) -> Response {
    let (status, code) = http(fault);
    let payload = fault.place.map(|place| match place {
        FaultPlace::Parameter(param) => Payload::Parameter { param },
        FaultPlace::Text { line, column } => Payload::Text { line, col: column },
    });
    let message = if fault.code == FaultCode::NameTaken { NAME_TAKEN } else { &fault.message };
    written(status, &FaultBody { code, message, payload })
}

/// The reply is of another kind than the endpoint's command has: a mistake in this program, not the client's.
pub fn mismatch() -> Response {
    let message = "The broker gave an answer of the wrong kind; please report this.";
    written(500, &FaultBody { code: FATAL, message, payload: None })
}

fn written(status: u16, body: &FaultBody<'_>) -> Response {
    let mut out = Vec::with_capacity(128);
    json::push_value(&mut out, body);
    Response::json(status, out)
}

const NAME_TAKEN: &str = "Channel name already exists";
const INPUT: &str = "ERROR_CODE_INPUT_ERROR";
const FATAL: &str = "ERROR_FATAL";

/// Status and code word of a REST error.
fn http(fault: &Fault) -> (u16, &'static str) {
    match fault.code {
        FaultCode::InvalidSyntax if matches!(fault.place, Some(FaultPlace::Text { .. })) => {
            (400, "ERROR_CODE_SYNTAX_ERROR")
        }
        FaultCode::InvalidSyntax
        | FaultCode::InvalidChannel
        | FaultCode::UnknownType
        | FaultCode::InvalidEvent
        | FaultCode::InvalidRequest
        | FaultCode::MissingField
        | FaultCode::NameTaken
        | FaultCode::Conflict => (400, INPUT),
        FaultCode::Unauthenticated | FaultCode::NoCredentials | FaultCode::WrongPassword => {
            (401, "ERROR_CODE_UNAUTHORIZED")
        }
        FaultCode::Forbidden
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => (403, "ERROR_CODE_ACCESS_DENIED"),
        FaultCode::NotFound
        | FaultCode::NoSuchMember
        | FaultCode::NoSuchChannel
        | FaultCode::ChannelDeleted => (404, "ERROR_CODE_NOT_FOUND"),
        FaultCode::MethodNotAllowed => (405, INPUT),
        FaultCode::TooLarge => (413, INPUT),
        FaultCode::RateLimited => (429, "ERROR_CODE_TOO_MANY_REQUESTS"),
        FaultCode::LimitExceeded | FaultCode::Overloaded | FaultCode::Unavailable => (503, FATAL),
    }
}

/// The message of a socket's `error` frame: the published text where there is one.
pub fn socket(fault: &Fault) -> &str {
    match fault.code {
        FaultCode::GuestsRefused => "Anonymous clients cannot join this channel.",
        FaultCode::ChannelDeleted => "Channel deleted",
        FaultCode::GuestsMuted => "Anonymous clients cannot send this in this channel.",
        FaultCode::MessagingOff => "Clients cannot send this in this channel: its messaging is not active.",
        FaultCode::NotSubscribed => "Join the channel first.",
        FaultCode::NoSuchMember => "No client with this socketId is in the channel.",
        _ => &fault.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::shown;

    #[test]
    fn the_payload_says_what_is_to_blame() {
        let fault = Fault::new(FaultCode::InvalidSyntax, "Unterminated string");
        assert_eq!(
            shown(&encode_http(&fault.clone().at(FaultPlace::Text { line: 3, column: 7 }))),
            (
                400,
                r#"{"code":"ERROR_CODE_SYNTAX_ERROR","message":"Unterminated string","payload":{"line":3,"col":7}}"#
                    .into()
            )
        );
        assert_eq!(
            shown(&encode_http(&fault)),
            (
                400,
                r#"{"code":"ERROR_CODE_INPUT_ERROR","message":"Unterminated string","payload":null}"#.into()
            )
        );
        let fault = Fault::new(FaultCode::InvalidRequest, "x").at(FaultPlace::Parameter("per_page"));
        assert_eq!(
            shown(&encode_http(&fault)),
            (400, r#"{"code":"ERROR_CODE_INPUT_ERROR","message":"x","payload":{"param":"per_page"}}"#.into())
        );
    }

    #[test]
    fn codes_have_the_published_status_and_word() {
        let shape = |code| {
            let (status, body) = shown(&encode_http(&Fault::new(code, "")));
            (status, body.split('"').nth(3).unwrap_or_default().to_owned())
        };
        for (code, status, word) in [
            (FaultCode::NameTaken, 400, "ERROR_CODE_INPUT_ERROR"),
            (FaultCode::Unauthenticated, 401, "ERROR_CODE_UNAUTHORIZED"),
            (FaultCode::Forbidden, 403, "ERROR_CODE_ACCESS_DENIED"),
            (FaultCode::NotFound, 404, "ERROR_CODE_NOT_FOUND"),
            (FaultCode::NoSuchChannel, 404, "ERROR_CODE_NOT_FOUND"),
            (FaultCode::TooLarge, 413, "ERROR_CODE_INPUT_ERROR"),
            (FaultCode::RateLimited, 429, "ERROR_CODE_TOO_MANY_REQUESTS"),
            (FaultCode::LimitExceeded, 503, "ERROR_FATAL"),
        ] {
            assert_eq!(shape(code), (status, word.to_owned()), "{code:?}");
        }
        assert_eq!(mismatch().status, 500);
    }

    #[test]
    fn a_guest_is_told_in_the_published_words() {
        let told = |code| socket(&Fault::new(code, "the core's own words")).to_owned();
        assert_eq!(told(FaultCode::GuestsRefused), "Anonymous clients cannot join this channel.");
        assert_eq!(told(FaultCode::ChannelDeleted), "Channel deleted");
        assert_eq!(told(FaultCode::Conflict), "the core's own words");
        for code in [
            FaultCode::MessagingOff,
            FaultCode::GuestsMuted,
            FaultCode::NotSubscribed,
            FaultCode::NoSuchMember,
        ] {
            assert_ne!(told(code), "the core's own words", "{code:?}");
        }
    }
}
