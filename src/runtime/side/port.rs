//! The port between the cores and a thread beside them, the same for every such thread: one bounded queue from all cores to
//! the thread, one bounded queue back to each core, and a bell at each end.
//!
//! A core never waits: what finds no place stays with it, and it is woken when there is room. The thread may wait, for room
//! with a core too. Messages of one core keep their order, those of several cores the order in which they came.

use crate::base::ids::CoreId;
use crate::runtime::core::doorbell::Doorbell;
use crate::runtime::side::bell::Bell;
use crate::runtime::sync::{ArrayQueue, AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// Both ends of a port: that of each core in their order, and the thread's. Each queue to a core has `places`, and that to the
/// thread as many for each core.
pub fn port<Q, A>(doorbells: &Arc<[Doorbell]>, places: usize) -> (Vec<Port<Q, A>>, Desk<Q, A>) {
    let back = || Back {
        messages: ArrayQueue::new(places),
        blocked: AtomicBool::new(false),
        left: AtomicBool::new(false),
    };
    let shared = Arc::new(Shared {
        messages: ArrayQueue::new(places * doorbells.len()),
        bell: Bell::default(),
        back: doorbells.iter().map(|_| back()).collect(),
        doorbells: doorbells.clone(),
        waits_for_room: AtomicBool::new(false),
        cores_here: AtomicUsize::new(doorbells.len()),
        cores_in_order: AtomicUsize::new(0),
    });
    let port = |core| Port { core, shared: shared.clone(), undelivered: None };
    ((0..doorbells.len()).map(port).collect(), Desk { shared })
}

struct Shared<Q, A> {
    messages: ArrayQueue<(CoreId, Q)>,
    bell: Bell,
    back: Vec<Back<A>>,
    doorbells: Arc<[Doorbell]>,
    /// The thread waits until a core has heard something.
    waits_for_room: AtomicBool,
    cores_here: AtomicUsize,
    /// Cores that have left and had nothing more to say.
    cores_in_order: AtomicUsize,
}

/// The way back to one core.
struct Back<A> {
    messages: ArrayQueue<A>,
    /// The core found no room for what it has to say, and wants to be woken when there is some.
    blocked: AtomicBool,
    /// The core has left and hears nothing.
    left: AtomicBool,
}

/// A core's end. Dropping it says that the core has left.
pub struct Port<Q, A> {
    core: usize,
    shared: Arc<Shared<Q, A>>,
    /// What found no place.
    undelivered: Option<Q>,
}

impl<Q, A> Port<Q, A> {
    /// Says what was held back and then what `next` has, as far as there is room, and wakes the thread.
    pub fn tell(&mut self, mut next: impl FnMut() -> Option<Q>) {
        let mut told = false;
        while let Some(message) = self.undelivered.take().or_else(&mut next) {
            match self.shared.messages.push((CoreId(self.core as u16), message)) {
                Ok(()) => told = true,
                Err((_, message)) => {
                    self.undelivered = Some(message);
                    self.back().blocked.store(true, Ordering::Relaxed);
                    break;
                }
            }
        }
        if told {
            self.shared.bell.ring();
        }
    }

    /// Says one thing of which the caller knows that there is room for it.
    ///
    /// # Panics
    /// There is none.
    pub fn ask(&mut self, message: Q) {
        self.tell({
            let mut message = Some(message);
            move || message.take()
        });
        assert!(self.undelivered.is_none(), "who asks keeps its bound of questions");
    }

    /// Hears what the thread said: one message at least, more while `may_go_on` says so, `count_max` of it at most.
    pub fn hear(&self, count_max: usize, mut may_go_on: impl FnMut() -> bool, mut on_message: impl FnMut(A)) {
        let mut heard = 0;
        while heard < count_max
            && (heard == 0 || may_go_on())
            && let Some(message) = self.back().messages.pop()
        {
            on_message(message);
            heard += 1;
        }
        if heard > 0 {
            fence(Ordering::SeqCst);
            if self.shared.waits_for_room.load(Ordering::Relaxed) {
                self.shared.bell.ring();
            }
        }
    }

    /// Whether a turn would move a message.
    pub fn ready(&self) -> bool {
        !self.back().messages.is_empty() || (self.has_undelivered() && !self.shared.messages.is_full())
    }

    /// Whether something found no place yet.
    pub fn has_undelivered(&self) -> bool {
        self.undelivered.is_some()
    }

    /// The core has said all it had to say. It leaves in order.
    pub fn leave(self) {
        if self.undelivered.is_none() {
            self.shared.cores_in_order.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn back(&self) -> &Back<A> {
        &self.shared.back[self.core]
    }
}

impl<Q, A> Drop for Port<Q, A> {
    fn drop(&mut self) {
        self.back().left.store(true, Ordering::Relaxed);
        self.shared.cores_here.fetch_sub(1, Ordering::AcqRel);
        self.shared.bell.ring();
    }
}

/// The thread's end.
pub struct Desk<Q, A> {
    shared: Arc<Shared<Q, A>>,
}

impl<Q, A> Desk<Q, A> {
    /// Cores, gone or not.
    pub fn cores(&self) -> usize {
        self.shared.back.len()
    }

    /// Whether every core has left. What they said before may still have to be heard.
    pub fn closed(&self) -> bool {
        self.shared.cores_here.load(Ordering::Acquire) == 0
    }

    /// Whether every core left and had said all it had to say.
    pub fn closed_in_order(&self) -> bool {
        self.closed() && self.shared.cores_in_order.load(Ordering::Relaxed) == self.cores()
    }

    /// The next that a core said.
    pub fn hear(&self) -> Option<(CoreId, Q)> {
        let heard = self.shared.messages.pop()?;
        fence(Ordering::SeqCst);
        for (back, doorbell) in self.shared.back.iter().zip(self.shared.doorbells.iter()) {
            if back.blocked.load(Ordering::Relaxed) && back.blocked.swap(false, Ordering::Relaxed) {
                doorbell.ring();
            }
        }
        Some(heard)
    }

    /// Hears so many messages at most, so that whoever floods the thread leaves it time for its other work. Whether there is more
    /// to hear.
    pub fn hear_some(&self, count_max: usize, on_message: impl FnMut((CoreId, Q))) -> bool {
        std::iter::from_fn(|| self.hear()).take(count_max).for_each(on_message);
        self.ready()
    }

    /// Whether there is something to hear.
    pub fn ready(&self) -> bool {
        !self.shared.messages.is_empty()
    }

    /// The thread waits for other things too, and is woken so: it sleeps between [`Desk::doze`] and [`Desk::awake`].
    pub fn wake_by(&self, waker: Waker) {
        self.shared.bell.wake_by(waker);
    }

    /// The thread is about to sleep. Whether it may: there is nothing to hear, and a core is there.
    pub fn doze(&self) -> bool {
        self.shared.bell.doze(|| self.ready() || self.closed())
    }

    /// The thread is awake again.
    pub fn awake(&self) {
        self.shared.bell.awake();
    }

    /// Waits until there is something to hear or every core has left, or for this long.
    pub fn wait(&self, at_most: Option<Duration>) {
        self.shared.bell.wait(at_most, || self.ready() || self.closed());
    }

    /// Waits until there is something to hear, and takes all there is; `None` when every core has gone and was heard.
    pub fn take(&self) -> Option<Vec<(CoreId, Q)>> {
        self.wait(None);
        self.look()
    }

    /// All there is to hear now; `None` when every core has gone and was heard.
    pub fn look(&self) -> Option<Vec<(CoreId, Q)>> {
        // Before the queue is looked into: what a core said came before it left.
        let closed = self.closed();
        let heard: Vec<_> = std::iter::from_fn(|| self.hear()).collect();
        (!closed || !heard.is_empty()).then_some(heard)
    }

    /// Whether a core is there to hear something.
    pub fn hears(&self, core: usize) -> bool {
        !self.shared.back[core].left.load(Ordering::Relaxed)
    }

    /// Says something to a core and wakes it; waits until there is room for it. A core that has left hears nothing.
    pub fn tell(&self, core: usize, message: A) {
        let back = &self.shared.back[core];
        if !self.room(core, back.messages.capacity()) {
            return;
        }
        let placed = back.messages.push(message);
        assert!(placed.is_ok(), "only this thread fills the queue, and it had room");
        self.shared.doorbells[core].ring();
    }

    /// Waits until a core has left less than `count` things unheard; false if it has left.
    pub fn room(&self, core: usize, count: usize) -> bool {
        let back = &self.shared.back[core];
        let look = || back.messages.len() < count || back.left.load(Ordering::Relaxed);
        if !look() {
            self.shared.waits_for_room.store(true, Ordering::Relaxed);
            self.shared.bell.wait(None, look);
            self.shared.waits_for_room.store(false, Ordering::Relaxed);
        }
        self.hears(core)
    }
}
