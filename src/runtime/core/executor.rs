//! One glommio executor for each core, pinned to its CPU, with one task that drives the core. The task sleeps
//! in our ring, not in glommio's: whatever a core waits for must wake that ring, so nothing of glommio that
//! waits (files, sockets, timers) may be awaited on a core.

use super::mesh::MeshPort;
use super::turn::AfterTurn;
use super::{Common, Core};
use crate::base::ids::CoreId;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use crate::runtime::machine;
use crate::runtime::side::effects::Effects;
use crate::runtime::side::history::LogPort;
use crate::runtime::side::recorder::RecorderPort;
use crate::shard::Shard;
use crate::shard::ShardMessage;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement, PoolPlacement};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// Entries of glommio's own three rings, which a core does not use.
const GLOMMIO_RING_DEPTH: usize = 16;

/// How often glommio would interrupt a task; as good as never, since an interruption wakes a sleeping core.
const GLOMMIO_PREEMPT: Duration = Duration::from_secs(3600);

/// Turns between two looks at the executor's other tasks. A look costs more than 1 us, a quarter of a write.
const TURNS_PER_YIELD: u32 = 64;

/// What a core needs to begin.
pub struct CoreSetup {
    /// Which core.
    pub id: CoreId,
    /// Which CPU of Linux.
    pub cpu: usize,
    /// What all cores share.
    pub common: Arc<Common>,
    /// Its place in the mesh.
    pub port: MeshPort<ShardMessage>,
    /// Its way to the history log, if there is one.
    pub log: Option<LogPort>,
    /// Its way to the recorder, if there is one.
    pub recorder: Option<RecorderPort>,
    /// Its ways to the threads that do effects.
    pub effects: Effects,
    /// Its listeners.
    pub listeners: Vec<OwnedFd>,
}

/// Runs a core on the calling thread until it is drained. Says on `started` when it accepts.
///
/// # Errors
/// The executor or the ring could not be made, or the ring failed.
pub fn run_core(
    setup: CoreSetup,
    make_shard: &dyn Fn(CoreId) -> Shard,
    started: Sender<()>,
) -> Result<(), RuntimeError> {
    let _guard = AbortOnPanic;
    let core = setup.id.0;
    let executor = executor(&setup)?;
    executor.run(async move {
        let mut core_at_work = Core::start(setup, make_shard).map_err(machine::classify)?;
        // Nobody listens any more if another core has failed; this one is then told to stop.
        let _ = started.send(());
        drop(started);
        drive(&mut core_at_work).await.map_err(|source| RuntimeError::Ring { core, source })?;
        core_at_work.leave();
        Ok(())
    })
}

async fn drive(core: &mut Core) -> std::io::Result<()> {
    let mut turns = 0;
    loop {
        let next = core.turn()?;
        turns += 1;
        if next == AfterTurn::Leave {
            return Ok(());
        }
        if turns >= TURNS_PER_YIELD {
            // Here the core has answered what it has read, and has not read what came since.
            turns = 0;
            glommio::executor().yield_task_queue_now().await;
        }
        if next == AfterTurn::Sleep {
            core.sleep()?;
        }
    }
}

fn executor(setup: &CoreSetup) -> Result<LocalExecutor, RuntimeError> {
    machine::patiently(|| make_executor(setup), |error| matches!(error, RuntimeError::RingMemory { .. }))
}

fn make_executor(setup: &CoreSetup) -> Result<LocalExecutor, RuntimeError> {
    LocalExecutorBuilder::new(Placement::Fixed(setup.cpu))
        .name(&format!("core-{}", setup.id.0))
        // glommio takes its minimum of 64 KiB: no file is read or written on a core.
        .io_memory(0)
        .ring_depth(GLOMMIO_RING_DEPTH)
        .preempt_timer(GLOMMIO_PREEMPT)
        .blocking_thread_pool_placement(PoolPlacement::Unbound(1))
        .make()
        .map_err(|error| explain(setup, error))
}

fn explain(setup: &CoreSetup, error: glommio::GlommioError<()>) -> RuntimeError {
    use glommio::{BuilderErrorKind, GlommioError};
    match error {
        GlommioError::BuilderError(BuilderErrorKind::NonExistentCpus { cpu }) => {
            RuntimeError::Cpu { cpu, reason: "this machine has no such CPU, or it is offline".into() }
        }
        GlommioError::IoError(source) | GlommioError::EnhancedIoError { source, .. }
            if machine::lacks_memory(&source) =>
        {
            RuntimeError::RingMemory { source }
        }
        GlommioError::BuilderError(_) => RuntimeError::Cpu { cpu: setup.cpu, reason: error.to_string() },
        _ => RuntimeError::Executor { core: setup.id.0, reason: error.to_string() },
    }
}
