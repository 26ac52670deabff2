//! Lines for systemd's journal: each begins with its priority (sd-daemon(3)), so that `journalctl -p warning` finds it.

use std::fmt;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// What systemd says its stream to the journal is, as a device and an inode.
const STREAM: &str = "JOURNAL_STREAM";

/// Whether stderr goes to the journal. A stderr that somebody redirected does not, though the variable is there.
pub(super) fn is_journal() -> bool {
    let stream = std::env::var(STREAM).unwrap_or_default();
    let stderr = std::io::stderr().as_fd().try_clone_to_owned().ok();
    let metadata = stderr.and_then(|stderr| File::from(stderr).metadata().ok());
    metadata.is_some_and(|metadata| is_same(&stream, metadata.dev(), metadata.ino()))
}

fn is_same(stream: &str, device: u64, inode: u64) -> bool {
    stream.split_once(':').is_some_and(|(one, other)| one.parse() == Ok(device) && other.parse() == Ok(inode))
}

/// Lines of another form, behind their priorities.
pub(super) struct Prioritised<F>(pub F);

impl<S, N, F> FormatEvent<S, N> for Prioritised<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// The number that syslog has for a level.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_known_by_its_device_and_inode() {
        assert!(is_same("8:1234", 8, 1234));
        for stream in ["", "8", "8:1235", "9:1234", "8:1234:1", "x:y"] {
            assert!(!is_same(stream, 8, 1234), "{stream}");
        }
    }
}
