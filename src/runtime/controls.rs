//! What the rest of the process may ask of a run while it lasts.

use super::core::doorbell::Doorbell;
use super::pulse::Pulse;
use super::reload::Reloads;
use super::stop::Stop;
use std::sync::Arc;

/// The handles on a run. Clones belong to the same run.
#[derive(Clone, Debug)]
pub struct Controls {
    /// Its end.
    pub stop: Stop,
    /// Other settings.
    pub reloads: Reloads,
    /// Whether its cores turn.
    pub pulse: Pulse,
}

impl Controls {
    /// For a run of so many cores.
    pub fn new(cores: usize) -> Self {
        Self { stop: Stop::new(), reloads: Reloads::new(cores), pulse: Pulse::new(cores) }
    }

    /// Whom to wake.
    pub(super) fn attach(&self, doorbells: &Arc<[Doorbell]>) {
        self.stop.attach(doorbells.clone());
        self.reloads.attach(doorbells.clone());
        self.pulse.attach(doorbells.clone());
    }
}
