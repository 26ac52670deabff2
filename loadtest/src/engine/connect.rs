//! Opening: TCP, upgrade, subscription, with a bounded number under way at once.

use super::connection::{Connection, State};
use super::{Engine, Failure};
use crate::sys::{self, now_ns};
use crate::target::Notice;
use crate::wire::{frame, handshake};

/// Connections being opened at once: below any listen backlog.
const UNDER_WAY_MAX: usize = 128;
/// How long all of them may take.
const CONNECT_NS: u64 = 60_000_000_000;

impl Engine<'_> {
    /// Opens every connection and waits until each is subscribed.
    pub fn connect_all(&mut self) -> Result<(), Failure> {
        let deadline = now_ns() + CONNECT_NS;
        let total = self.layout.connections;
        while self.ready < total {
            while self.connections.len() < total && self.connections.len() - self.ready < UNDER_WAY_MAX {
                self.open()?;
            }
            self.turn(100_000_000)?;
            if sys::interrupted() {
                return Err(Failure::Interrupted);
            }
            if now_ns() > deadline {
                let ready = self.ready;
                return Err(Failure::Failed(format!("only {ready} of {total} connections stood after 60 s")));
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Failure> {
        let index = self.connections.len();
        let address = self.plan.address;
        let mut connection = Connection::open(address, index)
            .map_err(|error| Failure::Failed(format!("cannot connect to {address}: {error}")))?;
        connection.channel = self.layout.subscription(index).unwrap_or(usize::MAX);
        connection.first_cell = self.layout.first_cell(index);
        self.epoll.add(connection.stream(), index, true)?;
        self.connections.push(connection);
        Ok(())
    }

    /// The socket takes bytes: it has just connected, or its buffer has room again.
    pub fn writable(&mut self, index: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        if connection.state == State::Opening {
            if let Some(error) = connection.stream().take_error()? {
                let address = self.plan.address;
                return Err(Failure::Failed(format!("cannot connect to {address}: {error}")));
            }
            connection.state = State::Upgrading;
            let headers = self.plan.target.headers();
            *connection.out() = handshake::request(&self.plan.host, &self.plan.path, &headers);
        }
        self.flush(index)
    }

    /// The upgrade was granted.
    pub fn upgraded(&mut self, index: usize) -> Result<(), Failure> {
        let subscription = self.layout.subscription(index);
        let message = subscription.and_then(|channel| {
            let target = self.plan.target;
            target.subscribe(&target.channel(channel))
        });
        let Some(message) = message else {
            self.stand(index);
            return Ok(());
        };
        let connection = &mut self.connections[index];
        connection.state = State::Subscribing;
        frame::write_masked(connection.out(), frame::TEXT, message.as_bytes());
        self.flush(index)
    }

    /// A message without a stamp.
    pub fn notice(&mut self, index: usize, message: &[u8]) -> Result<(), Failure> {
        let subscribing = self.connections[index].state == State::Subscribing;
        match self.plan.target.read(message) {
            Notice::Subscribed if subscribing => self.stand(index),
            Notice::Error(error) if subscribing => {
                return Err(Failure::Failed(format!("the subscription was refused: {error}")));
            }
            Notice::Error(error) => self.meter.error(error),
            Notice::Subscribed | Notice::Published | Notice::Other => {}
        }
        Ok(())
    }

    fn stand(&mut self, index: usize) {
        self.connections[index].state = State::Ready;
        self.ready += 1;
    }

    /// Writes what waits, and watches the socket for room where the kernel did not take it all.
    pub fn flush(&mut self, index: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        let changed = connection.flush().map_err(|error| self.gone(index, &error.to_string()))?;
        if changed {
            let connection = &self.connections[index];
            self.epoll.change(connection.stream(), index, connection.blocked)?;
        }
        Ok(())
    }

    /// A connection was lost: the run is over.
    pub fn gone(&self, index: usize, why: &str) -> Failure {
        let open = self.connections.len();
        Failure::Failed(format!("the server ended connection {index} of {open}: {why}"))
    }
}
