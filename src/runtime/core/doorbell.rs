//! How a core is woken, or a thread that waits for descriptors: by one eventfd that its ring or poll watches, and only when it sleeps.

use crate::runtime::sleeper::Sleeper;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// The doorbell of one core. Its core sleeps and wakes, everybody rings.
#[derive(Debug)]
pub struct Doorbell {
    sleeper: Sleeper,
    eventfd: OwnedFd,
}

impl Doorbell {
    /// A doorbell of a core that is awake.
    ///
    /// # Errors
    /// No file descriptor is left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointers.
        let eventfd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if eventfd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is fresh and nobody else's.
        let eventfd = unsafe { OwnedFd::from_raw_fd(eventfd) };
        Ok(Self { sleeper: Sleeper::new(), eventfd })
    }

    /// Work for the core was put where it looks: wakes it if it sleeps.
    pub fn ring(&self) {
        if self.sleeper.must_wake() {
            let one = 1u64.to_ne_bytes();
            // A core never reads the count back, for its ring reports each write by itself, and the count cannot overflow in any
            // lifetime. A thread that polls has to.
            // SAFETY: eight readable bytes, and the descriptor is open as long as `self`.
            unsafe { libc::write(self.eventfd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
        }
    }

    /// The core is about to sleep: see `Sleeper::sleeping`.
    pub fn sleeping(&self) {
        self.sleeper.sleeping();
    }

    /// The core is awake and needs no ringing.
    pub fn awake(&self) {
        self.sleeper.awake();
    }
}

impl AsRawFd for Doorbell {
    fn as_raw_fd(&self) -> RawFd {
        self.eventfd.as_raw_fd()
    }
}
