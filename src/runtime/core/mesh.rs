//! The mesh: one bounded queue for each ordered pair of cores, so messages of one core to another keep their
//! order. A full queue is never waited for: what finds no place stays with its shard.

use crate::base::ids::CoreId;
use crate::runtime::core::doorbell::Doorbell;
use crate::runtime::sync::{ArrayQueue, AtomicBool, Ordering, fence};
use std::sync::Arc;

/// Messages of one lane taken in one turn, so that a talkative peer does not starve the sockets.
const HEAR_MAX: usize = 128;

/// Places of all lanes into one core, before they are split between its peers. The memory of the mesh
/// grows with the number of cores, not with its square.
const INBOX_MESSAGES: usize = 4096;

/// From one core to another.
struct MeshLane<T> {
    messages: ArrayQueue<T>,
    /// The sender found the lane full and wants to be woken when there is room.
    blocked: AtomicBool,
}

/// One core's place in the mesh. Lanes are indexed by peer; a core's lane to itself stays empty.
pub struct MeshPort<T> {
    core: CoreId,
    inward: Vec<Arc<MeshLane<T>>>,
    outward: Vec<Arc<MeshLane<T>>>,
    doorbells: Arc<[Doorbell]>,
    /// Peers whose lane was full when this core last had something for them.
    backlog: Vec<bool>,
}

/// Makes the ports of all cores, in their order.
pub fn mesh<T>(doorbells: &Arc<[Doorbell]>) -> Vec<MeshPort<T>> {
    mesh_of(doorbells, (INBOX_MESSAGES / doorbells.len().max(1)).clamp(64, 1024))
}

/// The same with so many places in each lane.
pub fn mesh_of<T>(doorbells: &Arc<[Doorbell]>, places: usize) -> Vec<MeshPort<T>> {
    let cores = doorbells.len();
    let lane = |from: usize, to: usize| {
        let places = if from == to { 1 } else { places };
        Arc::new(MeshLane { messages: ArrayQueue::new(places), blocked: AtomicBool::new(false) })
    };
    let lanes: Vec<Vec<_>> = (0..cores).map(|from| (0..cores).map(|to| lane(from, to)).collect()).collect();
    (0..cores)
        .map(|core| MeshPort {
            core: CoreId(core as u16),
            inward: lanes.iter().map(|from| from[core].clone()).collect(),
            outward: lanes[core].clone(),
            doorbells: doorbells.clone(),
            backlog: vec![false; cores],
        })
        .collect()
}

impl<T> MeshPort<T> {
    /// The other cores.
    fn peers(&self) -> impl Iterator<Item = usize> + use<T> {
        let core = self.core.index();
        (0..self.inward.len()).filter(move |peer| *peer != core)
    }

