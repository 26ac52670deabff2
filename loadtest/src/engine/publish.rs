//! Publishing: open loop by a schedule, or closed loop by a window.

use super::worker::Worker;
use crate::failure::Failure;
use crate::scenario::Load;
use crate::sys::now_ns;
use crate::wire::frame;
use crate::wire::stamp::{MARKER, Stamp};

/// One stream of messages, at the worker that publishes it.
pub struct Publisher {
    /// The connection that sends, as this worker counts.
    connection: usize,
    /// Its stream.
    stream: usize,
    /// The number of its next message.
    next: u32,
    /// When the one before was due.
    due_ns: u64,
    /// Messages that the pacemaker has not received.
    outstanding: u32,
    /// Whether it waits in the list of the hungry.
    queued: bool,
    opcode: Option<u8>,
    message: Vec<u8>,
    stamp_at: usize,
}

impl Publisher {
    /// A publisher whose messages are `message` with a stamp in it, each in a frame with `opcode` if there is one.
    pub fn new(connection: usize, stream: usize, opcode: Option<u8>, message: Vec<u8>) -> Publisher {
        let stamp_at = message.windows(MARKER.len()).position(|window| window == MARKER);
        let stamp_at = stamp_at.expect("a dialect's message holds the stamp it was given");
        Publisher {
            connection,
            stream,
            next: 0,
            due_ns: 0,
            outstanding: 0,
            queued: false,
            opcode,
            message,
            stamp_at,
        }
    }

    /// Appends the next message.
    fn write(&mut self, out: &mut Vec<u8>, due_ns: u64) {
        Stamp::fill(&mut self.message[self.stamp_at..], self.next, due_ns);
        match self.opcode {
            Some(opcode) => frame::write_masked(out, opcode, &self.message),
            None => out.extend_from_slice(&self.message),
        }
        self.next += 1;
        self.due_ns = due_ns;
        self.outstanding += 1;
    }

    /// The stamp of its newest message.
    pub fn newest(&self) -> Option<Stamp> {
        let number = self.next.checked_sub(1)?;
        Some(Stamp { stream: self.stream as u32, number, due_ns: self.due_ns })
    }

    /// Its pacemaker received a message. Whether it is to be put on the list of the hungry.
    #[inline]
    pub fn received(&mut self) -> bool {
        self.outstanding = self.outstanding.saturating_sub(1);
        !std::mem::replace(&mut self.queued, true)
    }
}

impl Worker<'_> {
    /// Begins the load at `begin_ns`.
    pub fn start_publishing(&mut self, begin_ns: u64) -> Result<(), Failure> {
        self.publishing = true;
        match self.plan.scenario.load {
            Load::Idle => Ok(()),
            Load::Paced => {
                self.schedule = Some((0, begin_ns));
                Ok(())
            }
            Load::Saturated => (0..self.publishers.len()).try_for_each(|publisher| self.feed(publisher)),
        }
    }

    /// Sends what a paced schedule has due, and says when the next is. The schedule is one over all workers; each
    /// sends what is its own.
    pub fn publish_due(&mut self, now: u64) -> Result<Option<u64>, Failure> {
        let Some((mut bursts, begin)) = self.schedule else { return Ok(None) };
        let (rate, burst) = (self.plan.scenario.rate, self.plan.scenario.burst);
        loop {
            let due = begin + ((bursts * u64::from(burst)) as f64 / rate * 1e9) as u64;
            if due > now {
                return Ok(Some(due));
            }
            let stream = (bursts % self.streams.len() as u64) as usize;
            bursts += 1;
            self.schedule = Some((bursts, begin));
            let Some(publisher) = self.publisher_of(stream) else { continue };
            if self.tally.window.contains(&due) {
                self.tally.lag.saturating_record((now_ns() - due).max(1));
            }
            self.send(publisher, burst, due)?;
        }
    }

    /// Fills a publisher's window, burst by burst.
    fn feed(&mut self, index: usize) -> Result<(), Failure> {
        if self.plan.scenario.load != Load::Saturated {
            return Ok(());
        }
        let (window, burst) = (self.plan.scenario.window, self.plan.scenario.burst);
        while self.publishing && self.publishers[index].outstanding + burst <= window {
            self.send(index, burst, now_ns())?;
        }
        Ok(())
    }

    /// Feeds every publisher whose pacemaker has received something.
    pub fn feed_hungry(&mut self) -> Result<(), Failure> {
        while let Some(index) = self.hungry.pop() {
            self.publishers[index].queued = false;
            self.feed(index)?;
        }
        Ok(())
    }

    fn send(&mut self, index: usize, count: u32, due_ns: u64) -> Result<(), Failure> {
        let publisher = &mut self.publishers[index];
        let connection = &mut self.connections[publisher.connection];
        for _ in 0..count {
            publisher.write(connection.out(), due_ns);
        }
        self.shared.publish(publisher.stream, publisher.next);
        self.tally.now.published += u64::from(count);
        let sender = publisher.connection;
        if self.connections[sender].blocked { Ok(()) } else { self.flush(sender) }
    }
}
