//! Requests whose answer may be long. Few of them are awaited at a time.

use crate::base::ids::ConnectionId;
use crate::model::command::{
    Attachments, ChannelCommand, CoreCommand, DefinitionCommand, MeetingCommand, MessageCommand,
};
use crate::shard::Shard;

impl Shard {
    /// Whether the answer to a command may be long.
    pub(super) fn is_long(&self, id: ConnectionId, command: &CoreCommand) -> bool {
        match command {
            CoreCommand::Channel(ChannelCommand::Subscribe { channel, recover, with }) => {
                // What a channel has yet to tell comes before the answer to one that came again.
                recover.is_some() || *with != Attachments::default() || self.hears(id, channel)
            }
            CoreCommand::Channel(ChannelCommand::ListHistory { .. } | ChannelCommand::ListMembers { .. })
            | CoreCommand::Message(MessageCommand::List { .. })
            | CoreCommand::Meeting(MeetingCommand::Get { .. })
            | CoreCommand::Definition(DefinitionCommand::List { .. }) => true,
            CoreCommand::Channel(ChannelCommand::Publish { .. } | ChannelCommand::Whisper { .. })
            | CoreCommand::Message(_)
            | CoreCommand::Profile(_)
            | CoreCommand::Room(_)
            | CoreCommand::Meeting(_)
            | CoreCommand::Definition(_)
            | CoreCommand::Backup => false,
        }
    }
}
