//! The mesh: one bounded queue for each ordered pair of cores, so messages of one core to another keep their
//! order. A full queue is never waited for: what finds no place stays with its shard.

use super::doorbell::Doorbell;
use crate::base::ids::CoreId;
use crossbeam_queue::ArrayQueue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};

/// Messages of one lane taken in one turn, so that a talkative peer does not starve the sockets.
const HEAR_MAX: usize = 128;

/// Places of all lanes into one core, before they are split between its peers. The memory of the mesh
/// grows with the number of cores, not with its square.
const INBOX_MESSAGES: usize = 4096;

/// From one core to another.
struct Lane<T> {
    messages: ArrayQueue<T>,
    /// The sender found the lane full and wants to be woken when there is room.
    blocked: AtomicBool,
}

/// One core's place in the mesh. Lanes are indexed by peer; a core's lane to itself stays empty.
pub struct Port<T> {
    core: CoreId,
    inward: Vec<Arc<Lane<T>>>,
    outward: Vec<Arc<Lane<T>>>,
    doorbells: Arc<[Doorbell]>,
    /// Peers whose lane was full when this core last had something for them.
    backlog: Vec<bool>,
}

/// Makes the ports of all cores, in their order.
pub fn mesh<T>(doorbells: &Arc<[Doorbell]>) -> Vec<Port<T>> {
    let cores = doorbells.len();
    let places = (INBOX_MESSAGES / cores.max(1)).clamp(64, 1024);
    let lane = |from: usize, to: usize| {
        let places = if from == to { 1 } else { places };
        Arc::new(Lane { messages: ArrayQueue::new(places), blocked: AtomicBool::new(false) })
    };
    let lanes: Vec<Vec<_>> = (0..cores).map(|from| (0..cores).map(|to| lane(from, to)).collect()).collect();
    (0..cores)
        .map(|core| Port {
            core: CoreId(core as u16),
            inward: lanes.iter().map(|from| from[core].clone()).collect(),
            outward: lanes[core].clone(),
            doorbells: doorbells.clone(),
            backlog: vec![false; cores],
        })
        .collect()
}

impl<T> Port<T> {
    /// The other cores.
    fn peers(&self) -> impl Iterator<Item = usize> + use<T> {
        let core = self.core.index();
        (0..self.inward.len()).filter(move |peer| *peer != core)
    }

    /// Takes what peers said, a bounded part of it. True if there was something.
    pub fn hear(&mut self, mut on_message: impl FnMut(CoreId, T)) -> bool {
        let mut heard = false;
        for peer in self.peers() {
            let lane = &self.inward[peer];
            let mut taken = 0;
            while taken < HEAR_MAX {
                let Some(message) = lane.messages.pop() else { break };
                on_message(CoreId(peer as u16), message);
                taken += 1;
            }
            heard |= taken > 0;
            if taken > 0 {
                fence(Ordering::SeqCst);
                if lane.blocked.load(Ordering::Relaxed) && lane.blocked.swap(false, Ordering::Relaxed) {
                    self.doorbells[peer].ring();
                }
            }
        }
        heard
    }

    /// Hands over what `next` has for each peer, as far as there is room, and wakes the peers that sleep.
    pub fn tell(&mut self, mut next: impl FnMut(CoreId) -> Option<T>) {
        for peer in self.peers() {
            let lane = &self.outward[peer];
            let mut told = false;
            self.backlog[peer] = loop {
                if lane.messages.is_full() {
                    lane.blocked.store(true, Ordering::Relaxed);
                    break true;
                }
                let Some(message) = next(CoreId(peer as u16)) else { break false };
                let place = lane.messages.push(message);
                assert!(place.is_ok(), "only this core fills the lane, and it had room");
                told = true;
            };
            if told {
                self.doorbells[peer].ring();
            }
        }
    }

    /// Whether a turn would move a message.
    pub fn ready(&self) -> bool {
        self.peers().any(|peer| {
            !self.inward[peer].messages.is_empty()
                || (self.backlog[peer] && !self.outward[peer].messages.is_full())
        })
    }

    /// Wakes every other core, for what is not a message.
    pub fn ring_all(&self) {
        self.peers().for_each(|peer| self.doorbells[peer].ring());
    }

    /// This core's own doorbell.
    pub fn doorbell(&self) -> &Doorbell {
        &self.doorbells[self.core.index()]
    }
}
