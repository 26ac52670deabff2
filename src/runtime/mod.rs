//! Floor 4: the only place that does I/O, reads a clock and waits. It drives one `Shard` for each core.
//!
//! A core (`core`) is a thread pinned to a CPU, with a glommio executor, one io_uring, a table of sockets and a place in the
//! mesh. Cores share the mesh, their settings, what an operator asks for (to stop, to reload) and the pulse by which each is seen
//! to turn, and nothing else. Beside them (`side`) are threads for what waits or takes its time: the store, the history log, files,
//! recordings, calls outside, certificates, passwords, long input, the operator, memory given back.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the floor that does I/O and reads the clock"
)]
#![allow(unsafe_code, reason = "io_uring and system calls; each block says why it is sound")]

mod abort;
pub mod clock;
mod controls;
pub mod core;
pub mod error;
pub mod log;
pub mod machine;
pub mod pages;
mod pulse;
mod reload;
pub mod settings;
pub mod side;
pub mod signals;
mod sleeper;
pub mod stop;
mod sync;
pub mod tls;

pub use controls::Controls;
pub use core::listener::check as check_addresses;
pub use error::RuntimeError;
pub use pulse::Pulse;
pub use reload::Reloads;
pub use settings::{Listen, ListenAddress, RuntimeSettings};
pub use stop::Stop;

use crate::base::ids::CoreId;
use crate::shard::Shard;
use core::Common;
use core::doorbell::Doorbell;
use core::executor::{self, CoreSetup};
use core::{listener, mesh};
use side::decoding;
use side::effects::{EffectDesks, effects};
use side::heap;
use side::history::{self, HomeOf, LogDesk, LogPort, LogSettings};
use side::operator::{self, Operator};
use side::outbound::{self, OutboundSettings};
use side::passwords;
use side::port::port;
use side::recorder::{self, RecorderDesk, RecorderFigures, RecorderPort, RecorderSettings, reader};
use side::store::{self, Database};
use std::io;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a start that waits for the history log looks whether it was stopped.
const STOP_LOOK: Duration = Duration::from_millis(50);

/// Serves until its stop is requested by `controls` and everything is drained. Blocks the calling thread. What else `controls`
/// ask for is done meanwhile.
///
/// `make_shard` is called once on each core's own thread. `history` is the history log, if there is one. `operator` keeps the settings. `ready` is called on
/// the calling thread when every core serves, with the listeners in the order of the settings and with
/// their real ports; with a log, health is answered before that, and nothing else.
///
/// # Errors
/// The machine refuses something, or a ring failed; the other cores are drained before it returns.
///
/// # Aborts
/// The process, when a core panics.
pub fn run(
    settings: RuntimeSettings,
    (database, outbound, recorder): (Database, OutboundSettings, RecorderSettings),
    make_shard: impl Fn(CoreId) -> Shard + Send + Sync + 'static,
    history: Option<(LogSettings, HomeOf)>,
    operator: Box<dyn Operator>,
    ready: impl FnOnce(&[Listen]),
    controls: &Controls,
) -> Result<(), RuntimeError> {
    check_settings(&settings)?;
    let cores = settings.cpus.len();
    machine::check(cores)?;
    let listeners = listener::open(&settings.listen, &settings.handed, cores)?;
    let doorbells = doorbells(cores)?;
    let ports = mesh::mesh(&doorbells);
    let (effects, desks) = effects(&doorbells, settings.effects_in_flight_max, outbound.in_flight_max);
    let (recorders, words) = recorder_ports(&recorder, &doorbells);
    let figures = Arc::new(RecorderFigures::default());
    let recorder = (recorder, words, figures.clone());
    let beside = start_beside(desks, (database, outbound, operator), recorder, controls)?;
    let _heap = heap::start()?;
    let (logs, history) = log_ports(history, &doorbells);
    controls.attach(&doorbells);

    let cpus = settings.cpus.clone();
    let common = Arc::new(Common::new(settings, controls.clone(), listeners.backlog, figures));
    let make_shard: Arc<dyn Fn(CoreId) -> Shard + Send + Sync> = Arc::new(make_shard);
    let (started, all_started) = mpsc::channel();
    let mut threads = Vec::with_capacity(cores);
    let mut failure = None;
    let places = cpus.into_iter().zip(ports).zip(logs).zip(effects).zip(recorders).zip(listeners.cores);
    for (index, (((((cpu, port), log), effects), recorder), listeners)) in places.enumerate() {
        let common = common.clone();
        let setup =
            CoreSetup { id: CoreId(index as u16), cpu, common, port, log, recorder, effects, listeners };
        match spawn(setup, make_shard.clone(), started.clone()) {
            Ok(thread) => threads.push(thread),
            Err(error) => failure = Some(error),
        }
    }
    drop(started);
    let mut log = None;
    if all_started.iter().count() == cores {
        match history.map(|history| open_log(history, &controls.stop)).transpose() {
            Ok(opened) => {
                if opened.as_ref().is_none_or(|(_, opens)| *opens) {
                    ready(&listeners.served);
                }
                log = opened.map(|(thread, _)| thread);
            }
            Err(error) => {
                failure = Some(error);
                controls.stop.request();
            }
        }
    } else {
        controls.stop.request();
    }
    // A thread that panicked has aborted the process, so there is an answer.
    let join = |thread: Thread| thread.join().ok().and_then(Result::err);
    failure = threads.into_iter().filter_map(join).fold(failure, |first, error| first.or(Some(error)));
    failure = failure.or(log.and_then(join));
    // Every core has gone, so it writes what is left, closes the file and ends.
    beside.into_iter().for_each(|thread| drop(thread.join()));
    listener::remove_names(&listeners.served, &listeners.handed);
    failure.map_or(Ok(()), Err)
}

