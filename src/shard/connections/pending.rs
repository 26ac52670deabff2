//! Requests of one connection that wait for an answer. Answers may come in any order; they leave in the order
//! of the requests, when there is room for them.

use super::expect::Expect;
use crate::model::channel::ChannelName;
use crate::model::command::{ConnectionCommand, CoreCommand};
use crate::model::people::file::FileAnswer;
use crate::model::reply::Reply;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

enum Slot {
    Waiting(Expect),
    /// Done when all before it is answered. Nothing is read meanwhile, so it is the last.
    Turn(Expect, Turn),
    /// Encoded when all before it is written and there is room: until then it holds what it tells by reference.
    Answered(Box<Answer>),
    /// Bytes that wait for their turn. `last` says that nothing may follow.
    Bytes {
        bytes: Vec<u8>,
        last: bool,
    },
    /// A file that is sent while it is read.
    File(Box<Sending>),
}

/// What is done when all that a connection asked for before is answered.
pub(in crate::shard) enum Turn {
    /// Something about the connection itself.
    Own(ConnectionCommand),
    /// A core is asked for something that [`CoreCommand::moves`] the connection.
    Move(Box<CoreCommand>),
}

/// A file on its way to a client.
pub(in crate::shard) struct Sending {
    pub expect: Expect,
    pub file: FileAnswer,
    /// Which bytes are still to be read, once the head is written.
    pub left: Option<Range<u64>>,
    /// A piece is being read.
    pub is_read: bool,
    /// Its place among the files that this core sends.
    pub place: Option<Arc<()>>,
}

/// An answer that waits.
pub(in crate::shard) struct Answer {
    pub expect: Expect,
    pub reply: Reply,
    /// What its channel still has to tell before it.
    pub before: Vec<u8>,
    /// What its channel has to tell right after it.
    pub after: Vec<u8>,
    /// A subscription that may be sent to when it is on its way.
    pub opens: Option<Opens>,
    /// Pieces of it that were written.
    pub written: usize,
    /// What is there of the next piece, if that is long.
    pub made: Made,
}

/// What is there of a piece that is made some at a time.
#[derive(Default)]
pub(in crate::shard) struct Made {
    pub text: Vec<u8>,
    /// Cards that are in it.
    pub cards: usize,
    /// Whether the connection stands in [`super::making`].
    pub waits: bool,
}

/// A subscription that is held until its answer leaves.
pub(in crate::shard) struct Opens {
    pub channel: ChannelName,
    /// Whether the answer is to the subscribe that made it, not to one that came again.
    pub begins: bool,
}

/// The requests of one connection that wait for an answer, in their order.
#[derive(Default)]
pub(in crate::shard) struct Pending {
    slots: VecDeque<Slot>,
    /// Subscribes that wait for their answer.
    subscribing: usize,
    /// Sequence of the slot at the front.
    first: u32,
    /// A request before whose answer is written nothing more is read.
    holding: Option<u32>,
}

/// What leaves next.
pub(in crate::shard) enum Released {
    Answer(Box<Answer>),
    File(Box<Sending>),
    Bytes { bytes: Vec<u8>, last: bool },
}

impl Pending {
    /// Requests that wait, or whose answer was not written.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether a message of a WebSocket waits for its answer.
    pub fn has_message(&self) -> bool {
        let is_message = |expect: &Expect| matches!(expect, Expect::Message { .. });
        self.slots.iter().any(|slot| match slot {
            Slot::Waiting(expect) | Slot::Turn(expect, _) => is_message(expect),
            Slot::Answered(answer) => is_message(&answer.expect),
            Slot::Bytes { .. } | Slot::File(_) => false,
        })
    }

    /// Opens a slot for a request; says its sequence.
    pub fn open(&mut self, expect: Expect) -> u32 {
        self.subscribing += usize::from(expect.subscribes());
        self.slots.push_back(Slot::Waiting(expect));
        self.first.wrapping_add(self.slots.len() as u32 - 1)
    }

    /// Opens a slot for what is done when its turn comes.
    pub fn wait_turn(&mut self, expect: Expect, turn: Turn) {
        self.slots.push_back(Slot::Turn(expect, turn));
    }

    /// Reads nothing more until the answer to this request is written.
    pub fn hold_reading(&mut self, sequence: u32) {
        self.holding = Some(sequence);
    }

    /// Whether nothing more may be read: an answer waits for room, a command for its turn, or one holds others up.
    pub fn holds_reading(&self) -> bool {
        let holding = |sequence: u32| (sequence.wrapping_sub(self.first) as usize) < self.slots.len();
        self.holding.is_some_and(holding)
            || self.waits_for_room()
            || matches!(self.slots.back(), Some(Slot::Turn(..)))
    }

    /// Whether something would be written if there were room.
    pub fn waits_for_room(&self) -> bool {
        match self.slots.front() {
            Some(Slot::Answered(_) | Slot::Bytes { .. } | Slot::Turn(..)) => true,
            Some(Slot::File(sending)) => !sending.is_read,
            Some(Slot::Waiting(_)) | None => false,
        }
    }

    /// What is to be done now that its turn has come; the sequence by which it is answered.
    pub fn take_turn(&mut self) -> Option<(u32, Turn)> {
        match self.slots.pop_front()? {
            Slot::Turn(expect, turn) => {
                self.slots.push_front(Slot::Waiting(expect));
                Some((self.first, turn))
            }
            other => {
                self.slots.push_front(other);
                None
            }
        }
    }

    /// Adds bytes that are ready but must wait their turn.
    pub fn append(&mut self, bytes: Vec<u8>, last: bool) {
        self.slots.push_back(Slot::Bytes { bytes, last });
    }

