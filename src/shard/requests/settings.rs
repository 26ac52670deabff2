//! What an operator asks of the node's settings: the files are read beside the cores. The core that keeps the catalog asks
//! for it, so that one is under way at a time.

use super::{Asker, Begun, Then};
use crate::model::admin::AdminReply;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::settings::SettingsCommand;
use crate::shard::effects::{Class, Effects};
use crate::shard::{Effect, Resolution};

/// Begins it. A reload is answered when every core has taken the settings over.
pub(super) fn begin(effects: &mut Effects<Asker, Then>, command: SettingsCommand) -> Result<Begun, Fault> {
    effects.admit(Class::Settings)?;
    Ok(Begun::outside(Effect::Settings(command), Then::Settings))
}

/// The answer when it is done, or cannot be.
pub(super) fn done(resolution: Resolution) -> Reply {
    let reply = match resolution {
        Resolution::Reloaded(Ok(reloaded)) => AdminReply::Reloaded(reloaded),
        Resolution::SettingsShown(settings) => AdminReply::Settings(settings),
        Resolution::Reloaded(Err(mistakes)) => {
            let sentence = format!(
                "The configuration is not taken over, as it has mistakes; all stays as it was. {mistakes}"
            );
            return Reply::Fault(Fault::new(FaultCode::Conflict, sentence));
        }
        // Nothing else was asked for.
        _ => {
            let sentence = "The settings of this node could not be read anew; its log may say why.";
            return Reply::Fault(Fault::new(FaultCode::Unavailable, sentence));
        }
    };
    Reply::Admin(Box::new(reply))
}
