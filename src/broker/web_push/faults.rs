//! What is wrong with what somebody asks of Web Push.

use crate::model::fault::{Fault, FaultCode, Subject};

pub(super) fn too_many_of_user(per_user_max: usize) -> Fault {
    let sentence = format!(
        "You have {per_user_max} push subscriptions, which is as many as one user may have \
         (limits.push_subscriptions_per_user_max). Delete one first."
    );
    Fault::new(FaultCode::LimitExceeded, sentence).about(Subject::PushSubscription)
}

pub(super) fn too_many() -> Fault {
    let sentence = "This node keeps as many push subscriptions as it may (limits.push_subscriptions_max), so this one was not \
                    stored. Tell whoever operates it.";
    Fault::new(FaultCode::LimitExceeded, sentence)
}

pub(super) fn no_subscription() -> Fault {
    Fault::new(FaultCode::NotFound, "You have no push subscription of this endpoint and these keys.")
}

pub(super) fn queue_full() -> Fault {
    let sentence = "As many push messages wait as this node may keep (limits.push_queue_max, limits.push_queue_bytes_max), so \
                    this one was not taken. Try again later.";
    Fault::new(FaultCode::Overloaded, sentence)
}

pub(super) fn too_large(bytes_max: usize) -> Fault {
    let sentence = format!(
        "A push message may have {bytes_max} bytes, and this one has more, so it was not sent. Shorten it."
    );
    Fault::new(FaultCode::TooLarge, sentence)
}
