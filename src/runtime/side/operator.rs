//! The thread that does what an operator asks of the node's settings: files are read for it, which takes as long as their
//! disk takes.

use super::effects::EffectDesk;
use crate::model::settings::{Reloaded, SettingsCommand, SettingsInForce};
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use crate::shard::{Effect, Failure, Resolution};
use std::thread::JoinHandle;

/// Who keeps the settings.
pub trait Operator: Send {
    /// Reads the configuration anew and has every core take it over.
    ///
    /// # Errors
    /// Every mistake in it; all stays as it was.
    fn reload(&mut self) -> Result<Reloaded, String>;

    /// Which settings are in force.
    fn settings(&self) -> SettingsInForce;
}

/// Starts the thread. It ends when every core has gone.
///
/// # Errors
/// The thread could not be made.
pub fn start(desk: EffectDesk, mut operator: Box<dyn Operator>) -> Result<JoinHandle<()>, RuntimeError> {
    let run = move || {
        let _guard = AbortOnPanic;
        desk.serve(|effect| match effect {
            Effect::Settings(SettingsCommand::Reload) => Resolution::Reloaded(operator.reload()),
            Effect::Settings(SettingsCommand::Show) => Resolution::SettingsShown(operator.settings()),
            // Not what is asked of this thread.
            _ => Resolution::Failed(Failure::Broken),
        });
    };
    std::thread::Builder::new()
        .name("operator".into())
        .spawn(run)
        .map_err(|source| RuntimeError::Process { what: "start the thread that reads settings", source })
}
