//! Clients that move beside the traffic: leave and join again, are cut off and recover, stop reading.

use super::connection::State;
use super::worker::Worker;
use crate::failure::Failure;
use crate::sys::now_ns;
use std::collections::VecDeque;
use std::net::Shutdown;

/// Connections being reopened at once.
const REOPENING_MAX: usize = 128;
/// How often a slow client reads.
const SLOW_TURN_NS: u64 = 100_000_000;

/// What is to happen, and when.
#[derive(Default)]
pub struct Moves {
    /// When the schedule of joins and leaves began, and how many there were.
    churn: Option<(u64, u64)>,
    /// When clients are cut off.
    cut_at: Option<u64>,
    /// Those cut off and not yet opened again.
    away: VecDeque<usize>,
    /// When slow clients stop reading, or read next.
    slow_at: Option<u64>,
    /// Clients that are to be where the traffic is: of each stream, how many messages.
    aims: Vec<(usize, Vec<(usize, u32)>)>,
}

impl Worker<'_> {
    /// Fixes the schedule.
    pub fn plan_moves(&mut self, begin: u64) {
        let scenario = self.plan.scenario;
        let window = self.tally.window.clone();
        let length = window.end - window.start;
        self.moves.churn = scenario.churn.map(|_| (begin, 0));
        self.moves.cut_at = scenario.cut.map(|_| window.start + length / 4);
        self.moves.slow_at = scenario.slow.map(|_| window.start + length / 2);
        self.tally.split_ns = self.moves.slow_at.unwrap_or(0);
    }

    /// Nothing new is begun; what was begun goes on.
    pub fn stop_moves(&mut self) {
        (self.moves.churn, self.moves.cut_at) = (None, None);
    }

    /// Does what is due, and says when the next is.
    pub fn moves_due(&mut self, now: u64) -> Result<Option<u64>, Failure> {
        let dues = [self.churn_due(now)?, self.cut_due(now)?, self.slow_due(now)?];
        Ok(dues.into_iter().flatten().min())
    }

    fn churn_due(&mut self, now: u64) -> Result<Option<u64>, Failure> {
        let (Some((begin, mut done)), Some(churn)) = (self.moves.churn, self.plan.scenario.churn) else {
            return Ok(None);
        };
        loop {
            let due = begin + (done as f64 / churn.rate * 1e9) as u64;
            if due > now {
                return Ok(Some(due));
            }
            let number = (done % self.plan.scenario.clients as u64) as usize;
            done += 1;
            self.moves.churn = Some((begin, done));
            let Ok(index) = self.numbers.binary_search(&number) else { continue };
            let connection = &mut self.connections[index];
            if connection.state != State::Ready {
                self.tally.skipped_moves += 1;
                continue;
            }
            (connection.state, connection.due_ns) = (State::Leaving, due);
            let channel = self.plan.dialect.channel(connection.channel);
            connection.write(self.opcode, &self.plan.dialect.unsubscribe(&channel));
            self.flush(index)?;
        }
    }

    /// The server says that a client has left: it is to join again at once.
    pub fn left(&mut self, index: usize, now: u64) -> Result<(), Failure> {
        let cells: Vec<(usize, usize)> = self.cells_of(index).collect();
        cells.iter().for_each(|&(cell, _)| self.oracle.leave(cell));
        self.connections[index].state = State::Greeting;
        self.advance(index, now)
    }

    /// A client that stood before subscribes without recovery.
    pub fn expect_to_miss(&mut self, index: usize) {
        let cells: Vec<(usize, usize)> = self.cells_of(index).collect();
        let cut = self.connections[index].catching_up;
        for (cell, stream) in cells {
            let next = self.oracle.join(cell);
            if cut {
                self.tally.missed += u64::from(self.shared.published(stream).saturating_sub(next));
            }
        }
    }

    /// A client that stood before is subscribed again: what is published from here on must come.
    pub fn returned(&mut self, index: usize, now: u64) {
        let mut aim: Vec<(usize, u32)> = Vec::new();
        let cells: Vec<(usize, usize)> = self.cells_of(index).collect();
        for (cell, stream) in cells {
            let published = self.shared.published(stream);
            self.oracle.joined(cell, published);
            aim.push((cell, published));
        }
        if self.connections[index].catching_up {
            self.moves.aims.push((index, aim));
            self.check_caught_up(index, now);
        } else {
            self.record_side(index, now);
        }
    }

    /// A client that was cut off received something.
    pub fn check_caught_up(&mut self, index: usize, now: u64) {
        let Some(at) = self.moves.aims.iter().position(|(one, _)| *one == index) else { return };
        if self.moves.aims[at].1.iter().all(|&(cell, published)| self.oracle.has_reached(cell, published)) {
            self.moves.aims.swap_remove(at);
            self.connections[index].catching_up = false;
            self.record_side(index, now);
        }
    }

    fn record_side(&mut self, index: usize, now: u64) {
        let due = self.connections[index].due_ns;
        if self.tally.window.contains(&due) {
            self.tally.side.saturating_record(now.saturating_sub(due).max(1));
        }
    }

    fn cut_due(&mut self, now: u64) -> Result<Option<u64>, Failure> {
        if let Some(due) = self.moves.cut_at {
            if due > now {
                return Ok(Some(due));
            }
            self.moves.cut_at = None;
            self.cut(due)?;
        }
        if self.moves.away.is_empty() {
            return Ok(None);
        }
        let under_way = self.connections.iter().filter(|one| one.state < State::Ready).count();
        for _ in under_way..REOPENING_MAX {
            let Some(index) = self.moves.away.pop_front() else { break };
            self.connections[index].reopen(self.plan.address)?;
            self.epoll.add(self.connections[index].stream(), self.token(index), true)?;
        }
        Ok((!self.moves.away.is_empty()).then_some(now + 200_000))
    }

    /// Closes the sockets of all who are to be cut off.
    fn cut(&mut self, due: u64) -> Result<(), Failure> {
        let count = self.plan.scenario.cut.map_or(0, |cut| cut.clients);
        for index in 0..self.numbers.partition_point(|&number| number < count) {
            let connection = &mut self.connections[index];
            (connection.state, connection.catching_up, connection.due_ns) = (State::Closed, true, due);
            self.epoll.remove(connection.stream())?;
            connection.stream().shutdown(Shutdown::Both)?;
            self.moves.away.push_back(index);
        }
        Ok(())
    }

    fn slow_due(&mut self, now: u64) -> Result<Option<u64>, Failure> {
        let (Some(due), Some(slow)) = (self.moves.slow_at, self.plan.scenario.slow) else { return Ok(None) };
        if due > now {
            return Ok(Some(due));
        }
        let bytes = slow.bytes_per_s / (1_000_000_000 / SLOW_TURN_NS) as usize;
        self.moves.slow_at = (bytes > 0).then(|| now_ns() + SLOW_TURN_NS);
        for index in 0..self.numbers.partition_point(|&number| number < slow.clients) {
            let connection = &mut self.connections[index];
            if connection.state == State::Closed {
                continue;
            }
            let room = (connection.kept() + bytes).min(self.buffer.len());
            if !std::mem::replace(&mut connection.slow, true) {
                self.epoll.ignore(connection.stream(), index)?;
                let cells: Vec<(usize, usize)> = self.cells_of(index).collect();
                cells.iter().for_each(|&(cell, _)| self.oracle.leave(cell));
            }
            if bytes > 0 {
                let mut buffer = std::mem::take(&mut self.buffer);
                let result = self.receive_into(index, &mut buffer[..room]);
                self.buffer = buffer;
                result?;
            }
        }
        Ok(self.moves.slow_at)
    }
}
