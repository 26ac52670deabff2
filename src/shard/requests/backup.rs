//! A copy of all that is stored, of one moment, while everything goes on. The core that keeps the catalog asks for it,
//! so it knows whether one is under way.

use super::{Asker, Begun, Then};
use crate::base::time::rfc3339;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::shard::effects::Class;
use crate::shard::{Effect, Failure, Resolution, Shard};
use crate::store::{BACKUP_PREFIX, BACKUP_SUFFIX};

impl Shard {
    /// Begins a backup. It is answered when the copy is on the disk.
    pub(super) fn begin_backup(&mut self) -> Result<Begun, Fault> {
        self.effects.admit(Class::Copy)?;
        self.effects.admit(Class::Store)?;
        // Colons are a trouble in names of files, for shells and for other systems.
        let file = format!("{BACKUP_PREFIX}{}{BACKUP_SUFFIX}", rfc3339(self.now.unix_ms).replace(':', "-"));
        let count_max = self.setup.limits.backups_max;
        Ok(Begun::outside(Effect::Backup { file: file.clone(), count_max }, Then::Backup(file)))
    }

    /// The copy is made, or cannot be.
    pub(super) fn continue_backup(&mut self, asker: Option<Asker>, file: String, resolution: &Resolution) {
        let failure = match resolution {
            Resolution::BackedUp { bytes } => {
                return self.answer_asker(asker, Reply::BackedUp { file, bytes: *bytes });
            }
            Resolution::Failed(failure) => *failure,
            // Nothing else was asked for.
            _ => Failure::Broken,
        };
        let message = format!("The backup could not be made: {}.", failure.reason());
        self.answer_asker(asker, Fault::new(FaultCode::Unavailable, message));
    }
}
