//! Requests of one connection that wait for an answer. Answers may come in any order; they leave in the order
//! of the requests.

use super::expect::Expect;
use crate::model::channel::ChannelName;
use crate::model::command::ConnectionCommand;
use std::collections::VecDeque;

enum Slot {
    Waiting(Expect),
    /// Done when all before it is answered. Nothing is read meanwhile, so it is the last.
    Turn(Expect, ConnectionCommand),
    Ready {
        bytes: Vec<u8>,
        /// A subscription that may be sent to when these bytes are on their way.
        opens: Option<Opens>,
        /// Nothing may follow: the connection closes after these bytes.
        last: bool,
    },
}

/// A subscription that is held until its answer leaves.
pub(in crate::shard) struct Opens {
    pub channel: ChannelName,
    /// Whether the answer is to the subscribe that made it, not to one that came again.
    pub begins: bool,
}

/// See the module.
#[derive(Default)]
pub(in crate::shard) struct Pending {
    slots: VecDeque<Slot>,
    /// Sequence of the slot at the front.
    first: u32,
    /// A request before whose answer nothing more is read.
    holding: Option<u32>,
}

/// What leaves next.
pub(in crate::shard) struct Released {
    pub bytes: Vec<u8>,
    pub opens: Option<Opens>,
    pub last: bool,
}

impl Pending {
    /// Requests that wait, or whose answer waits for an earlier one.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Opens a slot for a request; says its sequence.
    pub fn open(&mut self, expect: Expect) -> u32 {
        self.slots.push_back(Slot::Waiting(expect));
        self.first.wrapping_add(self.slots.len() as u32 - 1)
    }

    /// Opens a slot for a command that is done when its turn comes.
    pub fn wait_turn(&mut self, expect: Expect, command: ConnectionCommand) {
        self.slots.push_back(Slot::Turn(expect, command));
    }

    /// Reads nothing more until this request is answered.
    pub fn hold_reading(&mut self, sequence: u32) {
        self.holding = Some(sequence);
    }

    /// Whether nothing more may be read until an answer has come: a command waits for its turn, or holds others up.
    pub fn holds_reading(&self) -> bool {
        self.holding.is_some() || matches!(self.slots.back(), Some(Slot::Turn(..)))
    }

    /// The command whose turn has come; the sequence by which it is answered.
    pub fn take_turn(&mut self) -> Option<(u32, ConnectionCommand)> {
        let slot = self.slots.front_mut().filter(|slot| matches!(slot, Slot::Turn(..)))?;
        match std::mem::replace(slot, Slot::Ready { bytes: Vec::new(), opens: None, last: false }) {
            Slot::Turn(expect, command) => {
                *slot = Slot::Waiting(expect);
                Some((self.first, command))
            }
            _ => None,
        }
    }

    /// Adds bytes that are ready but must wait their turn.
    pub fn append(&mut self, bytes: Vec<u8>, last: bool) {
        self.slots.push_back(Slot::Ready { bytes, opens: None, last });
    }

    fn slot(&mut self, sequence: u32) -> Option<&mut Slot> {
        self.slots.get_mut(sequence.wrapping_sub(self.first) as usize)
    }

    /// How the answer to this request is to be written. `None` if it was answered already.
    pub fn take(&mut self, sequence: u32) -> Option<Expect> {
        self.holding = self.holding.filter(|holding| *holding != sequence);
        match self.slot(sequence)? {
            slot @ Slot::Waiting(_) => {
                match std::mem::replace(slot, Slot::Ready { bytes: Vec::new(), opens: None, last: false }) {
                    Slot::Waiting(expect) => Some(expect),
                    Slot::Turn(..) | Slot::Ready { .. } => None,
                }
            }
            Slot::Turn(..) | Slot::Ready { .. } => None,
        }
    }

    /// Whether the slot is the front one: its answer leaves at once.
    pub fn is_first(&self, sequence: u32) -> bool {
        sequence == self.first
    }

    /// The answer to a request that was taken.
    pub fn fill(&mut self, sequence: u32, answer: Vec<u8>, opened: Option<Opens>, ends: bool) {
        if let Some(Slot::Ready { bytes, opens, last }) = self.slot(sequence) {
            (*bytes, *opens, *last) = (answer, opened, ends);
        }
    }

    /// The next answer whose turn it is.
    pub fn release(&mut self) -> Option<Released> {
        if !matches!(self.slots.front(), Some(Slot::Ready { .. })) {
            return None;
        }
        self.first = self.first.wrapping_add(1);
        match self.slots.pop_front()? {
            Slot::Ready { bytes, opens, last } => Some(Released { bytes, opens, last }),
            Slot::Waiting(_) | Slot::Turn(..) => None,
        }
    }

    /// The newest answer that waits and lets a channel be sent: what is told of the channel goes behind it.
    pub fn opening(&mut self, channel: &ChannelName) -> Option<&mut Vec<u8>> {
        self.slots.iter_mut().rev().find_map(|slot| match slot {
            Slot::Ready { bytes, opens: Some(opens), .. } if opens.channel == *channel => Some(bytes),
            _ => None,
        })
    }

    /// Whether a subscribe waits for its answer, or the answer for its turn.
    pub fn is_subscribing(&self) -> bool {
        let opens = |slot: &Slot| matches!(slot, Slot::Ready { opens: Some(_), .. });
        self.subscribes().next().is_some() || self.slots.iter().any(opens)
    }

    /// Channels of the subscribes that wait, oldest first.
    pub fn subscribes(&self) -> impl Iterator<Item = &ChannelName> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Waiting(Expect::Message { subscribes: Some(channel), .. }) => Some(channel),
            _ => None,
        })
    }
}
