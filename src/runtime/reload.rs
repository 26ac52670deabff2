//! Settings that changed while the node runs, on their way to its cores.

use super::core::doorbell::Doorbell;
use super::side::outbound::OutboundSettings;
use crate::base::ids::CoreId;
use crate::shard::{Reload, Words};
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
    /// What each core tells authorities of certificates, in the same way.
    words: Box<[ArrayQueue<Words>]>,
    /// For the thread that calls servers outside.
    outbound: ArrayQueue<OutboundSettings>,
    doorbells: OnceLock<Arc<[Doorbell]>>,
}

impl Reloads {
    /// For a run of so many cores.
    pub fn new(cores: usize) -> Self {
        let places = (0..cores).map(|_| ArrayQueue::new(1)).collect();
        let words = (0..cores).map(|_| ArrayQueue::new(1)).collect();
        let outbound = ArrayQueue::new(1);
        Self { shared: Arc::new(Shared { places, words, outbound, doorbells: OnceLock::new() }) }
    }

    /// Every core takes these over, in its next turn or when it starts, and the thread that calls servers outside before its next
    /// call.
    pub fn send(&self, reload: &Reload, outbound: OutboundSettings) {
        self.shared.outbound.force_push(outbound);
        for place in &self.shared.places {
            place.force_push(reload.clone());
        }
        self.ring();
    }

    /// Every core tells these words to authorities of certificates that ask for them.
    pub fn send_words(&self, words: Words) {
        for place in &self.shared.words {
            place.force_push(words.clone());
        }
        self.ring();
    }

    fn ring(&self) {
        for doorbell in self.shared.doorbells.get().into_iter().flat_map(|doorbells| doorbells.iter()) {
            doorbell.ring();
        }
    }

    /// Waits until every core has taken over what was sent: what is asked of one from then on is done under it. Waits
    /// for a bounded time only.
    pub fn wait_until_taken(&self) {
        let until = Instant::now() + TAKEN_TIME;
        let taken = || {
            let Shared { places, words, .. } = &*self.shared;
            places.iter().all(ArrayQueue::is_empty) && words.iter().all(ArrayQueue::is_empty)
        };
        while !taken() && Instant::now() < until {
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

    /// What a core is to tell authorities of certificates from now on.
    pub(super) fn take_words(&self, core: CoreId) -> Option<Words> {
        self.shared.words[core.index()].pop()
    }

    /// Whether there is something to take over.
    pub(super) fn ready(&self, core: CoreId) -> bool {
        !self.shared.places[core.index()].is_empty() || !self.shared.words[core.index()].is_empty()
    }
}

impl std::fmt::Debug for Reloads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reloads")
    }
}