    /// Takes what peers said, a bounded part of it: one message of each at least, more while `may_go_on` says so. True if there
    /// was something.
    pub fn hear(
        &mut self,
        mut may_go_on: impl FnMut() -> bool,
        mut on_message: impl FnMut(CoreId, T),
    ) -> bool {
        let mut heard = false;
        for peer in self.peers() {
            let lane = &self.inward[peer];
            let mut taken = 0;
            while taken == 0 || (taken < HEAR_MAX && may_go_on()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::core::ring::Ring;
    use std::os::fd::AsRawFd;
    use std::time::{Duration, Instant};

    /// Far longer than any wake-up takes: who sleeps this long was not woken.
    const LOST: Duration = Duration::from_secs(5);

    fn ports(cores: usize) -> Vec<MeshPort<u64>> {
        mesh(&(0..cores).map(|_| Doorbell::new().expect("a descriptor is free")).collect())
    }

    fn collected(port: &mut MeshPort<u64>) -> Vec<(u16, u64)> {
        let mut heard = Vec::new();
        while port.hear(|| true, |from, message| heard.push((from.0, message))) {}
        heard
    }

    #[test]
    fn messages_keep_their_order_and_name_their_sender() {
        let mut ports = ports(3);
        for (core, port) in ports.iter_mut().enumerate() {
            let mut left = [2, 2, 2];
            port.tell(|to| {
                let left = &mut left[to.index()];
                *left = u64::checked_sub(*left, 1)?;
                Some(*left + 10 * core as u64)
            });
        }
        assert_eq!(collected(&mut ports[0]), [(1, 11), (1, 10), (2, 21), (2, 20)]);
        assert_eq!(collected(&mut ports[2]), [(0, 1), (0, 0), (1, 11), (1, 10)]);
    }

    #[test]
    fn what_finds_no_place_stays_with_its_sender() {
        let mut ports = ports(2);
        let mut asked = 0;
        ports[0].tell(|_| {
            asked += 1;
            Some(asked)
        });
        assert_eq!(asked, 1024, "as many as the lane holds, none lost");
        assert!(!ports[0].ready(), "a full lane is nothing to turn for");
        assert!(ports[1].ready());
        let mut heard = 0;
        ports[1].hear(|| false, |_, _| heard += 1);
        assert_eq!(heard, 1, "one at least, whatever the time");
        ports[1].hear(|| true, |_, _| heard += 1);
        assert_eq!(heard, 1 + HEAR_MAX, "one turn hears a bounded part");
        assert!(ports[0].ready(), "there is room for what waits");
        ports[0].tell(|_| None);
        assert!(!ports[0].ready());
    }

    #[test]
    fn a_sender_that_sleeps_over_a_full_lane_is_woken_by_room() {
        let mut ports = ports(2);
        let mut ring = Ring::new().expect("io_uring is allowed where the tests run");
        ring.watch(ports[0].doorbell().as_raw_fd());
        ports[0].tell(|_| Some(0));
        ports[0].doorbell().sleeping();
        assert!(!ports[0].ready());
        ports[1].hear(|| true, |_, _| {});
        let before = Instant::now();
        ring.sleep(Some(LOST)).expect("the ring sleeps");
        assert!(before.elapsed() < LOST, "nobody rang");
    }

    /// One side of [`no_wake_up_is_lost`]: sends `count` numbers, now and then more at once than the lane
    /// holds, expects as many in order, and sleeps whenever there is nothing to do.
    fn talk(mut port: MeshPort<u64>, count: u64, seed: u64) -> u64 {
        let mut ring = Ring::new().expect("io_uring is allowed where the tests run");
        ring.watch(port.doorbell().as_raw_fd());
        let (mut sent, mut expected, mut sleeps, mut random) = (0, 0, 0, seed);
        let mut batch = Vec::new();
        while sent < count || expected < count {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let burst = if random >> 60 == 0 { 3000 } else { random >> 62 };
            let until = (sent + burst).min(expected + 3000).min(count);
            port.hear(
                || true,
                |_, message| {
                    assert_eq!(message, expected);
                    expected += 1;
                },
            );
            port.tell(|_| {
                (sent < until).then(|| {
                    sent += 1;
                    sent - 1
                })
            });
            let waits = burst == 0 || port.backlog.contains(&true) || sent == count;
            if waits && expected < count {
                port.doorbell().sleeping();
                if !port.ready() && sent > expected {
                    let before = Instant::now();
                    ring.sleep(Some(LOST)).expect("the ring sleeps");
                    assert!(before.elapsed() < LOST, "slept with work: sent {sent}, heard {expected}");
                    sleeps += 1;
                }
                port.doorbell().awake();
                batch.clear();
                ring.collect(&mut batch).expect("the ring works");
            }
        }
        // The peer may wait for room that this side made with its last turn.
        port.ring_all();
        sleeps
    }

    #[test]
    fn no_wake_up_is_lost() {
        let mut ports = ports(2);
        let (second, first) = (ports.pop(), ports.pop());
        let sides = [(first, 1), (second, 2)].map(|(port, seed)| {
            let port = port.expect("two ports were made");
            std::thread::spawn(move || talk(port, 100_000, seed))
        });
        let sleeps: u64 = sides.into_iter().map(|side| side.join().expect("neither side failed")).sum();
        assert!(sleeps > 10, "the test must sleep to show anything: {sleeps}");
    }
}
