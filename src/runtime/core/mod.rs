//! One core at work: its shard, its ring, its sockets, and what joins them. The methods are spread over the
//! files that tell what they do: `turn` the loop, `ingress` what comes in, `egress` what goes out, `closing` how a
//! socket ends, `tls` and `proxy` what is between a socket and the shard.

mod budget;
mod buffers;
mod closing;
pub mod doorbell;
mod egress;
pub(super) mod executor;
mod handed;
mod ingress;
pub(super) mod listener;
pub mod mesh;
mod proxy;
pub(super) mod ring;
mod socket;
mod tls;
mod token;
mod turn;
mod unix;

use super::clock;
use super::controls::Controls;
use super::machine;
use super::settings::RuntimeSettings;
use super::side::effects::Effects;
use super::side::history::LogPort;
use super::side::recorder::{RecorderFigures, RecorderPort};
use crate::base::ids::CoreId;
use crate::base::time::Now;
use crate::shard::Shard;
use crate::shard::ShardMessage;
use executor::CoreSetup;
use mesh::MeshPort;
use ring::{Completion, Ring};
use socket::SocketTable;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tls::Sessions;

/// What all cores of a run share, besides the mesh.
#[derive(Debug)]
pub struct Common {
    /// How the run was set up.
    pub settings: RuntimeSettings,
    /// What may be asked of it.
    pub controls: Controls,
    /// Connections that wait in the kernel at most, for each listener.
    pub backlog: usize,
    /// What the recorder counts.
    pub recorder: Arc<RecorderFigures>,
    /// Cores whose shard has connections left, or may still get some.
    pub cores_busy: AtomicUsize,
}

impl Common {
    /// What the cores of a run share, none of which has started.
    pub fn new(
        settings: RuntimeSettings,
        controls: Controls,
        backlog: usize,
        recorder: Arc<RecorderFigures>,
    ) -> Self {
        let cores_busy = AtomicUsize::new(settings.cpus.len());
        Self { settings, controls, backlog, recorder, cores_busy }
    }
}

/// A core.
pub struct Core {
    id: CoreId,
    shard: Shard,
    ring: Ring,
    sockets: SocketTable,
    tls: Sessions,
    /// What proxies have said of their clients so far.
    headers: proxy::Headers,
    port: MeshPort<ShardMessage>,
    log: Option<LogPort>,
    recorder: Option<RecorderPort>,
    effects: Effects,
    common: Arc<Common>,
    /// Empty places stand for listeners that were closed.
    listeners: Vec<Option<OwnedFd>>,
    /// Listeners are accepted from without end, not one connection at a time.
    accepts_many: bool,
    /// Listeners whose accept failed, asked again when `accept_again_us` is reached or a descriptor is free.
    accept_failed: Vec<u32>,
    accept_again_us: u64,
    /// Closed by the shard and still read, oldest first.
    lingering: VecDeque<closing::Lingering>,
    /// The clock of this turn.
    now: Now,
    /// When the shard wants to hear of time.
    deadline_us: Option<u64>,
    drain: Drain,
    /// Completions of this turn; kept for its memory.
    batch: Vec<Completion>,
}

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drain {
    /// Not begun.
    No,
    /// The shard closes its connections; the core leaves at this moment at the latest.
    Draining {
        /// Monotonic microseconds.
        until_us: u64,
    },
    /// The shard has no connection left; its peers may.
    Drained {
        /// Monotonic microseconds.
        until_us: u64,
    },
}

impl Core {
    /// Makes the ring on the calling thread, which must be the one that calls everything else, and begins to
    /// accept.
    ///
    /// # Errors
    /// The ring could not be made.
    pub fn start(setup: CoreSetup, make_shard: &dyn Fn(CoreId) -> Shard) -> io::Result<Self> {
        let CoreSetup { id, cpu: _, common, port, log, recorder, effects, listeners } = setup;
        let mut ring = machine::patiently(Ring::new, machine::lacks_memory)?;
        ring.watch(port.doorbell().as_raw_fd());
        let now = clock::now();
        let tls = Sessions::new(common.settings.tls.clone());
        let mut core = Self {
            id,
            shard: make_shard(id),
            ring,
            sockets: SocketTable::default(),
            tls,
            headers: proxy::Headers::default(),
            port,
            log,
            recorder,
            effects,
            common,
            listeners: listeners.into_iter().map(Some).collect(),
            accepts_many: false,
            accept_failed: Vec::new(),
            accept_again_us: 0,
            lingering: VecDeque::new(),
            now,
            deadline_us: Some(now.monotonic_us),
            drain: Drain::No,
            batch: Vec::with_capacity(ring::BATCH_MAX),
        };
        (0..core.listeners.len() as u32).for_each(|listener| core.accept_on(listener));
        core.ring.enter()?;
        Ok(core)
    }

    /// The core is drained and has said all it had to say.
    pub fn leave(self) {
        self.log.into_iter().for_each(LogPort::leave);
    }
}
