//! The sentences of the faults that more than one command can end in.

use crate::base::ledger::Lacks;
use crate::model::fault::{Fault, FaultCode, FaultPlace};

/// A table is full.
pub fn full(what: &'static str, limit: &'static str) -> Fault {
    Fault::new(
        FaultCode::LimitExceeded,
        format!("{what}: {limit} is reached on the core that keeps this channel"),
    )
}

/// Whoever asks has its share, though there is room for others.
pub fn share(what: &'static str, limit: &'static str) -> Fault {
    Fault::new(
        FaultCode::LimitExceeded,
        format!(
            "{what}: nobody gets more than is left for others of {limit} on the core that keeps this channel; give some up, \
             or ask the operator for a higher limit"
        ),
    )
}

/// What keeps somebody from having more: there is none, as `full` says, or it has its share, as `share` says.
///
/// # Errors
/// Something is lacking.
pub fn unless(
    lacks: Option<Lacks>,
    what_full: &'static str,
    what_share: &'static str,
    limit: &'static str,
) -> Result<(), Fault> {
    match lacks {
        None => Ok(()),
        Some(Lacks::Room) => Err(full(what_full, limit)),
        Some(Lacks::Share) => Err(share(what_share, limit)),
    }
}

/// The core's queue is full.
pub fn congested() -> Fault {
    Fault::new(
        FaultCode::Overloaded,
        "the server is catching up with this channel's publications; subscribe again shortly",
    )
}

/// No such channel in the realm.
pub fn no_channel() -> Fault {
    Fault::new(FaultCode::NoSuchChannel, "there is no such channel")
}

/// No such message.
pub fn no_message() -> Fault {
    Fault::new(FaultCode::NotFound, "there is no such message, or it is no longer in the channel's history")
}

/// The first answer to an idempotency key cannot be given again.
pub fn deleted_since() -> Fault {
    Fault::new(
        FaultCode::Conflict,
        "the message that was written under this idempotency key has been deleted since; nothing was written now, and another \
         message needs another key",
    )
}

/// A message has become too long for what the channel keeps.
pub fn no_room_for_text() -> Fault {
    Fault::new(
        FaultCode::TooLarge,
        "with this text the message would not fit into the channel's history any more, so it was not changed; a shorter text \
         may fit",
    )
}

/// Not the owner.
pub fn not_yours(message: &'static str) -> Fault {
    Fault::new(FaultCode::Forbidden, message)
}

/// A field past its bound.
pub fn too_long(field: &'static str, bytes_max: usize) -> Fault {
    Fault::new(FaultCode::InvalidRequest, format!("{field} is longer than {bytes_max} bytes"))
}

/// A field that does not fit.
pub fn invalid(field: &'static str, sentence: String) -> Fault {
    Fault::new(FaultCode::InvalidRequest, sentence).at(FaultPlace::Parameter(field))
}

/// What was asked for is not on disk, and may never be.
pub fn not_written() -> Fault {
    Fault::new(
        FaultCode::Unavailable,
        "this node could not write the channel's history, so it does not know whether this was kept; its operator finds the \
         reason in the node's output",
    )
}

/// The channel is over, because what defined it was deleted.
pub fn channel_deleted() -> Fault {
    Fault::new(FaultCode::ChannelDeleted, "Channel deleted")
}

/// No such channel is open.
pub fn not_open() -> Fault {
    Fault::new(
        FaultCode::NotFound,
        "no such channel is open: nobody hears it and nothing is kept of it. Names are whole, with their namespace",
    )
}
