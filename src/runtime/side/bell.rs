//! How a thread beside the cores is woken: it parks, and is unparked only when it sleeps. One that waits for other things too
//! says how else it is woken.

use crate::runtime::sleeper::Sleeper;
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

/// The bell of one thread. Its thread waits, everybody rings.
#[derive(Debug, Default)]
pub struct Bell {
    sleeper: Sleeper,
    waker: OnceLock<Waker>,
}

/// Unparks a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Bell {
    /// Work for the thread was put where it looks: wakes it if it sleeps.
    pub fn ring(&self) {
        if self.sleeper.must_wake()
            && let Some(waker) = self.waker.get()
        {
            waker.wake_by_ref();
        }
    }

    /// The thread is woken so from now on, and waits by itself: between [`Bell::doze`] and [`Bell::awake`]. Said once, before
    /// anything else.
    pub fn wake_by(&self, waker: Waker) {
        let _ = self.waker.set(waker);
    }

    /// The thread is about to sleep, unless `look` finds something. Whether it may.
    pub fn doze(&self, look: impl FnOnce() -> bool) -> bool {
        self.sleeper.sleeping();
        let found = look();
        if found {
            self.sleeper.awake();
        }
        !found
    }

    /// The thread is awake again.
    pub fn awake(&self) {
        self.sleeper.awake();
    }

    /// Waits until `look` finds something, which is looked for each time the bell is rung; or for this long. Whether it found
    /// something. Always the same thread waits.
    pub fn wait(&self, at_most: Option<Duration>, mut look: impl FnMut() -> bool) -> bool {
        self.waker.get_or_init(|| Waker::from(Arc::new(Unpark(std::thread::current()))));
        let until = at_most.map(|time| std::time::Instant::now() + time);
        loop {
            self.sleeper.sleeping();
            let found = look();
            let left = until.map(|until| until.saturating_duration_since(std::time::Instant::now()));
            let over = found || left.is_some_and(|left| left.is_zero());
            if !over {
                // An unpark that comes before the park is kept, so nothing is lost in between.
                left.map_or_else(std::thread::park, std::thread::park_timeout);
            }
            self.sleeper.awake();
            if over {
                return found;
            }
        }
    }
}
