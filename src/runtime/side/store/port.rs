//! How cores speak with the store's thread, and with the one that checks passwords: to each thread one bounded queue
//! from all cores, and one bounded queue to each core from both. A shard has
//! at most [`effects_in_flight_max`](crate::base::limits::Limits::effects_in_flight_max) effects under way and every
//! queue has place for as many, so nobody ever finds one full.

use crate::base::ids::CoreId;
use crate::runtime::core::doorbell::Doorbell;
use crate::shard::{Effect, EffectId, Resolution};
use crossbeam_queue::ArrayQueue;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

/// One effect of one core.
#[derive(Debug)]
pub struct Request {
    /// Whose.
    pub core: CoreId,
    /// What it is resolved by.
    pub id: EffectId,
    /// What is wanted.
    pub effect: Effect,
}

type Answers = Arc<ArrayQueue<(EffectId, Resolution)>>;

/// A core's side.
pub struct Port {
    core: CoreId,
    requests: SyncSender<Request>,
    checks: SyncSender<Request>,
    answers: Answers,
}

/// A thread's side. It ends when every core has gone.
pub struct Desk {
    requests: Receiver<Request>,
    answers: Vec<Answers>,
    doorbells: Arc<[Doorbell]>,
}

/// The ports of all cores, in their order, and the desks they speak with: the store's, and that of the thread that
/// checks passwords.
pub fn ports(doorbells: &Arc<[Doorbell]>, effects_in_flight_max: u32) -> (Vec<Port>, Desk, Desk) {
    let (cores, places) = (doorbells.len(), effects_in_flight_max as usize);
    let (sender, requests) = sync_channel(cores * places);
    let (checks, checked) = sync_channel(cores * places);
    let answers: Vec<Answers> = (0..cores).map(|_| Arc::new(ArrayQueue::new(places))).collect();
    let port = |(core, answers): (usize, &Answers)| Port {
        core: CoreId(core as u16),
        requests: sender.clone(),
        checks: checks.clone(),
        answers: answers.clone(),
    };
    let ports = answers.iter().enumerate().map(port).collect();
    let desk = |requests| Desk { requests, answers: answers.clone(), doorbells: doorbells.clone() };
    (ports, desk(requests), desk(checked))
}

impl Port {
    /// Hands an effect over.
    pub fn ask(&self, id: EffectId, effect: Effect) {
        let thread = if matches!(effect, Effect::Verify { .. }) { &self.checks } else { &self.requests };
        let handed = thread.try_send(Request { core: self.core, id, effect });
        assert!(handed.is_ok(), "a shard keeps its bound of effects, and the threads outlive the cores");
    }

    /// The next effect that is done.
    pub fn answer(&self) -> Option<(EffectId, Resolution)> {
        self.answers.pop()
    }

    /// Whether an effect is done.
    pub fn ready(&self) -> bool {
        !self.answers.is_empty()
    }
}

impl Desk {
    /// Waits until something is wanted; then as [`Self::look`].
    pub fn wait(&self) -> Option<Vec<Request>> {
        let first = self.requests.recv().ok()?;
        Some(std::iter::once(first).chain(self.requests.try_iter()).collect())
    }

    /// All that is wanted by now; `None` when nothing is wanted any more, as every core has gone.
    pub fn look(&self) -> Option<Vec<Request>> {
        let mut wanted = Vec::new();
        loop {
            match self.requests.try_recv() {
                Ok(request) => wanted.push(request),
                Err(TryRecvError::Disconnected) if wanted.is_empty() => return None,
                Err(_) => return Some(wanted),
            }
        }
    }

    /// Tells a core what became of its effect.
    pub fn resolve(&self, core: CoreId, id: EffectId, resolution: Resolution) {
        // A core that has left takes no answers.
        let _ = self.answers[core.index()].push((id, resolution));
        self.doorbells[core.index()].ring();
    }
}
