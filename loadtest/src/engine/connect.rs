//! Opening: TCP, upgrade, greeting, subscription, with a bounded number under way at once.

use super::connection::{Connection, State};
use super::layout::Role;
use super::worker::Worker;
use crate::failure::Failure;
use crate::sys::now_ns;
use crate::target::Notice;
use crate::wire::handshake;

/// Connections being opened at once: below any listen backlog.
const UNDER_WAY_MAX: usize = 128;
/// With a schedule of its own, a storm may pile up further.
const STORM_UNDER_WAY_MAX: usize = 4096;
/// After so long without a connection that stands, no more are expected.
const CONNECT_SILENCE_NS: u64 = 15_000_000_000;

impl Worker<'_> {
    /// Opens every connection and waits until each stands.
    pub fn connect_all(&mut self) -> Result<(), Failure> {
        let begin = now_ns();
        let (mut last, mut progress_at) = (0, begin);
        while self.stood < self.numbers.len() {
            let now = now_ns();
            self.check(now)?;
            let wake = self.open_due(begin, now)?;
            self.turn(wake.saturating_sub(now).min(100_000_000))?;
            if self.stood > last {
                (last, progress_at) = (self.stood, now);
            }
            if now > progress_at + CONNECT_SILENCE_NS {
                let (stood, total) = (self.stood, self.numbers.len());
                let next = self.connections.iter().find(|one| !one.stood);
                let waits = next.map_or("an event", |one| one.state.awaited());
                return Err(Failure::Failed(format!(
                    "only {stood} of {total} connections stand, and none came in 15 s; the next one waits for {waits}"
                )));
            }
        }
        Ok(())
    }

    /// Opens what is due, and says when to look again.
    fn open_due(&mut self, begin: u64, now: u64) -> Result<u64, Failure> {
        let rate = self.plan.scenario.connect_rate;
        let under_way = if rate.is_some() { STORM_UNDER_WAY_MAX } else { UNDER_WAY_MAX };
        while self.connections.len() < self.numbers.len() && self.connections.len() - self.stood < under_way {
            let number = self.numbers[self.connections.len()];
            let due = rate.map_or(now, |rate| begin + (number as f64 / rate * 1e9) as u64);
            if due > now {
                return Ok(due);
            }
            self.open(number, due)?;
        }
        Ok(u64::MAX)
    }

    fn open(&mut self, number: usize, due: u64) -> Result<(), Failure> {
        let index = self.connections.len();
        let (address, role) = (self.plan.address, self.layout.role(number));
        let slow = self.plan.scenario.slow.is_some_and(|slow| number < slow.clients);
        let mut connection =
            Connection::open(address, number, role, slow).map_err(|error| self.unreachable(&error))?;
        connection.due_ns = due;
        if let Role::Client(channel) = role {
            connection.first_cell = self.cells;
            self.cells += self.layout.cells(channel);
        }
        self.epoll.add(connection.stream(), index, true)?;
        self.connections.push(connection);
        Ok(())
    }

    /// The socket takes bytes: it has just connected, or its buffer has room again.
    pub fn writable(&mut self, index: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        if connection.state == State::Opening {
            if let Some(error) = connection.stream().take_error()? {
                return Err(self.unreachable(&error));
            }
            match &self.upgrade {
                _ if connection.role == Role::Management => self.stand(index, now_ns()),
                Some(upgrade) => {
                    connection.state = State::Upgrading;
                    let host = &self.plan.host;
                    *connection.out() = handshake::request(host, &upgrade.path, &upgrade.headers);
                }
                None => return self.advance(index, now_ns()),
            }
        }
        self.flush(index)
    }

    /// The step before was done; takes the next one.
    pub fn advance(&mut self, index: usize, now: u64) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        let dialect = self.plan.dialect;
        if matches!(connection.state, State::Opening | State::Upgrading)
            && let Some(greeting) = dialect.greeting(connection.number)
        {
            connection.state = State::Greeting;
            connection.write(self.opcode, &greeting);
            return self.flush(index);
        }
        let channel = match connection.role {
            Role::Client(channel) if !self.plan.scenario.acknowledged => channel,
            _ => {
                self.stand(index, now);
                return self.flush(index);
            }
        };
        let channel = dialect.channel(channel);
        let recovery =
            if connection.catching_up { dialect.recover(&channel, &connection.last) } else { None };
        let stood = connection.stood;
        connection.state = State::Subscribing;
        if stood && recovery.is_none() {
            self.expect_to_miss(index);
        }
        let request = recovery.unwrap_or_else(|| dialect.subscribe(&channel));
        self.connections[index].write(self.opcode, &request);
        self.flush(index)
    }

    /// A unit without a stamp.
    pub fn notice(&mut self, index: usize, unit: &[u8], now: u64) -> Result<(), Failure> {
        let notice = self.plan.dialect.read(unit);
        let connection = &mut self.connections[index];
        match (notice, connection.state) {
            (Notice::Done | Notice::DoneWithGap, State::Greeting) => self.advance(index, now),
            (Notice::Done, State::Subscribing) => {
                if self.keeps_last {
                    connection.last.clear();
                    connection.last.extend_from_slice(unit);
                }
                self.subscribed(index, now);
                Ok(())
            }
            (Notice::DoneWithGap, State::Subscribing) => {
                self.tally.refused_recoveries += 1;
                self.expect_to_miss(index);
                self.subscribed(index, now);
                Ok(())
            }
            (Notice::Done, State::Leaving) => self.left(index, now),
            (Notice::Accepted, State::Ready) => {
                self.accepted(index, unit.len(), now);
                Ok(())
            }
            (Notice::Error(error), State::Greeting | State::Subscribing) if !connection.stood => {
                Err(Failure::Failed(format!("the server refused: {error}")))
            }
            (Notice::Error(error), _) => {
                self.tally.error(error);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn subscribed(&mut self, index: usize, now: u64) {
        let again = self.connections[index].stood;
        self.stand(index, now);
        if again {
            self.returned(index, now);
        }
    }

    fn stand(&mut self, index: usize, now: u64) {
        let connection = &mut self.connections[index];
        connection.state = State::Ready;
        if std::mem::replace(&mut connection.stood, true) {
            return;
        }
        self.stood += 1;
        self.shared.ready.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if self.plan.scenario.connect_rate.is_some() {
            let due = connection.due_ns;
            self.tally.now.deliveries += 1;
            self.tally.latency(due).saturating_record(now.saturating_sub(due).max(1));
        }
    }

    /// Writes what waits, and watches the socket for room where the kernel did not take it all.
    pub fn flush(&mut self, index: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        match connection.flush() {
            Ok(false) => Ok(()),
            Ok(true) => {
                let connection = &self.connections[index];
                Ok(self.epoll.change(connection.stream(), self.token(index), connection.blocked)?)
            }
            Err(error) => self.ended(index, &error.to_string()),
        }
    }

    /// The server ended a connection: the run is over, unless it was one that did not read.
    pub fn ended(&mut self, index: usize, why: &str) -> Result<(), Failure> {
        if !self.connections[index].slow {
            return Err(self.gone(index, why));
        }
        self.tally.slow_closed += 1;
        self.connections[index].state = State::Closed;
        Ok(self.epoll.remove(self.connections[index].stream())?)
    }

    /// A connection was lost.
    pub fn gone(&self, index: usize, why: &str) -> Failure {
        let (number, open) = (self.connections[index].number, self.connections.len());
        Failure::Failed(format!("the server ended connection {number} of {open}: {why}"))
    }

    fn unreachable(&self, error: &std::io::Error) -> Failure {
        Failure::Failed(format!("cannot connect to {}: {error}", self.plan.address))
    }
}
