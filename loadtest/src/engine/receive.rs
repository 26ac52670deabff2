//! Receiving: one read takes what the kernel has, frames are walked by their headers, a stamp is found at the
//! place where the last one stood.

use super::Engine;
use super::connection::{Arrived, State};
use crate::failure::Failure;
use crate::sys::now_ns;
use crate::wire::stamp::Stamp;
use crate::wire::{frame, handshake};

impl Engine<'_> {
    /// Reads from a connection until it is drained.
    pub fn receive(&mut self, index: usize) -> Result<(), Failure> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.receive_into(index, &mut buffer);
        self.buffer = buffer;
        result?;
        self.feed_hungry()
    }

    fn receive_into(&mut self, index: usize, buffer: &mut [u8]) -> Result<(), Failure> {
        loop {
            let arrived = self.connections[index].read(buffer);
            let total = match arrived.map_err(|error| self.gone(index, &error.to_string()))? {
                Arrived::Bytes(total) => total,
                Arrived::Nothing => return Ok(()),
                Arrived::End => return Err(self.gone(index, "without a close frame")),
            };
            let used = self.consume(index, &buffer[..total])?;
            self.connections[index].keep(&buffer[used..total]);
            // A read that did not fill the buffer has emptied the socket.
            if total < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Handles every whole frame, and says how many bytes they were.
    fn consume(&mut self, index: usize, bytes: &[u8]) -> Result<usize, Failure> {
        let now = now_ns();
        let mut at = 0;
        if self.connections[index].state == State::Upgrading {
            let Some(head) = handshake::read_response(bytes)? else { return Ok(0) };
            at = head;
            self.upgraded(index)?;
        }
        loop {
            let rest = &bytes[at..];
            let Some(header) = frame::read_header(rest).map_err(|why| self.gone(index, why))? else { break };
            let length = header.frame_bytes();
            let Some(payload) = rest.get(header.bytes..length) else { break };
            match header.opcode {
                _ if header.mask.is_some() => return Err(self.gone(index, "it sent a masked frame")),
                frame::TEXT | frame::BINARY => self.message(index, payload, length, now)?,
                frame::PING => self.pong(index, payload)?,
                frame::PONG => {}
                frame::CLOSE => return Err(self.gone(index, &close_reason(payload))),
                _ => return Err(self.gone(index, "it sent a frame of an unknown kind")),
            }
            at += length;
        }
        Ok(at)
    }

    #[inline]
    fn message(&mut self, index: usize, payload: &[u8], frame_bytes: usize, now: u64) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        let found = Stamp::find(payload, connection.stamp_at);
        match found.and_then(|at| Some((at, Stamp::read(&payload[at..])?))) {
            Some((at, stamp)) => {
                connection.stamp_at = at;
                self.meter.now.bytes += frame_bytes as u64;
                self.delivered(index, stamp, now);
                Ok(())
            }
            None => self.notice(index, payload),
        }
    }

    #[inline]
    fn delivered(&mut self, index: usize, stamp: Stamp, now: u64) {
        let connection = &self.connections[index];
        let stream = stamp.stream as usize;
        let Some(publisher) = self.publishers.get_mut(stream) else {
            self.oracle.faults.misrouted += 1;
            return;
        };
        if publisher.channel != connection.channel {
            self.oracle.faults.misrouted += 1;
            return;
        }
        if !self.oracle.receive(connection.first_cell + publisher.rank, stamp.number) {
            return;
        }
        self.meter.now.deliveries += 1;
        if publisher.pacemaker == index {
            publisher.outstanding = publisher.outstanding.saturating_sub(1);
            if !publisher.queued {
                publisher.queued = true;
                self.hungry.push(stream);
            }
        }
        if index.is_multiple_of(self.sample_every) && self.meter.window.contains(&stamp.due_ns) {
            self.latency.saturating_record(now.saturating_sub(stamp.due_ns).max(1));
        }
    }

    fn pong(&mut self, index: usize, payload: &[u8]) -> Result<(), Failure> {
        frame::write_masked(self.connections[index].out(), frame::PONG, payload);
        self.flush(index)
    }
}

/// A close frame's code and reason.
fn close_reason(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            format!("close {code} {}", String::from_utf8_lossy(reason))
        }
        _ => "close without a code".to_owned(),
    }
}
