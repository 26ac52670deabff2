//! The thread that gives memory back. What the node took in a flood is free when the flood is over, but the allocator hands
//! it to the system only where somebody allocates, which on a quiet node is nobody; and it takes a millisecond for some tens of
//! megabytes, which no core has.

use super::priority::step_back;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks for memory that is free. The allocator keeps what became free for a second, as it may be wanted again.
const LOOK: Duration = Duration::from_millis(1_000);

/// The running thread. It ends when this is dropped.
pub struct Heap {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread.
///
/// # Errors
/// The thread could not be made.
pub fn start() -> Result<Heap, RuntimeError> {
    let (end, ended) = mpsc::channel();
    let run = move || {
        let _guard = AbortOnPanic;
        step_back();
        while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            give_back();
        }
    };
    let thread = std::thread::Builder::new().name("heap".into()).spawn(run).map_err(|source| {
        RuntimeError::Process { what: "start the thread that gives memory back", source }
    })?;
    Ok(Heap { end: Some(end), thread: Some(thread) })
}

/// Hands to the system what was free for a while, whichever thread had it.
fn give_back() {
    // SAFETY: the allocator's function has no arguments with conditions, and any thread may call it at any time.
    unsafe { libmimalloc_sys::mi_collect(false) };
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.end = None;
        // A thread that panicked has aborted the process.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
