//! A copy of all that is stored, of one moment, while everything goes on. The core that keeps the catalog asks for it,
//! so it knows whether one is under way.

use crate::base::ids::CoreId;
use crate::base::time::rfc3339;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::shard::effects::{Asker, Then};
use crate::shard::mesh::message::Ticket;
use crate::shard::{Effect, Failure, Resolution, Shard};

impl Shard {
    /// Does a request for a backup. It is answered when the copy is on the disk.
    pub(in crate::shard) fn serve_backup(&mut self, from: CoreId, ticket: Ticket) {
        let asker = Some(Asker { from, ticket });
        let refused = match self.effects.is_backing_up() {
            true => Some(Fault::new(
                FaultCode::Conflict,
                "A backup of this node is under way. Wait for its end, or try again later.",
            )),
            false => self.effects_full(),
        };
        if let Some(fault) = refused {
            return self.answer_asker(asker, Reply::Fault(fault));
        }
        // Colons are a trouble in names of files, for shells and for other systems.
        let file = format!("backup-{}.redb", rfc3339(self.now.unix_ms).replace(':', "-"));
        self.start_effect(Effect::Backup { file: file.clone() }, asker, Then::BackUp { file });
    }

    /// The copy is made, or cannot be.
    pub(in crate::shard) fn backed_up(&mut self, asker: Option<Asker>, file: String, resolution: Resolution) {
        let failure = match resolution {
            Resolution::BackedUp { bytes } => {
                return self.answer_asker(asker, Reply::BackedUp { file, bytes });
            }
            Resolution::Failed(failure) => failure,
            // Nothing else was asked for.
            _ => Failure::Broken,
        };
        let message = format!("The backup could not be made: {}.", failure.reason());
        self.answer_asker(asker, Reply::Fault(Fault::new(FaultCode::Unavailable, message)));
    }
}
