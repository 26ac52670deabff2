//! Settings that changed while the node runs, on their way to its cores.

use super::core::doorbell::Doorbell;
use crate::base::ids::CoreId;
use crate::shard::Reload;
use crossbeam_queue::ArrayQueue;
use std::sync::{Arc, OnceLock};

/// Hands settings to every core of a run. Clones belong to the same run.
#[derive(Clone)]
pub struct Reloads {
    shared: Arc<Shared>,
}

struct Shared {
    /// A place for each core. What was not taken yet gives way to what is newer.
    places: Box<[ArrayQueue<Reload>]>,
    doorbells: OnceLock<Arc<[Doorbell]>>,
}

impl Reloads {
    /// For a run of so many cores.
    pub fn new(cores: usize) -> Self {
        let places = (0..cores).map(|_| ArrayQueue::new(1)).collect();
        Self { shared: Arc::new(Shared { places, doorbells: OnceLock::new() }) }
    }

    /// Every core takes these over, in its next turn or when it starts.
    pub fn send(&self, reload: &Reload) {
        for place in &self.shared.places {
            place.force_push(reload.clone());
        }
        for doorbell in self.shared.doorbells.get().into_iter().flat_map(|doorbells| doorbells.iter()) {
            doorbell.ring();
        }
    }

    /// Whom to wake.
    pub(super) fn attach(&self, doorbells: Arc<[Doorbell]>) {
        let first = self.shared.doorbells.set(doorbells).is_ok();
        assert!(first, "settings go to the cores of one run");
    }

    /// What a core is to take over.
    pub(super) fn take(&self, core: CoreId) -> Option<Reload> {
        self.shared.places[core.index()].pop()
    }

    /// Whether there is something to take over.
    pub(super) fn ready(&self, core: CoreId) -> bool {
        !self.shared.places[core.index()].is_empty()
    }
}

impl std::fmt::Debug for Reloads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reloads")
    }
}
