//! Publishing: open loop by a schedule, or closed loop by a window.

use super::Engine;
use crate::failure::Failure;
use crate::scenario::Load;
use crate::sys::now_ns;
use crate::wire::frame;
use crate::wire::stamp::{MARKER, Stamp};

/// No connection.
pub const NOBODY: usize = usize::MAX;

/// One stream of messages.
pub struct Publisher {
    /// The connection that sends.
    connection: usize,
    /// Its channel.
    pub channel: usize,
    /// Its place among the publishers of its channel.
    pub rank: usize,
    /// The client whose receipt makes room in the window.
    pub pacemaker: usize,
    /// The number of its next message.
    pub next: u32,
    /// Messages that the pacemaker has not received.
    pub outstanding: u32,
    /// Whether it waits in the list of the hungry.
    pub queued: bool,
    message: Vec<u8>,
    stamp_at: usize,
}

impl Publisher {
    /// A publisher whose messages are `message` with a stamp in it.
    pub fn new(
        connection: usize,
        channel: usize,
        rank: usize,
        pacemaker: usize,
        message: String,
    ) -> Publisher {
        let message = message.into_bytes();
        let stamp_at = message.windows(MARKER.len()).position(|window| window == MARKER);
        let stamp_at = stamp_at.expect("a target's message holds the stamp it was given");
        Publisher {
            connection,
            channel,
            rank,
            pacemaker,
            next: 0,
            outstanding: 0,
            queued: false,
            message,
            stamp_at,
        }
    }

    /// Appends the next message's frame.
    fn write(&mut self, out: &mut Vec<u8>, due_ns: u64) {
        Stamp::fill(&mut self.message[self.stamp_at..], self.next, due_ns);
        frame::write_masked(out, frame::TEXT, &self.message);
        self.next += 1;
        self.outstanding += 1;
    }
}

impl Engine<'_> {
    /// Begins the load at `begin_ns`.
    pub fn start_publishing(&mut self, begin_ns: u64) -> Result<(), Failure> {
        if self.publishers.iter().any(|publisher| publisher.connection == NOBODY) {
            return Ok(());
        }
        self.publishing = true;
        match self.plan.scenario.load {
            Load::Idle => Ok(()),
            Load::Paced { .. } => {
                self.schedule = Some((0, begin_ns));
                Ok(())
            }
            Load::Saturated { .. } => {
                (0..self.publishers.len()).try_for_each(|publisher| self.feed(publisher))
            }
        }
    }

    /// Sends what a paced schedule has due, and says when the next is.
    pub fn publish_due(&mut self, now: u64) -> Result<Option<u64>, Failure> {
        let (Some((mut bursts, begin)), Load::Paced { rate, burst }) =
            (self.schedule, self.plan.scenario.load)
        else {
            return Ok(None);
        };
        loop {
            let due = begin + ((bursts * u64::from(burst)) as f64 / rate * 1e9) as u64;
            if due > now {
                return Ok(Some(due));
            }
            if self.meter.window.contains(&due) {
                self.lag.saturating_record((now_ns() - due).max(1));
            }
            let publisher = (bursts % self.publishers.len() as u64) as usize;
            bursts += 1;
            self.schedule = Some((bursts, begin));
            self.send(publisher, burst, due)?;
        }
    }

    /// Fills a publisher's window, burst by burst.
    pub fn feed(&mut self, index: usize) -> Result<(), Failure> {
        let Load::Saturated { window, burst } = self.plan.scenario.load else { return Ok(()) };
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
        self.meter.now.published += u64::from(count);
        let sender = publisher.connection;
        if self.connections[sender].blocked { Ok(()) } else { self.flush(sender) }
    }
}
