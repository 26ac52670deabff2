//! A worker: one thread, one epoll, its part of the connections. It opens them, publishes by the scenario's load,
//! drains what comes and asks the oracle. Nothing is allocated per message.

use super::connection::{Connection, State};
use super::layout::{Layout, Role, Stream};
use super::manage::Manager;
use super::publish::Publisher;
use super::sampler::Sampler;
use super::shared::{Meeting, Shared};
use super::tally::Tally;
use super::{Moves, Plan};
use crate::failure::Failure;
use crate::oracle::Oracle;
use crate::scenario::Load;
use crate::sys::{self, Epoll, Event, now_ns};
use crate::target::Upgrade;
use crate::wire::Framing;
use crate::wire::stamp::Stamp;
use std::sync::atomic::Ordering;

/// Bytes read from a socket at once: more than a window of a few dozen messages ever is.
const BUFFER_BYTES: usize = 256 * 1024;
/// Reports taken from the kernel at once; between two of them a paced schedule is looked at.
const EVENTS_MAX: usize = 32;
/// How long the last messages may take in all, in nanoseconds.
const DRAIN_NS: u64 = 10_000_000_000;
/// After so long without any, no more are expected.
const SILENCE_NS: u64 = 2_000_000_000;
/// The thread polls instead of sleeping when something is due this soon: waking takes about as long.
const SPIN_NS: u64 = 100_000;
const NOBODY: u32 = u32::MAX;

/// One thread's part of a run.
pub struct Worker<'a> {
    pub plan: &'a Plan<'a>,
    pub shared: &'a Shared,
    pub layout: &'a Layout,
    pub streams: &'a [Stream],
    pub upgrade: Option<Upgrade>,
    pub opcode: Option<u8>,
    pub framing: Framing,
    pub epoll: Epoll,
    /// The numbers of its connections, and those that are open.
    pub numbers: Vec<usize>,
    pub connections: Vec<Connection>,
    /// Connections that stood at some time.
    pub stood: usize,
    /// Cells dealt out.
    pub cells: usize,
    pub publishers: Vec<Publisher>,
    /// By stream: whose it is among `publishers`.
    pub publisher_at: Vec<u32>,
    /// Publishers whose window may have room.
    pub hungry: Vec<usize>,
    /// Bursts of a paced schedule so far, and when the schedule began; none while nobody publishes.
    pub schedule: Option<(u64, u64)>,
    pub publishing: bool,
    pub moves: Moves,
    pub managers: Vec<Manager>,
    pub oracle: Oracle,
    pub tally: Tally,
    /// Samples the server; one worker does.
    pub sampler: Option<Sampler>,
    /// Latency is taken from one connection in so many.
    pub sample_every: usize,
    /// Whether connections keep the last unit with a position.
    pub keeps_last: bool,
    pub buffer: Vec<u8>,
    pub inner: Vec<u8>,
}

