//! What is wrong with what somebody asks of a call.

use crate::model::fault::{Fault, FaultCode, Subject};

fn fault(code: FaultCode, message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(code, message).about(Subject::Call)
}

pub(super) fn not_found() -> Fault {
    fault(FaultCode::NotFound, "There is no such call.")
}

pub(super) fn not_of_it() -> Fault {
    fault(FaultCode::Forbidden, "This call is between other people.")
}

pub(super) fn not_in_it() -> Fault {
    fault(FaultCode::Forbidden, "Only those who talk in the call may do this. Answer it first.")
}

pub(super) fn not_rung() -> Fault {
    fault(FaultCode::Forbidden, "Only somebody whom the call rings can reject it.")
}

pub(super) fn not_active() -> Fault {
    fault(FaultCode::Conflict, "The call is not active.")
}

pub(super) fn no_recorder() -> Fault {
    Fault::new(FaultCode::Unavailable, "This node has no recorder, so calls cannot be recorded.")
        .about(Subject::Recording)
        .retry_after(None)
}

pub(super) fn nobody() -> Fault {
    fault(FaultCode::InvalidRequest, "A call needs somebody to ring besides whoever begins it.")
}

pub(super) fn too_many_people(people_max: usize) -> Fault {
    fault(FaultCode::LimitExceeded, format!("A call has {people_max} people at most."))
}

/// As many calls ring whoever is to be rung as can at a time.
pub fn busy() -> Fault {
    fault(FaultCode::LimitExceeded, "Too many calls ring already for whom you call. Try again later.")
}

pub(super) fn too_many_rung(rings_max: u32) -> Fault {
    let message = format!("The calls of one user ring {rings_max} people at a time at most.");
    fault(FaultCode::LimitExceeded, message)
}

pub(super) fn too_many_of_yours() -> Fault {
    fault(
        FaultCode::LimitExceeded,
        "You began as many calls that are not over as there is room for beside those of others. End some first.",
    )
}

pub(super) fn too_many_calls() -> Fault {
    fault(FaultCode::LimitExceeded, "This node has as many calls as it holds. Try again later.")
}
