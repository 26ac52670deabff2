//! The engine: one thread, one epoll, all connections of a run. It opens them, publishes by the scenario's
//! load, drains what comes and asks the oracle. Nothing is allocated per message.

mod connect;
mod connection;
mod layout;
mod meter;
mod publish;
mod receive;

use crate::failure::Failure;
use crate::oracle::Oracle;
use crate::outcome::Outcome;
use crate::scenario::{Publishers, Scenario};
use crate::sys::{self, Epoll, Event, now_ns};
use crate::target::Target;
use connection::Connection;
use hdrhistogram::Histogram;
use layout::Layout;
use meter::Meter;
use publish::Publisher;
use std::net::SocketAddr;
use std::time::Duration;

/// Bytes read from a socket at once: more than a window of a few dozen messages ever is.
const BUFFER_BYTES: usize = 256 * 1024;
/// Reports taken from the kernel at once; between two of them a paced schedule is looked at.
const EVENTS_MAX: usize = 32;
/// How long the last messages may take in all.
const DRAIN: Duration = Duration::from_secs(10);
/// After so long without any, no more are expected.
const SILENCE: Duration = Duration::from_secs(2);
/// The thread polls instead of sleeping when a message is due this soon: waking takes about as long.
const SPIN_NS: u64 = 100_000;

/// One run.
pub struct Plan<'a> {
    /// What to do.
    pub scenario: &'a Scenario,
    /// To whom.
    pub target: &'a dyn Target,
    /// Where the server listens.
    pub address: SocketAddr,
    /// The value of `Host`.
    pub host: String,
    /// The path of the WebSocket.
    pub path: String,
    /// The server's process, to be sampled.
    pub server_pid: Option<u32>,
    /// Which round of a series, from 1.
    pub round: u32,
}

struct Engine<'a> {
    plan: &'a Plan<'a>,
    layout: Layout,
    epoll: Epoll,
    connections: Vec<Connection>,
    /// Connections that are open and subscribed.
    ready: usize,
    publishers: Vec<Publisher>,
    /// Publishers whose window may have room.
    hungry: Vec<usize>,
    /// Bursts of a paced schedule sent so far, and when the schedule began; none while nobody publishes.
    schedule: Option<(u64, u64)>,
    publishing: bool,
    oracle: Oracle,
    meter: Meter,
    latency: Histogram<u64>,
    lag: Histogram<u64>,
    /// Latency is taken from one connection in so many.
    sample_every: usize,
    buffer: Vec<u8>,
}

/// Runs `plan`. A run that breaks off still has an outcome, with its failure in it; an error means that it never
/// got going.
pub fn run(plan: &Plan<'_>) -> Result<Outcome, Failure> {
    sys::no_timer_slack();
    let connections = plan.scenario.clients + plan.scenario.extra_connections();
    let files = sys::raise_open_files()?;
    if files < connections as u64 + 64 {
        return Err(Failure::Failed(format!(
            "{connections} connections do not fit {files} open files: raise the hard limit, \
             for example `ulimit -Hn 65536` as root before starting, or LimitNOFILE= in a service"
        )));
    }
    let mut engine = Engine::new(plan)?;
    engine.connect_all()?;
    let failure = match engine.drive() {
        Err(Failure::Interrupted) => return Err(Failure::Interrupted),
        result => result.err().map(|failure| failure.to_string()),
    };
    let finished = failure.is_none();
    engine.count_missing(finished);
    let latencies = (&engine.latency, &engine.lag);
    Ok(Outcome { failure, ..engine.meter.outcome(plan, connections, latencies, engine.oracle.faults) })
}

impl<'a> Engine<'a> {
    fn new(plan: &'a Plan<'a>) -> Result<Engine<'a>, Failure> {
        let layout = Layout::new(plan.scenario);
        let publishers = layout.publishers(plan.scenario, plan.target);
        let histogram =
            || Histogram::new_with_bounds(1, 60_000_000_000, 3).map_err(|error| error.to_string());
        Ok(Engine {
            oracle: Oracle::new(layout.cells),
            connections: Vec::with_capacity(layout.connections),
            ready: 0,
            epoll: Epoll::new()?,
            hungry: Vec::with_capacity(publishers.len()),
            publishers,
            schedule: None,
            publishing: false,
            meter: Meter::new(plan.server_pid)?,
            latency: histogram()?,
            lag: histogram()?,
            sample_every: if plan.scenario.is_paced() || plan.scenario.clients < 100 { 1 } else { 16 },
            buffer: vec![0; BUFFER_BYTES],
            layout,
            plan,
        })
    }

    /// Warm-up, measurement, the rest.
    fn drive(&mut self) -> Result<(), Failure> {
        let scenario = self.plan.scenario;
        let begin = now_ns() + 10_000_000;
        let measure = begin + scenario.warmup.as_nanos() as u64;
        let end = measure + scenario.duration.as_nanos() as u64;
        self.meter.window = measure..end;
        self.until(begin)?;
        self.start_publishing(begin)?;
        self.until(measure)?;
        self.meter.begin()?;
        self.until(end)?;
        self.meter.end()?;
        self.publishing = false;
        self.schedule = None;
        self.drain()
    }

    /// Receives what is still under way.
    fn drain(&mut self) -> Result<(), Failure> {
        if self.plan.scenario.publishers == Publishers::Server {
            return Ok(());
        }
        let expected: u64 = self
            .publishers
            .iter()
            .map(|publisher| u64::from(publisher.next) * self.layout.subscribers(publisher.channel) as u64)
            .sum();
        let deadline = now_ns() + DRAIN.as_nanos() as u64;
        let mut silent_at = now_ns() + SILENCE.as_nanos() as u64;
        while self.meter.now.deliveries < expected && now_ns() < deadline.min(silent_at) {
            let before = self.meter.now.deliveries;
            self.until(now_ns() + 20_000_000)?;
            if self.meter.now.deliveries > before {
                silent_at = now_ns() + SILENCE.as_nanos() as u64;
            }
        }
        Ok(())
    }

    /// Works until `deadline_ns`.
    fn until(&mut self, deadline_ns: u64) -> Result<(), Failure> {
        loop {
            let now = now_ns();
            if sys::interrupted() {
                return Err(Failure::Interrupted);
            }
            if now >= deadline_ns {
                return Ok(());
            }
            self.meter.progress(now, self.plan);
            let due = self.publish_due(now)?;
            let wake = deadline_ns.min(due.map_or(u64::MAX, |due| due.saturating_sub(SPIN_NS)));
            // A turn ends now and then even in silence, for progress and interruption.
            self.turn(wake.saturating_sub(now).min(250_000_000))?;
        }
    }

    /// Waits for the kernel once and handles what it reports.
    fn turn(&mut self, timeout_ns: u64) -> Result<(), Failure> {
        let mut events = [Event::EMPTY; EVENTS_MAX];
        for event in self.epoll.wait(&mut events, Some(timeout_ns))? {
            if event.writable() {
                self.writable(event.token())?;
            }
            if event.readable() {
                self.receive(event.token())?;
            }
        }
        Ok(())
    }

    /// Tells the oracle how many messages there were. After a run that broke off, or where the server itself
    /// publishes, the end is unknown and only holes in the middle count.
    fn count_missing(&mut self, finished: bool) {
        if !finished || self.plan.scenario.publishers == Publishers::Server {
            return;
        }
        for publisher in &self.publishers {
            for subscriber in self.layout.subscribers_of(publisher.channel) {
                self.oracle.finish(self.layout.first_cell(subscriber) + publisher.rank, publisher.next);
            }
        }
    }
}
