//! Settings that changed while the node runs, on their way to its cores.

use super::core::doorbell::Doorbell;
use super::side::outbound::OutboundSettings;
use crate::base::ids::CoreId;
use crate::shard::Reload;
use crossbeam_queue::ArrayQueue;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long cores are waited for. One that does not turn takes settings over when it does.
const TAKEN_TIME: Duration = Duration::from_secs(2);

/// Between two looks whether they have.
const TAKEN_LOOK: Duration = Duration::from_millis(1);

/// Hands settings to every core of a run. Clones belong to the same run.
#[derive(Clone)]
pub struct Reloads {
    shared: Arc<Shared>,
}

struct Shared {
    /// A place for each core. What was not taken yet gives way to what is newer.
    places: Box<[ArrayQueue<Reload>]>,
    /// For the thread that calls servers outside.
    outbound: ArrayQueue<OutboundSettings>,
    doorbells: OnceLock<Arc<[Doorbell]>>,
}

impl Reloads {
    /// For a run of so many cores.
    pub fn new(cores: usize) -> Self {
        let places = (0..cores).map(|_| ArrayQueue::new(1)).collect();
        let outbound = ArrayQueue::new(1);
        Self { shared: Arc::new(Shared { places, outbound, doorbells: OnceLock::new() }) }
    }

    /// Every core takes these over, in its next turn or when it starts, and the thread that calls servers outside before its next
    /// call.
    pub fn send(&self, reload: &Reload, outbound: OutboundSettings) {
        self.shared.outbound.force_push(outbound);
        for place in &self.shared.places {
            place.force_push(reload.clone());
        }
        for doorbell in self.shared.doorbells.get().into_iter().flat_map(|doorbells| doorbells.iter()) {
            doorbell.ring();
        }
    }

    /// Waits until every core has taken over what was sent: what is asked of one from then on is done under it. Waits
    /// for a bounded time only.
    pub fn wait_until_taken(&self) {
        let until = Instant::now() + TAKEN_TIME;
        while !self.shared.places.iter().all(ArrayQueue::is_empty) && Instant::now() < until {
            std::thread::sleep(TAKEN_LOOK);
        }
    }

    /// What the thread that calls servers outside is to take over.
    pub(super) fn take_outbound(&self) -> Option<OutboundSettings> {
        self.shared.outbound.pop()
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
