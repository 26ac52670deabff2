//! The node's history log at work: a thread of its own, which does all file work and speaks with the cores through a port. What a
//! core says is bounded by its shard, in bytes.
//!
//! `replay` reads what there is, `writer` appends to the newest segment, `log` decides when to write, sync and
//! check point, `recover` goes on after a failure, `rewrite` writes a log anew that is too large at the start.

mod error;
mod log;
mod recover;
mod replay;
mod rewrite;
mod writer;

pub use error::LogError;

use crate::base::ids::CoreId;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use crate::runtime::side::port::{Desk, Port};
use crate::runtime::stop::Stop;
use crate::shard::{LogMessage, LogNews};
use crate::store::log::Size;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

/// Things unheard of each core, and of the log by a core. Records that find no place wait with their core.
pub const PLACES: usize = 256;

/// A core's way to the log.
pub type LogPort = Port<LogMessage, LogNews>;

/// The log's way to the cores.
pub type LogDesk = Desk<LogMessage, LogNews>;

/// Where a log is and how it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Directory of the segments; made if need be.
    pub directory: PathBuf,
    /// Milliseconds after which what was written is synced, though nobody waits for it.
    pub sync_interval_ms: u64,
    /// How large it may become.
    pub size: Size,
}

/// Which core a channel is at home on.
pub type HomeOf = Arc<dyn Fn(&str) -> CoreId + Send + Sync>;

/// Starts the log's thread. It says on `opened` when every core has what is its own. If it cannot begin, the run is
/// stopped. It ends when every core has left.
///
/// # Errors
/// The thread could not be made.
pub fn spawn(
    settings: LogSettings,
    desk: LogDesk,
    home_of: HomeOf,
    opened: Sender<()>,
    stop: Stop,
) -> Result<JoinHandle<Result<(), RuntimeError>>, RuntimeError> {
    let run = move || {
        let result = run(settings, desk, home_of, opened);
        if result.is_err() {
            stop.request();
        }
        result
    };
    std::thread::Builder::new()
        .name("history".to_string())
        .spawn(run)
        .map_err(|source| RuntimeError::Process { what: "start the thread of the history log", source })
}

fn run(
    settings: LogSettings,
    desk: LogDesk,
    home_of: HomeOf,
    opened: Sender<()>,
) -> Result<(), RuntimeError> {
    let _guard = AbortOnPanic;
    log::run(settings, desk, home_of, opened).map_err(RuntimeError::History)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::order::LogPart;
    use crate::model::channel::ChannelName;
    use crate::model::record::HistoryRecord;
    use crate::runtime::core::doorbell::Doorbell;
    use crate::runtime::side::port::port;

    /// Says `records` of a thousand bytes at once, to a log whose segments have room for two. What the core is told of them.
    fn moves(records: u64) -> Vec<(u64, u64)> {
        let home = tempfile::tempdir().expect("a directory");
        let settings = LogSettings {
            directory: home.path().join("history"),
            sync_interval_ms: 60_000,
            size: Size { segment_bytes: 2_000 },
        };
        let doorbells: Arc<[Doorbell]> = [Doorbell::new().expect("a descriptor")].into();
        let (mut cores, desk) = port(&doorbells, PLACES);
        let mut core = cores.remove(0);
        let (opened, is_open) = std::sync::mpsc::channel();
        let log = spawn(settings, desk, Arc::new(|_| CoreId(0)), opened, Stop::new()).expect("a thread");
        core.ask(LogMessage::Replayed { live_bytes: 0 });
        is_open.recv().expect("an empty log");
        let channel = ChannelName::new(&"c".repeat(1_000));
        let records: Vec<_> =
            (1..=records).map(|epoch| HistoryRecord::Ended { channel: channel.clone(), epoch }).collect();
        let last = records.len() as u64;
        core.ask(LogMessage::Records(LogPart { records, last, commit: true }, None));
        let mut moves = Vec::new();
        while moves.last().is_none_or(|(_, synced)| *synced < last) {
            core.hear(
                usize::MAX,
                || true,
                |news| {
                    if let LogNews::Moved { written, synced } = news {
                        moves.push((written, synced));
                    }
                },
            );
            std::thread::yield_now();
        }
        core.leave();
        log.join().expect("it ends").expect("in order");
        moves
    }

    #[test]
    fn what_is_on_disk_of_a_part_is_told_before_the_rest_of_it_is_written() {
        let moves = moves(7);
        assert!(moves.iter().any(|(_, synced)| (1..7).contains(synced)), "{moves:?}");
        assert!(moves.iter().all(|(written, synced)| synced <= written), "{moves:?}");
    }
}
