//! Commands that a home answers from what it has in memory, noun by noun.

use super::{Home, Origin};
use crate::base::time::Now;
use crate::model::command::{ChannelCommand, MessageCommand, ProfileCommand};
use crate::model::fault::Fault;
use crate::model::reply::Reply;

/// What a command came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// The answer.
    pub reply: Reply,
    /// Number of the record that must be on disk before the answer is told; without one it can be told at once. If the
    /// history log fails before that, the answer is [`super::log_fault`] instead.
    pub wait: Option<u64>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, wait: None }
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Reply::Fault(fault).into()
    }
}

impl From<Result<Reply, Fault>> for Outcome {
    fn from(answer: Result<Reply, Fault>) -> Self {
        answer.unwrap_or_else(Reply::Fault).into()
    }
}

impl From<Result<Outcome, Fault>> for Outcome {
    fn from(outcome: Result<Outcome, Fault>) -> Self {
        outcome.unwrap_or_else(Self::from)
    }
}

/// The answer to a command comes before the outputs of the same call.
impl Home {
    /// Does a command about a channel homed here.
    pub fn execute_channel(&mut self, now: Now, origin: Origin<'_>, command: ChannelCommand) -> Outcome {
        match command {
            ChannelCommand::Publish { channel, body, idempotency_key } => {
                self.order.publish(now, origin, channel, body, idempotency_key.as_deref()).into()
            }
            ChannelCommand::Subscribe { channel, recover, with } => {
                let access = self.entries.of(&channel);
                let may = self.meetings.may_hear(origin.session, &channel);
                may.and_then(|()| self.order.subscribe(now, origin, (channel, access), recover, with)).into()
            }
            ChannelCommand::Whisper { channel, to, json } => {
                self.order.whisper(origin, channel, to, json).into()
            }
            ChannelCommand::ListHistory { channel } => self.order.list_history(now, origin, channel).into(),
            ChannelCommand::ListMembers { channel, page } => {
                self.order.list_members(origin, &channel, page).into()
            }
        }
    }

    /// Does a command about a message of a channel homed here.
    pub fn execute_message(&mut self, now: Now, origin: Origin<'_>, command: MessageCommand) -> Outcome {
        match command {
            MessageCommand::Update { channel, message, content } => {
                self.order.update_message(now, origin, channel, message, content).into()
            }
            MessageCommand::Delete { channel, message } => {
                self.order.delete_message(now, origin, channel, message).into()
            }
            MessageCommand::Get { channel, message } => self.order.get_message(now, channel, message).into(),
            MessageCommand::List { channel, page } => self.order.list_messages(now, channel, page).into(),
        }
    }

    /// Does a command about a user whose channel is homed here.
    pub fn execute_profile(&mut self, now: Now, origin: Origin<'_>, command: ProfileCommand) -> Outcome {
        match command {
            ProfileCommand::Get { channel, user } => {
                let access = self.entries.of(&channel);
                self.users.get_profile(origin, (&channel, access), &user).into()
            }
            ProfileCommand::Update { channel, user, name, status } => {
                let of = (&channel, self.entries.of(&channel), &*user);
                self.users.update_profile(&mut self.order, now, origin, of, (name, status)).into()
            }
        }
    }
}
