//! How a thread beside the cores is woken: it parks, and is unparked only when it sleeps.

use crate::runtime::sleeper::Sleeper;
use std::sync::OnceLock;
use std::thread::Thread;
use std::time::Duration;

/// The bell of one thread. Its thread waits, everybody rings.
#[derive(Debug, Default)]
pub struct Bell {
    sleeper: Sleeper,
    thread: OnceLock<Thread>,
}

impl Bell {
    /// Work for the thread was put where it looks: wakes it if it sleeps.
    pub fn ring(&self) {
        if self.sleeper.must_wake()
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Waits until `look` finds something, which is looked for each time the bell is rung; or for this long. Whether it found
    /// something. Always the same thread waits.
    pub fn wait(&self, at_most: Option<Duration>, mut look: impl FnMut() -> bool) -> bool {
        self.thread.get_or_init(std::thread::current);
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
