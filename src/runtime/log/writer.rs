//! The thread that writes lines, and the count of those that it could not.

use super::warn;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Lines that may wait to be written. One more is lost.
const LINES_WAITING_MAX: usize = 4096;

/// Lines that found the queue full.
static OVERFLOWED: OnceLock<ErrorCounter> = OnceLock::new();

/// Lines that stderr did not take.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);

/// The queue, and what keeps its thread.
pub(super) fn start() -> (NonBlocking, WorkerGuard) {
    let (lines, worker) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING_MAX)
        .lossy(true)
        .thread_name("log")
        .finish(Lines { out: io::stderr(), told: 0 });
    let _ = OVERFLOWED.set(lines.error_counter());
    (lines, worker)
}

/// Lines of the log that were lost since the process began.
pub fn lost() -> u64 {
    let overflowed = OVERFLOWED.get().map_or(0, |counter| counter.dropped_lines() as u64);
    overflowed + UNWRITTEN.load(Ordering::Relaxed)
}

/// Writes whole lines, and says how many were lost as soon as one is taken again.
struct Lines<W> {
    out: W,
    /// Lost lines that were told of.
    told: u64,
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.out.write_all(line).is_err() {
            UNWRITTEN.fetch_add(1, Ordering::Relaxed);
        } else {
            let lost = lost();
            let untold = lost - self.told;
            if untold > 0 {
                self.told = lost;
                // It takes its place in the queue. If there is none, it is lost itself, and told of with the next.
                warn!(lines = untold, "lines of the log were lost, because stderr did not take them");
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What fails is counted where it is written; stderr keeps nothing back.
        let _ = self.out.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing while it is full.
    #[derive(Default)]
    struct Disk {
        full: bool,
        taken: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            if self.full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_counted_and_fails_nothing() {
        let mut lines = Lines { out: Disk { full: true, ..Disk::default() }, told: lost() };
        let before = lost();
        lines.write_all(b"one\n").unwrap();
        lines.write_all(b"two\n").unwrap();
        lines.flush().unwrap();
        assert_eq!(lost() - before, 2);
        lines.out.full = false;
        lines.write_all(b"three\n").unwrap();
        assert_eq!((lines.out.taken.as_slice(), lines.told), (&b"three\n"[..], lost()));
    }
}
