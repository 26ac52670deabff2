//! What is wrong with what somebody asks of a circle.

use crate::model::fault::{Fault, FaultCode, Subject};

pub(super) fn full(sockets_max: usize) -> Fault {
    let message = format!("{sockets_max} sockets are here, which is as many as there may be.");
    Fault::new(FaultCode::LimitExceeded, message).about(Subject::Circle)
}

pub(super) fn no_message() -> Fault {
    Fault::new(FaultCode::NotFound, "There is no such message here, or it is too old to be changed.")
        .about(Subject::Message)
}

pub(super) fn not_the_sender() -> Fault {
    Fault::new(FaultCode::Forbidden, "Only whoever said this can change it.").about(Subject::Message)
}
