//! Requests of one connection that wait for an answer. Answers may come in any order; they leave in the order
//! of the requests.

use super::http::Answering;
use crate::model::channel::ChannelName;
use crate::surface::{Dialect, Endpoint, Surface};
use std::collections::VecDeque;

/// How the answer to a request is to be written.
pub(super) enum Expect {
    /// As a message of a dialect.
    Message {
        dialect: &'static Dialect,
        correlation: Option<Box<str>>,
        /// The channel, if the request is a subscribe.
        subscribes: Option<ChannelName>,
        /// An unsubscribe overtook the answer: the subscription ends the moment it begins.
        cancelled: bool,
    },
    /// As an HTTP response.
    Response { surface: &'static Surface, endpoint: &'static Endpoint, answering: Answering },
}

enum Slot {
    Waiting(Expect),
    Ready {
        bytes: Vec<u8>,
        /// A subscription that may begin to be sent to when these bytes are on their way.
        opens: Option<ChannelName>,
        /// Nothing may follow: the connection closes after these bytes.
        last: bool,
    },
}

/// See the module.
#[derive(Default)]
pub(super) struct Pending {
    slots: VecDeque<Slot>,
    /// Sequence of the slot at the front.
    first: u32,
}

/// What leaves next.
pub(super) struct Released {
    pub bytes: Vec<u8>,
    pub opens: Option<ChannelName>,
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

    /// Adds bytes that are ready but must wait their turn.
    pub fn append(&mut self, bytes: Vec<u8>, last: bool) {
        self.slots.push_back(Slot::Ready { bytes, opens: None, last });
    }

    fn slot(&mut self, sequence: u32) -> Option<&mut Slot> {
        self.slots.get_mut(sequence.wrapping_sub(self.first) as usize)
    }

    /// How the answer to this request is to be written. `None` if it was answered already.
    pub fn take(&mut self, sequence: u32) -> Option<Expect> {
        match self.slot(sequence)? {
            slot @ Slot::Waiting(_) => {
                match std::mem::replace(slot, Slot::Ready { bytes: Vec::new(), opens: None, last: false }) {
                    Slot::Waiting(expect) => Some(expect),
                    Slot::Ready { .. } => None,
                }
            }
            Slot::Ready { .. } => None,
        }
    }

    /// Whether the slot is the front one: its answer leaves at once.
    pub fn is_first(&self, sequence: u32) -> bool {
        sequence == self.first
    }

    /// The answer to a request that was taken.
    pub fn fill(&mut self, sequence: u32, answer: Vec<u8>, channel: Option<ChannelName>, ends: bool) {
        if let Some(Slot::Ready { bytes, opens, last }) = self.slot(sequence) {
            (*bytes, *opens, *last) = (answer, channel, ends);
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
            Slot::Waiting(_) => None,
        }
    }

    /// An unsubscribe of `channel` was asked for while subscribes to it wait.
    pub fn cancel_subscribes(&mut self, channel: &ChannelName) {
        for slot in &mut self.slots {
            if let Slot::Waiting(Expect::Message { subscribes: Some(waiting), cancelled, .. }) = slot
                && waiting == channel
            {
                *cancelled = true;
            }
        }
    }

    /// Whether the answer to a subscribe to this channel is there and waits for its turn.
    pub fn opens(&self, channel: &ChannelName) -> bool {
        self.slots
            .iter()
            .any(|slot| matches!(slot, Slot::Ready { opens: Some(opens), .. } if opens == channel))
    }

    /// Channels of the subscribes whose answers have not left, oldest first, and whether the answer is there.
    pub fn subscribes_in_order(&self) -> impl Iterator<Item = (&ChannelName, bool)> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Ready { opens: Some(channel), .. } => Some((channel, true)),
            Slot::Waiting(Expect::Message { subscribes: Some(channel), cancelled: false, .. }) => {
                Some((channel, false))
            }
            _ => None,
        })
    }

    /// Channels of the subscribes that wait, oldest first.
    pub fn subscribes(&self) -> impl Iterator<Item = &ChannelName> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Waiting(Expect::Message { subscribes: Some(channel), cancelled: false, .. }) => {
                Some(channel)
            }
            _ => None,
        })
    }
}
