//! What is wrong with what somebody asks of a huddle.

use crate::model::fault::{Fault, FaultCode, FaultPlace, Subject};

fn fault(code: FaultCode, message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(code, message).about(Subject::Huddle)
}

pub(super) fn not_found() -> Fault {
    fault(FaultCode::NotFound, "There is no such huddle.")
}

pub(super) fn not_of_it() -> Fault {
    fault(FaultCode::Forbidden, "This huddle is of other people. Somebody in it can invite you.")
}

pub(super) fn not_in_it() -> Fault {
    fault(FaultCode::Forbidden, "Only those who are in the huddle may do this. Join it first.")
}

pub(super) fn nobody_there() -> Fault {
    fault(FaultCode::Forbidden, "A signal is for somebody else who is in the huddle.")
}

pub(super) fn full() -> Fault {
    fault(FaultCode::LimitExceeded, "The huddle has as many people as it may have.")
}

pub(super) fn screen_taken() -> Fault {
    Fault::new(FaultCode::Conflict, "Somebody else in the huddle shows its screen.").about(Subject::Screen)
}

pub(super) fn name(bytes_max: usize) -> Fault {
    let message = format!("The name must be 1 to {bytes_max} bytes without control characters.");
    fault(FaultCode::InvalidRequest, message).at(FaultPlace::Parameter("name"))
}

pub(super) fn too_many_invited(invited_max: usize) -> Fault {
    Fault::new(FaultCode::LimitExceeded, format!("At most {invited_max} people can be invited to a huddle."))
}

pub(super) fn too_many_of_yours() -> Fault {
    fault(
        FaultCode::LimitExceeded,
        "You made as many huddles as there is room for beside those of others. End some first.",
    )
}

pub(super) fn too_many_huddles() -> Fault {
    Fault::new(FaultCode::LimitExceeded, "This node has as many huddles as it holds. Try again later.")
}
