//! How a running server is told to stop: by a handle, which signals can hold.

use super::core::doorbell::Doorbell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Asks a run to stop. Clones ask the same run.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    requested: AtomicBool,
    doorbells: OnceLock<Arc<[Doorbell]>>,
}

impl Stop {
    /// A handle that nobody has used yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every core begins to drain, now or when it starts. Asking twice is asking once.
    pub fn request(&self) {
        self.shared.requested.store(true, Ordering::SeqCst);
        for doorbell in self.shared.doorbells.get().into_iter().flat_map(|doorbells| doorbells.iter()) {
            doorbell.ring();
        }
    }

    /// Whether it was asked.
    pub fn requested(&self) -> bool {
        self.shared.requested.load(Ordering::Relaxed)
    }

    /// Whom to wake. A request that came before finds its cores awake: they look before they first sleep.
    pub(super) fn attach(&self, doorbells: Arc<[Doorbell]>) {
        let first = self.shared.doorbells.set(doorbells).is_ok();
        assert!(first, "a handle stops one run");
    }
}
