//! Receiving: one read takes what the kernel has, units are walked by their headers, a stamp is found at the place
//! where the last one stood.

use super::connection::{Arrived, State};
use super::layout::Role;
use super::worker::Worker;
use crate::failure::Failure;
use crate::sys::now_ns;
use crate::wire::stamp::Stamp;
use crate::wire::{Framing, Kind, handshake};

impl Worker<'_> {
    /// Reads from a connection until it is drained.
    pub fn receive(&mut self, index: usize) -> Result<(), Failure> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.receive_into(index, &mut buffer);
        self.buffer = buffer;
        result?;
        self.feed_hungry()
    }

    /// Reads until `buffer` is not filled any more.
    pub fn receive_into(&mut self, index: usize, buffer: &mut [u8]) -> Result<(), Failure> {
        loop {
            let total = match self.connections[index].read(buffer) {
                Ok(Arrived::Bytes(total)) => total,
                Ok(Arrived::Nothing) => return Ok(()),
                Ok(Arrived::End) => return self.ended(index, "without a word"),
                Err(error) => return self.ended(index, &error.to_string()),
            };
            let used = self.consume(index, &buffer[..total])?;
            self.connections[index].keep(&buffer[used..total]);
            // A read that did not fill the buffer has emptied the socket.
            if total < buffer.len() || self.connections[index].slow {
                return Ok(());
            }
        }
    }

    /// Handles every whole unit, and says how many bytes they were.
    fn consume(&mut self, index: usize, bytes: &[u8]) -> Result<usize, Failure> {
        let now = now_ns();
        let connection = &self.connections[index];
        if connection.role == Role::Management {
            return self.answers(index, bytes, now);
        }
        let mut at = 0;
        if connection.state == State::Upgrading {
            let Some(head) = handshake::read_response(bytes)? else { return Ok(0) };
            at = head;
            self.advance(index, now)?;
        }
        match (self.opcode, self.framing) {
            (None, _) | (_, Framing::WebSocket) => {
                Ok(at + self.units(index, self.framing, &bytes[at..], now)?)
            }
            (Some(_), _) => Ok(at + self.unwrap(index, &bytes[at..], now)?),
        }
    }

    /// Handles the units of a stream inside WebSocket messages.
    fn unwrap(&mut self, index: usize, bytes: &[u8], now: u64) -> Result<usize, Failure> {
        let mut stream = std::mem::take(&mut self.inner);
        stream.clear();
        stream.extend_from_slice(&self.connections[index].inner);
        let mut at = 0;
        while let Some(unit) = self.unit(index, Framing::WebSocket, &bytes[at..])? {
            let body = &bytes[at + unit.body..at + unit.bytes];
            at += unit.bytes;
            match unit.kind {
                Kind::Message => stream.extend_from_slice(body),
                Kind::Ping => self.pong(index, Framing::WebSocket, body)?,
                Kind::Ignored => continue,
                Kind::Close => {
                    self.ended(index, &close_reason(body))?;
                    break;
                }
            }
            if self.framing == Framing::JsonLines {
                stream.push(b'\n');
            }
        }
        let used = self.units(index, self.framing, &stream, now)?;
        let kept = &mut self.connections[index].inner;
        kept.clear();
        kept.extend_from_slice(&stream[used..]);
        self.inner = stream;
        Ok(at)
    }

    /// Handles the units of a stream.
    #[inline]
    fn units(&mut self, index: usize, framing: Framing, bytes: &[u8], now: u64) -> Result<usize, Failure> {
        let mut at = 0;
        while let Some(unit) = self.unit(index, framing, &bytes[at..])? {
            let body = &bytes[at + unit.body..at + unit.bytes];
            match unit.kind {
                Kind::Message => self.message(index, body, unit.bytes, now)?,
                Kind::Ping => self.pong(index, framing, body)?,
                Kind::Ignored => {}
                Kind::Close => {
                    self.ended(index, &close_reason(body))?;
                    return Ok(bytes.len());
                }
            }
            at += unit.bytes;
        }
        Ok(at)
    }

    #[inline]
    fn unit(
        &self,
        index: usize,
        framing: Framing,
        bytes: &[u8],
    ) -> Result<Option<crate::wire::Unit>, Failure> {
        framing.next(bytes).map_err(|why| self.gone(index, why))
    }

    #[inline]
    fn message(&mut self, index: usize, body: &[u8], unit_bytes: usize, now: u64) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        let found = Stamp::find(body, connection.stamp_at);
        let Some((at, stamp)) = found.and_then(|at| Some((at, Stamp::read(&body[at..])?))) else {
            return self.notice(index, body, now);
        };
        connection.stamp_at = at;
        if self.keeps_last {
            connection.last.clear();
            connection.last.extend_from_slice(body);
        }
        let lost = self.oracle.faults.lost;
        self.delivered(index, stamp, unit_bytes, now);
        if self.connections[index].catching_up {
            self.oracle.faults.recovery_gaps += self.oracle.faults.lost.saturating_sub(lost);
            self.check_caught_up(index, now);
        }
        Ok(())
    }

    /// A publisher's only message outstanding was taken: where that is what counts, it is its delivery.
    pub fn accepted(&mut self, index: usize, unit_bytes: usize, now: u64) {
        // With a channel for each client, a client's stream has its number.
        let stream = self.connections[index].number;
        let own = self.plan.scenario.acknowledged.then(|| self.publisher_of(stream)).flatten();
        if let Some(stamp) = own.and_then(|publisher| self.publishers[publisher].newest()) {
            self.delivered(index, stamp, unit_bytes, now);
        }
    }

    #[inline]
    fn delivered(&mut self, index: usize, stamp: Stamp, unit_bytes: usize, now: u64) {
        let connection = &self.connections[index];
        let stream = stamp.stream as usize;
        if connection.slow {
            return;
        }
        let Some(known) = self.streams.get(stream).filter(|known| known.channel == connection.channel) else {
            self.oracle.faults.misrouted += 1;
            return;
        };
        if !self.oracle.receive(connection.first_cell + known.rank, stamp.number) {
            return;
        }
        let counts = &mut self.tally.now;
        counts.deliveries += 1;
        counts.bytes += unit_bytes as u64;
        if known.pacemaker == connection.number {
            let publisher = self.publisher_at[stream] as usize;
            if self.publishers[publisher].received() {
                self.hungry.push(publisher);
            }
        }
        // What a client makes up for after it was cut off is told by how long that takes.
        let counts = index.is_multiple_of(self.sample_every) && !connection.catching_up;
        if counts && self.tally.window.contains(&stamp.due_ns) {
            self.tally.latency(stamp.due_ns).saturating_record(now.saturating_sub(stamp.due_ns).max(1));
        }
    }

    fn pong(&mut self, index: usize, framing: Framing, body: &[u8]) -> Result<(), Failure> {
        let mut answer = Vec::new();
        framing.pong(&mut answer, body);
        let opcode = if framing == Framing::WebSocket { None } else { self.opcode };
        self.connections[index].write(opcode, &answer);
        self.flush(index)
    }
}

/// A close frame's code and reason.
fn close_reason(body: &[u8]) -> String {
    match body {
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            format!("close {code} {}", String::from_utf8_lossy(reason))
        }
        _ => "close without a code".to_owned(),
    }
}
