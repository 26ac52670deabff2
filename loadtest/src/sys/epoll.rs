//! A thin epoll: level-triggered, a token per descriptor, waits with nanosecond timeouts (an open-loop
//! schedule needs them finer than a millisecond).

use super::check;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// What the kernel reports, and what is asked of it.
const READ: u32 = libc::EPOLLIN as u32 | libc::EPOLLRDHUP as u32;
const WRITE: u32 = libc::EPOLLOUT as u32;

/// One report.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Event(libc::epoll_event);

impl Event {
    /// Room for a report.
    pub const EMPTY: Event = Event(libc::epoll_event { events: 0, u64: 0 });

    /// The token given with the descriptor.
    pub fn token(&self) -> usize {
        self.0.u64 as usize
    }

    /// There is something to read: bytes, an end, or an error.
    pub fn readable(&self) -> bool {
        self.0.events & !WRITE != 0
    }

    /// There is room to write, or an error to learn of.
    pub fn writable(&self) -> bool {
        self.0.events & (WRITE | (libc::EPOLLERR | libc::EPOLLHUP) as u32) != 0
    }
}

/// An epoll instance.
pub struct Epoll {
    descriptor: OwnedFd,
}

impl Epoll {
    /// A new, empty instance.
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: takes no pointers.
        let raw = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: `raw` was just returned by the kernel and nothing else owns it.
        Ok(Epoll { descriptor: unsafe { OwnedFd::from_raw_fd(raw) } })
    }

    /// Watches `target` for reading and, if asked, for writing.
    pub fn add(&self, target: &impl AsFd, token: usize, write: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, target, token, write)
    }

    /// Changes whether `target` is watched for writing.
    pub fn change(&self, target: &impl AsFd, token: usize, write: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, target, token, write)
    }

    /// Watches `target` for its end only.
    pub fn ignore(&self, target: &impl AsFd, token: usize) -> io::Result<()> {
        self.control_events(libc::EPOLL_CTL_MOD, target, token, 0)
    }

    /// Watches `target` no longer.
    pub fn remove(&self, target: &impl AsFd) -> io::Result<()> {
        self.control_events(libc::EPOLL_CTL_DEL, target, 0, 0)
    }

    fn control(&self, operation: i32, target: &impl AsFd, token: usize, write: bool) -> io::Result<()> {
        let events = if write { READ | WRITE } else { READ };
        self.control_events(operation, target, token, events)
    }

    fn control_events(
        &self,
        operation: i32,
        target: &impl AsFd,
        token: usize,
        events: u32,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token as u64 };
        let target = target.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open (one owned, one borrowed) and `event` outlives the call.
        check(unsafe { libc::epoll_ctl(self.descriptor.as_raw_fd(), operation, target, &mut event) })?;
        Ok(())
    }

    /// Waits for reports, at most `timeout_ns` (forever if there is none). A signal ends the wait with none.
    pub fn wait<'a>(&self, events: &'a mut [Event], timeout_ns: Option<u64>) -> io::Result<&'a [Event]> {
        let timeout = timeout_ns.map(|ns| libc::timespec {
            tv_sec: (ns / 1_000_000_000) as libc::time_t,
            tv_nsec: (ns % 1_000_000_000) as libc::c_long,
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: `events` is writable for its length and `Event` is `repr(transparent)` over epoll_event;
        // `timeout` is null or points to a timespec that outlives the call;
        // the signal mask is null, for which its size is ignored.
        let count = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.descriptor.as_raw_fd(),
                events.as_mut_ptr(),
                events.len() as libc::c_int,
                timeout,
                std::ptr::null::<libc::sigset_t>(),
                0usize,
            )
        };
        match check(count as libc::c_int) {
            Ok(count) => Ok(&events[..count as usize]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(&[]),
            Err(error) => Err(error),
        }
    }
}
