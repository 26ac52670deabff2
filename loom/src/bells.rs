//! Models of the two bells. What is tried is the code around them: who says what to whom before it sleeps.

use crate::sleeper::Sleeper;
use loom::sync::{Condvar, Mutex};
use std::task::Waker;
use std::time::Duration;

/// A core's: the eventfd is a count, which waits for a sleeper that comes late.
pub struct Doorbell {
    sleeper: Sleeper,
    eventfd: (Mutex<bool>, Condvar),
}

impl Doorbell {
    pub fn new() -> Self {
        Self { sleeper: Sleeper::new(), eventfd: (Mutex::new(false), Condvar::new()) }
    }

    pub fn ring(&self) {
        if self.sleeper.must_wake() {
            *self.eventfd.0.lock().unwrap() = true;
            self.eventfd.1.notify_one();
        }
    }

    fn wait(&self) {
        let mut rung = self.eventfd.0.lock().unwrap();
        while !*rung {
            rung = self.eventfd.1.wait(rung).unwrap();
        }
        *rung = false;
    }

    /// Sleeps as a core does between two turns, unless `look` finds something. If nobody rings then, loom finds a deadlock.
    pub fn sleep_unless(&self, look: impl FnOnce() -> bool) -> bool {
        self.sleeper.sleeping();
        let found = look();
        if !found {
            self.wait();
        }
        self.sleeper.awake();
        found
    }
}

/// Of a thread beside the cores.
pub struct Bell(Doorbell);

impl Default for Bell {
    fn default() -> Self {
        Self(Doorbell::new())
    }
}

impl Bell {
    pub fn ring(&self) {
        self.0.ring();
    }

    /// Nobody here waits for other things too.
    pub fn wake_by(&self, _: Waker) {}

    pub fn doze(&self, look: impl FnOnce() -> bool) -> bool {
        self.0.sleeper.sleeping();
        let found = look();
        if found {
            self.0.sleeper.awake();
        }
        !found
    }

    pub fn awake(&self) {
        self.0.sleeper.awake();
    }

    /// No time passes here.
    pub fn wait(&self, _at_most: Option<Duration>, mut look: impl FnMut() -> bool) -> bool {
        while !self.0.sleep_unless(&mut look) {}
        true
    }
}
