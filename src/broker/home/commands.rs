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
    /// history log fails before that, the answer is [`Home::log_fault`] instead.
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
                self.publish(now, origin, channel, body, idempotency_key.as_deref()).into()
            }
            ChannelCommand::Subscribe { channel, recover, with } => {
                self.subscribe(now, origin, channel, recover, with).into()
            }
            ChannelCommand::Whisper { channel, to, json } => self.whisper(origin, channel, to, json).into(),
            ChannelCommand::ListHistory { channel } => self.list_history(now, origin, channel).into(),
            ChannelCommand::ListMembers { channel, page } => self.list_members(origin, &channel, page).into(),
        }
    }

    /// Does a command about a message of a channel homed here.
    pub fn execute_message(&mut self, now: Now, origin: Origin<'_>, command: MessageCommand) -> Outcome {
        match command {
            MessageCommand::Update { channel, message, content } => {
                self.update_message(now, origin, channel, message, content).into()
            }
            MessageCommand::Delete { channel, message } => {
                self.delete_message(now, origin, channel, message).into()
            }
            MessageCommand::Get { channel, message } => self.get_message(now, channel, message).into(),
            MessageCommand::List { channel, page } => self.list_messages(now, channel, page).into(),
        }
    }

    /// Does a command about a user whose channel is homed here.
    pub fn execute_profile(&mut self, now: Now, origin: Origin<'_>, command: ProfileCommand) -> Outcome {
        match command {
            ProfileCommand::Get { channel, user } => self.get_profile(origin, &channel, &user).into(),
            ProfileCommand::Update { channel, user, name, status } => {
                self.update_profile(now, origin, (&channel, &user), name, status).into()
            }
        }
    }
}
