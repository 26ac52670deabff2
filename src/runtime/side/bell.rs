//! How a thread beside the cores is woken: it parks, and is unparked only when it sleeps. One that waits for other things too
//! says how else it is woken; wherever it sleeps, it is woken in both ways.

use crate::runtime::sleeper::Sleeper;
use std::sync::OnceLock;
use std::task::Waker;
use std::thread::Thread;
use std::time::Duration;

/// The bell of one thread. Its thread waits, everybody rings.
#[derive(Debug, Default)]
pub struct Bell {
    sleeper: Sleeper,
    waker: OnceLock<Waker>,
    /// The thread, once it has parked.
    parks: OnceLock<Thread>,
}

impl Bell {
    /// Work for the thread was put where it looks: wakes it if it sleeps.
    pub fn ring(&self) {
        if self.sleeper.must_wake() {
            self.waker.get().iter().for_each(|waker| waker.wake_by_ref());
            self.parks.get().iter().for_each(|thread| thread.unpark());
        }
    }

    /// The thread is woken so too from now on, and may wait by itself: between [`Bell::doze`] and [`Bell::awake`]. Said once,
    /// before anything else.
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
        self.parks.get_or_init(std::thread::current);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};

    #[test]
    fn a_thread_that_is_woken_otherwise_is_woken_where_it_parks_too() {
        let (bell, is_there, looks) =
            (Arc::new(Bell::default()), Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (woken, wakes) = mpsc::channel();
        let thread = std::thread::spawn({
            let (bell, is_there, looks) = (bell.clone(), is_there.clone(), looks.clone());
            move || {
                bell.wake_by(Waker::noop().clone());
                bell.wait(None, || {
                    looks.fetch_add(1, Ordering::SeqCst);
                    is_there.load(Ordering::SeqCst)
                });
                woken.send(()).expect("somebody listens");
            }
        });
        while looks.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        is_there.store(true, Ordering::SeqCst);
        bell.ring();
        // Long enough for every machine; who is woken needs none of it.
        wakes.recv_timeout(Duration::from_secs(30)).expect("it parks for ever");
        thread.join().expect("it ends");
    }
}
