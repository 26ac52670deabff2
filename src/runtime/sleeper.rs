//! Whether a thread sleeps: it is woken only then, and no wake-up is lost.
//!
//! A thread that wants to sleep says so first and then looks once more for work; who brings work puts it down first and then
//! looks whether the thread sleeps. With a full fence between the two steps of each, at least one of them sees the other.

use crate::runtime::sync::{AtomicBool, Ordering, fence};

/// Of one thread: it sleeps and wakes, everybody may wake it.
#[derive(Debug)]
pub struct Sleeper {
    sleeping: AtomicBool,
}

impl Sleeper {
    /// Of a thread that is awake.
    pub fn new() -> Self {
        Self { sleeping: AtomicBool::new(false) }
    }

    /// Work was put where the thread looks: whether the caller must wake it. Of several callers one must.
    #[must_use]
    pub fn must_wake(&self) -> bool {
        fence(Ordering::SeqCst);
        self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::Relaxed)
    }

    /// The thread is about to sleep. It must look for work once more after this, and call [`Sleeper::awake`] whether it then
    /// sleeps or not.
    pub fn sleeping(&self) {
        self.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The thread is awake and needs no waking.
    pub fn awake(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }
}

impl Default for Sleeper {
    fn default() -> Self {
        Self::new()
    }
}
