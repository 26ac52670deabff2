//! Whether every core still turns: asked from outside, answered by each core in its next turn. A core that sleeps is
//! woken for it, so that a node without work can be told from one that hangs.

use super::core::doorbell::Doorbell;
use crate::base::ids::CoreId;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Asks the cores of a run whether they turn. Clones belong to the same run.
#[derive(Clone, Debug)]
pub struct Pulse {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Number of the newest question.
    asked: AtomicU32,
    /// Number of the newest question that each core has seen.
    answered: Box<[AtomicU32]>,
    doorbells: OnceLock<Arc<[Doorbell]>>,
}

impl Pulse {
    /// For a run of so many cores.
    pub fn new(cores: usize) -> Self {
        let answered = (0..cores).map(|_| AtomicU32::new(0)).collect();
        Self { shared: Arc::new(Shared { asked: AtomicU32::new(0), answered, doorbells: OnceLock::new() }) }
    }

    /// The cores that have not turned since the last question; then asks all of them anew. None before the first one.
    pub fn silent_cores(&self) -> Vec<CoreId> {
        let asked = self.shared.asked.load(Ordering::Relaxed);
        let silent = |answered: &AtomicU32| answered.load(Ordering::Relaxed) != asked;
        let cores = self.shared.answered.iter().enumerate();
        let silent = cores.filter(|(_, answered)| silent(answered)).map(|(index, _)| CoreId(index as u16));
        let silent = silent.collect();
        self.shared.asked.store(asked.wrapping_add(1), Ordering::Relaxed);
        for doorbell in self.shared.doorbells.get().into_iter().flat_map(|doorbells| doorbells.iter()) {
            doorbell.ring();
        }
        silent
    }

    /// Whom to wake.
    pub(super) fn attach(&self, doorbells: Arc<[Doorbell]>) {
        let first = self.shared.doorbells.set(doorbells).is_ok();
        assert!(first, "the cores of one run are asked");
    }

    /// A core turns.
    pub(super) fn answer(&self, core: CoreId) {
        let answered = &self.shared.answered[core.index()];
        let asked = self.shared.asked.load(Ordering::Relaxed);
        if answered.load(Ordering::Relaxed) != asked {
            answered.store(asked, Ordering::Relaxed);
        }
    }

    /// Whether a core is asked and has not answered.
    pub(super) fn ready(&self, core: CoreId) -> bool {
        let asked = self.shared.asked.load(Ordering::Relaxed);
        self.shared.answered[core.index()].load(Ordering::Relaxed) != asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_does_not_turn_is_silent_until_it_does() {
        let pulse = Pulse::new(2);
        assert_eq!(pulse.silent_cores(), [], "nobody was asked before");
        assert!(pulse.ready(CoreId(0)) && pulse.ready(CoreId(1)));
        pulse.answer(CoreId(1));
        assert!(!pulse.ready(CoreId(1)));
        assert_eq!(pulse.silent_cores(), [CoreId(0)]);
        assert_eq!(pulse.silent_cores(), [CoreId(0), CoreId(1)], "each question is another");
        pulse.answer(CoreId(0));
        pulse.answer(CoreId(1));
        assert_eq!(pulse.silent_cores(), []);
    }
}