/// Starts the threads that do effects.
fn start_beside(
    desks: EffectDesks,
    (database, outbound, operator): (Database, OutboundSettings, Box<dyn Operator>),
    (recorder, words, figures): (RecorderSettings, Option<RecorderDesk>, Arc<RecorderFigures>),
    controls: &Controls,
) -> Result<Vec<JoinHandle<()>>, RuntimeError> {
    // First, because an address of it may be somebody else's.
    let records =
        words.map(|words| recorder::start(desks.recorder, words, &recorder, figures)).transpose()?;
    let mut threads = vec![
        store::start(database, desks.store)?,
        passwords::start(desks.passwords)?,
        decoding::start(desks.decoding)?,
        outbound::start(desks.outbound, outbound, controls.reloads.clone())?,
        operator::start(desks.operator, operator)?,
        reader::start(desks.files, recorder.directory)?,
    ];
    threads.extend(records);
    Ok(threads)
}

/// The cores' ends of the recorder, none where there is no recorder, and what its thread needs.
fn recorder_ports(
    settings: &RecorderSettings,
    doorbells: &Arc<[Doorbell]>,
) -> (Vec<Option<RecorderPort>>, Option<RecorderDesk>) {
    if settings.addresses.is_empty() {
        return (doorbells.iter().map(|_| None).collect(), None);
    }
    let (ports, desk) = port(doorbells, recorder::PLACES);
    (ports.into_iter().map(Some).collect(), Some(desk))
}

/// A thread of the run.
type Thread = JoinHandle<Result<(), RuntimeError>>;

/// What the thread of the history log needs.
type LogThread = (LogSettings, HomeOf, LogDesk);

/// The cores' ends of the history log, none where there is no log, and what its thread needs.
fn log_ports(
    history: Option<(LogSettings, HomeOf)>,
    doorbells: &Arc<[Doorbell]>,
) -> (Vec<Option<LogPort>>, Option<LogThread>) {
    let Some((settings, home_of)) = history else {
        return (doorbells.iter().map(|_| None).collect(), None);
    };
    let (logs, desk) = port(doorbells, history::PLACES);
    (logs.into_iter().map(Some).collect(), Some((settings, home_of, desk)))
}

/// Starts the history log and waits until every core serves; also says whether that came about.
fn open_log(
    (settings, home_of, desk): (LogSettings, HomeOf, LogDesk),
    stop: &Stop,
) -> Result<(Thread, bool), RuntimeError> {
    let (opened, all_opened) = mpsc::channel();
    let thread = history::spawn(settings, desk, home_of, opened, stop.clone())?;
    loop {
        match all_opened.recv_timeout(STOP_LOOK) {
            Ok(()) => return Ok((thread, true)),
            Err(RecvTimeoutError::Timeout) if !stop.requested() => {}
            Err(_) => return Ok((thread, false)),
        }
    }
}

fn check_settings(settings: &RuntimeSettings) -> Result<(), RuntimeError> {
    if settings.listen.is_empty() {
        return Err(RuntimeError::NothingToDo { what: "listen" });
    }
    if settings.cpus.is_empty() {
        return Err(RuntimeError::NothingToDo { what: "cores" });
    }
    Ok(())
}

fn doorbells(cores: usize) -> Result<Arc<[Doorbell]>, RuntimeError> {
    let made: io::Result<Arc<[Doorbell]>> = (0..cores).map(|_| Doorbell::new()).collect();
    made.map_err(|source| RuntimeError::Process { what: "make an event counter", source })
}

/// Starts a core's thread. If the core ends with an error, the others are told to stop.
fn spawn(
    setup: CoreSetup,
    make_shard: Arc<dyn Fn(CoreId) -> Shard + Send + Sync>,
    started: mpsc::Sender<()>,
) -> Result<Thread, RuntimeError> {
    let stop = setup.common.controls.stop.clone();
    let run = move || {
        let result = executor::run_core(setup, &*make_shard, started);
        if result.is_err() {
            stop.request();
        }
        result
    };
    let name = "core".to_string();
    std::thread::Builder::new()
        .name(name)
        .spawn(run)
        .map_err(|source| RuntimeError::Process { what: "start the thread of a core", source })
}
