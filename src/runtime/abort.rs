//! A panic ends the process.

use super::log;

/// Ends the process when the thread that holds it panics: a core, or one beside the cores. They share nothing, but each
/// needs the others: a process that lives on without one would accept connections that nobody serves and lose channels
/// silently. A supervisor sees the abort, starts the process anew, and clients recover from history.
pub struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            log::at_once(
                "a thread has panicked (see above); the process ends so that it can be started anew",
            );
            std::process::abort();
        }
    }
}
