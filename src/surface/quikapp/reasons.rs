//! Why something was not done, as a reply on a socket says it.

use crate::model::fault::{Fault, FaultCode, Subject};

/// Whether the client is not in the circle that it spoke of.
pub fn is_stranger(fault: &Fault) -> bool {
    fault.code == FaultCode::NotFound && fault.subject == Some(Subject::Circle)
}

/// The reason.
pub fn of(fault: &Fault) -> &'static str {
    match (fault.code, fault.subject) {
        (FaultCode::NotFound, Some(Subject::Circle)) => "unmatched topic",
        (FaultCode::LimitExceeded, Some(Subject::Circle)) => "too many channels joined",
        (FaultCode::NotFound, Some(Subject::Call)) => "call_not_found",
        (FaultCode::NotFound, Some(Subject::Conversation)) => "conversation_not_found",
        (FaultCode::NotFound, Some(Subject::Message)) => "message_not_found",
        (FaultCode::Forbidden, Some(Subject::Call | Subject::Huddle | Subject::Conversation)) => {
            "not_a_participant"
        }
        (FaultCode::Conflict, Some(Subject::Call)) => "call_not_active",
        (FaultCode::Conflict, Some(Subject::Screen)) => "someone_already_sharing",
        (FaultCode::LimitExceeded, Some(Subject::Huddle)) => "huddle_full",
        (FaultCode::InvalidRequest, Some(Subject::Status)) => "invalid_status",
        (code, _) => of_code(code),
    }
}

fn of_code(code: FaultCode) -> &'static str {
    match code {
        FaultCode::UnknownType => "unknown_event",
        FaultCode::InvalidSyntax
        | FaultCode::InvalidChannel
        | FaultCode::InvalidEvent
        | FaultCode::InvalidRequest
        | FaultCode::MissingField
        | FaultCode::WrongPassword => "invalid_payload",
        FaultCode::Forbidden
        | FaultCode::Unauthenticated
        | FaultCode::NoCredentials
        | FaultCode::GuestsRefused
        | FaultCode::MessagingOff
        | FaultCode::GuestsMuted
        | FaultCode::NotSubscribed => "not_authorized",
        FaultCode::NotFound
        | FaultCode::NoSuchMember
        | FaultCode::NoSuchChannel
        | FaultCode::ChannelDeleted
        | FaultCode::MethodNotAllowed => "not_found",
        FaultCode::Conflict | FaultCode::NameTaken => "conflict",
        FaultCode::TooLarge => "too_large",
        FaultCode::RateLimited => "rate_limited",
        FaultCode::LimitExceeded => "limit_exceeded",
        FaultCode::Overloaded => "overloaded",
        FaultCode::Unavailable => "unavailable",
    }
}
