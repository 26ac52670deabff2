//! The node's history log at work: a thread of its own with a glommio executor, which does all file work. It parks in
//! glommio; a core that says something to it wakes it there, and is itself woken by its doorbell.
//!
//! `replay` reads what there is, `writer` appends to the newest segment, `log` decides when to write, sync and
//! check point, `mend` goes on after a failure, `lane` joins it with the cores.

mod error;
mod lane;
mod log;
mod mend;
mod replay;
mod writer;

pub use error::LogError;
pub use lane::{Lane, Lanes};

use crate::base::ids::CoreId;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use crate::runtime::machine;
use crate::runtime::stop::Stop;
use crate::store::log::Size;
use glommio::{LocalExecutorBuilder, Placement, PoolPlacement};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

/// Entries of glommio's rings: few operations are under way at once.
const RING_DEPTH: usize = 32;

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
/// stopped. It ends when the lanes are closed.
///
/// # Errors
/// The thread could not be made.
pub fn spawn(
    settings: LogSettings,
    lanes: Arc<Lanes>,
    home_of: HomeOf,
    opened: Sender<()>,
    stop: Stop,
) -> Result<JoinHandle<Result<(), RuntimeError>>, RuntimeError> {
    let run = move || {
        let result = run(settings, lanes, home_of, opened);
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
    lanes: Arc<Lanes>,
    home_of: HomeOf,
    opened: Sender<()>,
) -> Result<(), RuntimeError> {
    let _guard = AbortOnPanic;
    machine::check_memlock()?;
    let executor = LocalExecutorBuilder::new(Placement::Unbound)
        .name("history")
        .io_memory(0)
        .ring_depth(RING_DEPTH)
        .blocking_thread_pool_placement(PoolPlacement::Unbound(1))
        .make()
        .map_err(|error| RuntimeError::HistoryExecutor { reason: error.to_string() })?;
    executor.run(log::run(settings, lanes, home_of, opened)).map_err(RuntimeError::History)
}