impl<'a> Worker<'a> {
    /// Worker number `index`.
    pub fn new(
        plan: &'a Plan<'a>,
        shared: &'a Shared,
        layout: &'a Layout,
        streams: &'a [Stream],
        index: usize,
        sampler: Option<Sampler>,
    ) -> Result<Worker<'a>, Failure> {
        let scenario = plan.scenario;
        let numbers = layout.of_worker(index);
        let upgrade = plan.dialect.upgrade();
        let opcode = upgrade.as_ref().map(|upgrade| upgrade.opcode);
        let cells = numbers.iter().map(|&number| match layout.role(number) {
            Role::Client(channel) => layout.cells(channel),
            _ => 0,
        });
        let cells = cells.sum();
        let mut publisher_at = vec![NOBODY; streams.len()];
        let mut publishers = Vec::new();
        for (at, stream) in streams.iter().enumerate() {
            let Ok(connection) = numbers.binary_search(&stream.connection) else { continue };
            let stamp = Stamp::template(at as u32, scenario.payload_bytes);
            let channel = plan.dialect.channel(stream.channel);
            let message = plan.dialect.publish(&channel, &String::from_utf8_lossy(&stamp));
            publisher_at[at] = publishers.len() as u32;
            publishers.push(Publisher::new(connection, at, opcode, message));
        }
        let everyone = scenario.load != Load::Saturated || scenario.clients < 100;
        Ok(Worker {
            framing: plan.dialect.framing(),
            upgrade,
            opcode,
            epoll: Epoll::new()?,
            connections: Vec::with_capacity(numbers.len()),
            managers: Manager::all(&numbers, layout),
            numbers,
            stood: 0,
            cells: 0,
            hungry: Vec::with_capacity(publishers.len()),
            publishers,
            publisher_at,
            schedule: None,
            publishing: false,
            moves: Moves::default(),
            oracle: Oracle::new(cells),
            tally: Tally::new()?,
            sampler,
            sample_every: if everyone { 1 } else { 16 },
            keeps_last: scenario.cut.is_some(),
            buffer: vec![0; BUFFER_BYTES],
            inner: Vec::new(),
            plan,
            shared,
            layout,
            streams,
        })
    }

    /// All of it: connections, warm-up, measurement, the rest.
    pub fn drive(&mut self) -> Result<(), Failure> {
        let scenario = self.plan.scenario;
        let storm = scenario.connect_rate.is_some();
        if storm {
            self.tally.window = 0..u64::MAX;
            self.begin()?;
        }
        self.connect_all()?;
        if let Some(sampler) = &mut self.sampler {
            sampler.connected()?;
        }
        if storm {
            self.end()?;
        }
        self.meet(Meeting::Connected)?;
        if storm {
            return Ok(());
        }
        let begin = self.agree_on_begin()?;
        let measure = begin + scenario.warmup.as_nanos() as u64;
        let end = measure + scenario.duration.as_nanos() as u64;
        self.tally.window = measure..end;
        self.until(begin)?;
        self.start_publishing(begin)?;
        self.plan_moves(begin);
        self.until(measure)?;
        self.begin()?;
        self.until(end)?;
        self.end()?;
        self.publishing = false;
        self.schedule = None;
        self.stop_moves();
        self.meet(Meeting::Published)?;
        self.drain()
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.tally.begin();
        self.sampler.as_mut().map_or(Ok(()), Sampler::begin)
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.tally.end();
        self.sampler.as_mut().map_or(Ok(()), Sampler::end)
    }

    /// The first worker says when the load begins.
    fn agree_on_begin(&mut self) -> Result<u64, Failure> {
        if self.sampler.is_some() {
            self.shared.begin_ns.store(now_ns() + 10_000_000, Ordering::Release);
        }
        loop {
            match self.shared.begin_ns.load(Ordering::Acquire) {
                0 => self.until(now_ns() + 100_000)?,
                begin => return Ok(begin),
            }
        }
    }

    /// Works on until all workers are here.
    fn meet(&mut self, meeting: Meeting) -> Result<(), Failure> {
        self.shared.arrive(meeting);
        while !self.shared.all_at(meeting) {
            self.until(now_ns() + 1_000_000)?;
        }
        Ok(())
    }

    /// Receives what is still under way.
    fn drain(&mut self) -> Result<(), Failure> {
        let deadline = now_ns() + DRAIN_NS;
        let mut silent_at = now_ns() + SILENCE_NS;
        let mut first = 0;
        while !self.all_came(&mut first) && now_ns() < deadline.min(silent_at) {
            let before = self.tally.now.deliveries;
            self.until(now_ns() + 20_000_000)?;
            if self.tally.now.deliveries > before {
                silent_at = now_ns() + SILENCE_NS;
            }
        }
        // A repeat would come now.
        self.until(now_ns() + 20_000_000)
    }

    /// Whether every subscriber has all that was published; those before `first` are known to.
    fn all_came(&self, first: &mut usize) -> bool {
        while let Some(connection) = self.connections.get(*first) {
            let all = connection.slow
                || self.cells_of(*first).all(|(cell, stream)| {
                    connection.state == State::Ready
                        && self.oracle.has_reached(cell, self.shared.published(stream))
                });
            if !all {
                return false;
            }
            *first += 1;
        }
        true
    }

    /// The cells of a connection, each with its stream.
    pub fn cells_of(&self, index: usize) -> impl Iterator<Item = (usize, usize)> + use<'_, 'a> {
        let connection = &self.connections[index];
        let (channel, first) = match connection.role {
            Role::Client(channel) => (channel, connection.first_cell),
            _ => (0, 0),
        };
        let count = if first == connection.first_cell { self.layout.cells(channel) } else { 0 };
        (0..count).map(move |rank| (first + rank, self.layout.stream(channel, rank)))
    }

    /// Works until `deadline_ns`.
    pub fn until(&mut self, deadline_ns: u64) -> Result<(), Failure> {
        loop {
            let now = now_ns();
            self.check(now)?;
            if now >= deadline_ns {
                return Ok(());
            }
            let dues = [self.publish_due(now)?, self.moves_due(now)?, self.management_due(now)?];
            let due = dues.into_iter().flatten().min();
            let wake = deadline_ns.min(due.map_or(u64::MAX, |due| due.saturating_sub(SPIN_NS)));
            // A turn ends now and then even in silence, for progress and interruption.
            self.turn(wake.saturating_sub(now).min(100_000_000))?;
        }
    }

    /// Looks after progress, samples, interruption and stalls.
    pub fn check(&mut self, now: u64) -> Result<(), Failure> {
        if sys::interrupted() {
            return Err(Failure::Interrupted);
        }
        if self.shared.failed() {
            return Err(Failure::Failed("another worker gave up".to_owned()));
        }
        if let Some(delta) = self.tally.tick(now, self.publishing)? {
            self.shared.deliveries.fetch_add(delta, Ordering::Relaxed);
            if let Some(sampler) = &mut self.sampler {
                sampler.tick(now, self.tally.window.start)?;
                (self.plan.progress)(self.shared, self.tally.window.end.saturating_sub(now));
            }
        }
        Ok(())
    }

    /// Waits for the kernel once and handles what it reports.
    pub fn turn(&mut self, timeout_ns: u64) -> Result<(), Failure> {
        let mut events = [Event::EMPTY; EVENTS_MAX];
        for event in self.epoll.wait(&mut events, Some(timeout_ns))? {
            let index = event.token() & 0xFFFF_FFFF;
            let connection = &self.connections[index];
            if connection.state == State::Closed || self.token(index) != event.token() {
                continue;
            }
            if event.writable() {
                self.writable(index)?;
            }
            if event.readable() && self.connections[index].state != State::Closed {
                self.receive(index)?;
            }
        }
        Ok(())
    }

    /// What the kernel calls a connection: a report of an earlier life has another token.
    pub fn token(&self, index: usize) -> usize {
        index | (self.connections[index].life as usize) << 32
    }

    /// This worker's publisher of a stream.
    #[inline]
    pub fn publisher_of(&self, stream: usize) -> Option<usize> {
        let at = self.publisher_at[stream];
        (at != NOBODY).then_some(at as usize)
    }

    /// Tells the oracle how many messages there were.
    pub fn count_missing(&mut self) {
        for index in 0..self.connections.len() {
            let cells: Vec<(usize, usize)> = self.cells_of(index).collect();
            for (cell, stream) in cells {
                self.oracle.finish(cell, self.shared.published(stream));
            }
        }
    }
}
