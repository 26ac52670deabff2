//! What is wrong with what somebody asks of its devices.

use crate::model::fault::{Fault, FaultCode, Subject};

fn fault(code: FaultCode, message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(code, message).about(Subject::Device)
}

pub(super) fn not_found() -> Fault {
    fault(FaultCode::NotFound, "You have no device of this id.")
}

pub(super) fn too_many(devices_max: usize) -> Fault {
    fault(FaultCode::LimitExceeded, format!("Maximum number of devices ({devices_max}) reached"))
}

pub(super) fn too_many_users() -> Fault {
    Fault::new(FaultCode::LimitExceeded, "This node keeps devices of as many users as it can.")
}

pub(super) fn changing() -> Fault {
    fault(FaultCode::Conflict, "Another change of this device is on its way to the disk. Try again.")
}