    fn slot(&mut self, sequence: u32) -> Option<&mut Slot> {
        self.slots.get_mut(sequence.wrapping_sub(self.first) as usize)
    }

    /// How the answer to this request is to be written. `None` if it was answered already. [`Pending::fill`] follows.
    pub fn take(&mut self, sequence: u32) -> Option<Expect> {
        let slot = self.slot(sequence).filter(|slot| matches!(slot, Slot::Waiting(_)))?;
        match std::mem::replace(slot, Slot::Bytes { bytes: Vec::new(), last: false }) {
            Slot::Waiting(expect) => {
                self.subscribing -= usize::from(expect.subscribes());
                Some(expect)
            }
            _ => None,
        }
    }

    /// Takes the answer to a part of a request of several. The whole answer, if it was the last part, or if the request
    /// has no parts.
    pub fn take_part(&mut self, sequence: u32, part: u16, reply: Reply) -> Option<Reply> {
        let slot = self.slot(sequence)?;
        let Slot::Waiting(Expect::Parts(parts)) = slot else { return Some(reply) };
        parts.take(part, reply);
        if !parts.are_whole() {
            return None;
        }
        let empty = Slot::Bytes { bytes: Vec::new(), last: false };
        let Slot::Waiting(Expect::Parts(parts)) = std::mem::replace(slot, empty) else { return None };
        let (expect, reply) = parts.into_whole();
        *slot = Slot::Waiting(expect);
        Some(reply)
    }

    /// How the answer to this request is to be written, if that is all that there is to wait for. Its slot is gone then: the answer
    /// leaves at once.
    pub fn take_alone(&mut self, sequence: u32) -> Option<Expect> {
        let leaves =
            |slot: &Slot| matches!(slot, Slot::Waiting(Expect::Message { .. } | Expect::Response { .. }));
        if self.slots.len() != 1 || sequence != self.first || !self.slots.front().is_some_and(leaves) {
            return None;
        }
        let expect = self.take(sequence)?;
        self.slots.clear();
        self.first = self.first.wrapping_add(1);
        Some(expect)
    }

    /// The answer to a request that was taken.
    pub fn fill(&mut self, sequence: u32, answer: Answer) {
        if let Some(slot) = self.slot(sequence) {
            *slot = Slot::Answered(Box::new(answer));
        }
    }

    /// The next answer whose turn it is.
    pub fn release(&mut self) -> Option<Released> {
        match self.slots.front() {
            Some(Slot::Answered(_) | Slot::Bytes { .. }) => {}
            Some(Slot::File(sending)) if !sending.is_read => {}
            _ => return None,
        }
        self.first = self.first.wrapping_add(1);
        match self.slots.pop_front()? {
            Slot::Answered(answer) => Some(Released::Answer(answer)),
            Slot::Bytes { bytes, last } => Some(Released::Bytes { bytes, last }),
            Slot::File(sending) => Some(Released::File(sending)),
            Slot::Waiting(_) | Slot::Turn(..) => None,
        }
    }

    /// The answer to a request that was taken is a file.
    pub fn fill_file(&mut self, sequence: u32, sending: Sending) {
        if let Some(slot) = self.slot(sequence) {
            *slot = Slot::File(Box::new(sending));
        }
    }

    /// A file that was released, or taken, is not wholly sent: it stays the next.
    pub fn put_back_file(&mut self, sending: Box<Sending>) {
        self.first = self.first.wrapping_sub(1);
        self.slots.push_front(Slot::File(sending));
    }

    /// The file of which a piece was read.
    pub fn take_file(&mut self) -> Option<Box<Sending>> {
        match self.slots.pop_front()? {
            Slot::File(sending) if sending.is_read => {
                self.first = self.first.wrapping_add(1);
                Some(sending)
            }
            other => {
                self.slots.push_front(other);
                None
            }
        }
    }

    /// An answer that was released is not wholly written: it stays the next.
    pub fn put_back(&mut self, answer: Box<Answer>) {
        self.first = self.first.wrapping_sub(1);
        self.slots.push_front(Slot::Answered(answer));
    }

    /// What is there of the next piece of the answer that leaves next.
    pub fn made(&mut self) -> Option<&mut Made> {
        match self.slots.front_mut() {
            Some(Slot::Answered(answer)) => Some(&mut answer.made),
            _ => None,
        }
    }

    /// What comes right after the newest answer that waits and lets a channel be sent.
    pub fn opening(&mut self, channel: &ChannelName) -> Option<&mut Vec<u8>> {
        self.slots.iter_mut().rev().find_map(|slot| match slot {
            Slot::Answered(answer)
                if answer.opens.as_ref().is_some_and(|opens| opens.channel == *channel) =>
            {
                Some(&mut answer.after)
            }
            _ => None,
        })
    }

    /// Whether a subscribe waits for its answer, or the answer for its turn.
    pub fn is_subscribing(&self) -> bool {
        let opens = |slot: &Slot| matches!(slot, Slot::Answered(answer) if answer.opens.is_some());
        self.subscribing > 0 || self.slots.iter().any(opens)
    }

    /// How many subscribes wait for their answer.
    pub fn subscribing(&self) -> usize {
        self.subscribing
    }

    /// Whether a subscribe to this channel waits for its answer.
    pub fn is_subscribing_to(&self, channel: &ChannelName) -> bool {
        self.subscribing > 0 && self.subscribes().any(|one| one == channel)
    }

    /// Channels of the subscribes that wait, oldest first.
    fn subscribes(&self) -> impl Iterator<Item = &ChannelName> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Waiting(Expect::Message { subscribes: Some(channel), .. }) => Some(channel),
            _ => None,
        })
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert_eq!(self.subscribes().count(), self.subscribing, "subscribes that wait are counted");
    }
}
