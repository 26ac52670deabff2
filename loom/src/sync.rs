//! What `runtime/sync.rs` names, for loom. The queue is a model of crossbeam's: places that are claimed by one counter and
//! handed over by a stamp of their own. It orders less than the real one, which only makes the models stricter.

use loom::cell::UnsafeCell;
pub use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// A bounded queue.
pub struct ArrayQueue<T> {
    slots: Vec<Slot<T>>,
    head: AtomicUsize,
    tail: AtomicUsize,
}

struct Slot<T> {
    /// Twice the round in which it is free; one more when it is full.
    stamp: AtomicUsize,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: a value is written and taken by the one thread that claimed its place.
unsafe impl<T: Send> Sync for ArrayQueue<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for ArrayQueue<T> {}

impl<T> ArrayQueue<T> {
    pub fn new(places: usize) -> Self {
        let slot = |_| Slot { stamp: AtomicUsize::new(0), value: UnsafeCell::new(None) };
        Self { slots: (0..places).map(slot).collect(), head: AtomicUsize::new(0), tail: AtomicUsize::new(0) }
    }

    fn slot(&self, at: usize) -> (&Slot<T>, usize) {
        (&self.slots[at % self.slots.len()], 2 * (at / self.slots.len()))
    }

    /// # Errors
    /// It is full.
    pub fn push(&self, value: T) -> Result<(), T> {
        loop {
            let tail = self.tail.load(Ordering::Relaxed);
            let (slot, free) = self.slot(tail);
            let stamp = slot.stamp.load(Ordering::Acquire);
            if stamp == free {
                if self.claim(&self.tail, tail) {
                    // SAFETY: this thread claimed the place, and nobody reads it before the stamp says that it is full.
                    slot.value.with_mut(|place| unsafe { *place = Some(value) });
                    slot.stamp.store(free + 1, Ordering::Release);
                    return Ok(());
                }
            } else if stamp + 1 == free && self.head.load(Ordering::Acquire) + self.slots.len() == tail {
                return Err(value);
            } else {
                loom::thread::yield_now();
            }
        }
    }

    pub fn pop(&self) -> Option<T> {
        loop {
            let head = self.head.load(Ordering::Relaxed);
            let (slot, free) = self.slot(head);
            let stamp = slot.stamp.load(Ordering::Acquire);
            if stamp == free + 1 {
                if self.claim(&self.head, head) {
                    // SAFETY: this thread claimed the place, and nobody writes it before the stamp says that it is free.
                    let value = slot.value.with_mut(|place| unsafe { (*place).take() });
                    slot.stamp.store(free + 2, Ordering::Release);
                    return value;
                }
            } else if stamp == free && self.tail.load(Ordering::Acquire) == head {
                return None;
            } else {
                loom::thread::yield_now();
            }
        }
    }

    fn claim(&self, counter: &AtomicUsize, at: usize) -> bool {
        counter.compare_exchange(at, at + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    pub fn len(&self) -> usize {
        let tail = self.tail.load(Ordering::Acquire);
        tail.saturating_sub(self.head.load(Ordering::Acquire))
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    pub fn capacity(&self) -> usize {
        self.slots.len()
    }
}
