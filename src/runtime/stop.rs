//! How a running server is told to stop: by a handle, which signals can hold.

use super::core::doorbell::Doorbell;
use super::error::RuntimeError;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Exit code of a process whose drain was cut short by a second signal: 128 and the number of SIGINT.
pub const EXIT_CUT_SHORT: i32 = 130;

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

    /// SIGTERM and SIGINT ask; the second of them ends the process at once with [`EXIT_CUT_SHORT`].
    ///
    /// # Errors
    /// A handler or a thread could not be made.
    pub fn on_signals(&self) -> Result<(), RuntimeError> {
        let failed = |source| RuntimeError::Process { what: "handle signals", source };
        let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
        let stop = self.clone();
        let listen = move || {
            for _ in signals.forever() {
                if stop.requested() {
                    std::process::exit(EXIT_CUT_SHORT);
                }
                stop.request();
            }
        };
        std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(failed)?;
        Ok(())
    }
}
