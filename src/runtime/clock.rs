//! The only clock of the process. A core reads it once per turn and passes the reading down.

use crate::base::time::Now;

/// Reads both clocks. The monotonic one is the kernel's own, so readings of different cores compare.
pub fn now() -> Now {
    Now { monotonic_us: read(libc::CLOCK_MONOTONIC) / 1000, unix_ms: read(libc::CLOCK_REALTIME) / 1_000_000 }
}

/// The monotonic half of [`now`], microseconds, for measuring how long something took.
pub fn monotonic_us() -> u64 {
    read(libc::CLOCK_MONOTONIC) / 1000
}

/// Nanoseconds of a clock. A wall clock before 1970 reads as 1970.
fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the whole call, and both clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut time) };
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_run() {
        let first = now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = now();
        assert!(second.monotonic_us >= first.monotonic_us + 2000);
        assert!(second.unix_ms > 1_600_000_000_000, "the wall clock counts from 1970");
        assert!(monotonic_us() >= second.monotonic_us, "one clock for turns and for measuring");
    }
}
