//! A copy of all that is stored, of one moment, while everything goes on. The core that keeps the catalog asks for it,
//! so it knows whether one is under way.

use super::{Asker, Begun, Then};
use crate::base::time::{Now, rfc3339};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{NodeReply, Reply};
use crate::shard::effects::{Class, Effects};
use crate::shard::{Effect, Failure, Resolution};
use crate::store::{BACKUP_PREFIX, BACKUP_SUFFIX};

/// Begins a backup. It is answered when the copy is on the disk.
pub(super) fn begin(now: Now, effects: &mut Effects<Asker, Then>, count_max: u32) -> Result<Begun, Fault> {
    effects.admit(Class::Copy)?;
    effects.admit(Class::Store)?;
    // Colons are a trouble in names of files, for shells and for other systems.
    let file = format!("{BACKUP_PREFIX}{}{BACKUP_SUFFIX}", rfc3339(now.unix_ms).replace(':', "-"));
    Ok(Begun::outside(Effect::Backup { file: file.clone(), count_max }, Then::Backup(file)))
}

/// The answer when the copy is made, or cannot be.
pub(super) fn made(file: String, resolution: &Resolution) -> Reply {
    let failure = match resolution {
        Resolution::BackedUp { bytes } => return Reply::Node(NodeReply::BackedUp { file, bytes: *bytes }),
        Resolution::Failed(failure) => *failure,
        // Nothing else was asked for.
        _ => Failure::Broken,
    };
    let message = format!("The backup could not be made: {}.", failure.reason());
    let fault = Fault::new(FaultCode::Unavailable, message);
    let for_good = failure == Failure::TooManyBackups;
    Reply::Fault(if for_good { fault.retry_after(None) } else { fault })
}
