//! A log that could not be written goes on, when the disk is well again.
//!
//! After a failure nobody knows what is on disk behind the last sync. Each of these steps is on disk before the next one
//! begins, and the process may end between any two of them:
//!
//! 1. The segment is cut back to the last sync. Until then it is the newest one, whose end may be torn.
//! 2. Another segment is begun. A file of its number that an earlier attempt left is the newest one, and replaced.
//! 3. The cores say that they begin again; what they said before that is lost. Each of them hands over all its
//!    channels, and the log is whole when it has them: it does not end as [`Entry::Clean`](crate::store::log::Entry::Clean) before.

use super::error::LogError;
use super::log::Log;
use crate::runtime::log;
use crate::shard::LogNews;
use std::time::{Duration, Instant};

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

impl Log {
    /// The disk failed: says so, and tries again every second. False says that all cores have left.
    pub(super) fn recover(&mut self, error: &LogError) -> bool {
        let mut reason = error.to_string();
        log::error!(
            "{reason}. Channels that keep their history on disk take no publications until it can be written; this is tried \
             every second."
        );
        self.progress.fail();
        self.forget_unwritten();
        (self.commit, self.sync_at_us) = (false, None);
        self.tell_all(|| LogNews::Failed);
        loop {
            if self.wait_until_left() {
                return false;
            }
            let Err(error) = self.begin_again() else { break };
            let now = error.to_string();
            if now != reason {
                log::error!("the history cannot be written yet: {now}");
                reason = now;
            }
        }
        log::info!("the history can be written again; channels that keep it on disk take publications.");
        let number = self.progress.resume();
        self.tell_all(|| LogNews::Resume(number));
        self.begin_checkpoint();
        true
    }

    /// Listens for a while, for nothing that is said counts. True says that all cores have left.
    fn wait_until_left(&self) -> bool {
        let until = Instant::now() + PAUSE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.desk.wait(Some(left));
            while self.desk.hear().is_some() {}
            if self.desk.closed() {
                return true;
            }
        }
    }

    fn begin_again(&mut self) -> Result<(), LogError> {
        self.writer.cut()?;
        self.roll()
    }

    pub(super) fn tell_all(&self, news: impl Fn() -> LogNews) {
        (0..self.desk.cores()).for_each(|core| self.desk.tell(core, news()));
    }
}
