//! The kernel: the only `unsafe` code of this crate. Everything here is Linux.

#[cfg(test)]
mod counting;
mod epoll;
mod process;

#[cfg(test)]
pub use counting::allocations;
pub use epoll::{Epoll, Event};
pub use process::{interrupted, no_timer_slack, on_interrupt, pin_to, raise_open_files, spawn_on, terminate};

use std::io;

/// Nanoseconds of `CLOCK_MONOTONIC`: the same clock in every process of the machine, so a time of sending may
/// be written by one process and read by another.
pub fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid, writable timespec for the length of the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// CPU time of the calling thread, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid, writable timespec for the length of the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Time that the calling thread could have run and another did, in nanoseconds; 0 where the kernel does not say.
pub fn thread_wait_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0)
}

/// The result of a call that answers -1 and sets `errno` on failure.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
