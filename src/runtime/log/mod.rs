//! Lines for the operator on stderr: text where a person reads them, JSON elsewhere, each with a time and a level; in systemd's
//! journal with its priority before it.
//!
//! Nobody waits for stderr: a line goes into a bounded queue, which a thread of its own writes out. Where the queue is full, as
//! behind a reader that stopped, or the write fails, as on a full disk, lines are lost and counted, and the count is
//! told when lines can be written again. Lines never have what clients say in them, and no secret.
//!
//! This is the only module that knows which crate makes the lines: the rest calls `log::info!` and its siblings.

mod access;
mod incidents;
mod journal;
mod writer;

pub use access::access;
pub use incidents::incident;
pub use tracing::{Level, debug, error, info, warn};
pub use writer::lost;

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// The level in force, changed by a reload.
static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Keeps the log's thread. Dropped, it gives the last lines a moment to be written.
#[must_use]
pub struct Log {
    _worker: WorkerGuard,
}

/// Begins to log at this level. A process does it once; what is said before is lost.
pub fn start(level: Level) -> Log {
    let (lines, worker) = writer::start();
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(level));
    let format = fmt::layer().with_target(false).with_writer(lines);
    let format = if std::io::stderr().is_terminal() {
        format.boxed()
    } else if journal::is_journal() {
        format.json().flatten_event(true).map_event_format(journal::Prioritised).boxed()
    } else {
        format.json().flatten_event(true).boxed()
    };
    // Both fail only where a process starts a second log, which then keeps the first.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(filter).with(format));
    let _ = LEVEL.set(handle);
    Log { _worker: worker }
}

/// Logs at another level from here on.
pub fn set_level(level: Level) {
    if let Some(handle) = LEVEL.get() {
        // It fails only where the log is gone.
        let _ = handle.modify(|filter| *filter = LevelFilter::from_level(level));
    }
}

/// Writes a line before the process dies, past the queue that dies with it.
pub fn at_once(line: &str) {
    let _ = writeln!(std::io::stderr(), "corecast: {line}");
}
