//! What a client asks of its own connection.

use crate::base::ids::ConnectionId;
use crate::model::command::ConnectionCommand;
use crate::model::reply::Reply;
use crate::shard::Shard;
use crate::shard::connections::expect::Expect;

impl Shard {
    pub(super) fn serve_connection(&mut self, id: ConnectionId, command: ConnectionCommand, expect: Expect) {
        if self.must_wait(id, &command) {
            return self.connections.wait_turn(id, expect, command);
        }
        let reply = self.answer_of_connection(id, command);
        self.reply_now(id, expect, reply);
    }

    /// The answer, as things are when its turn has come.
    pub(in crate::shard) fn answer_of_connection(
        &mut self,
        id: ConnectionId,
        command: ConnectionCommand,
    ) -> Reply {
        match command {
            ConnectionCommand::Ping => Reply::Pong,
            ConnectionCommand::Show { document } => Reply::Shown { document },
            ConnectionCommand::ListSubscriptions => Reply::Subscriptions(self.channels_of(id)),
            ConnectionCommand::Renew { token } => self.renew(id, &token),
            ConnectionCommand::LeaveGroup => Reply::GroupLeft,
            ConnectionCommand::Unsubscribe { channel } => Reply::Unsubscribed { channel },
        }
    }

    /// Whether subscribes that wait for their answer decide what this does, or there is no room for the last of a
    /// channel.
    fn must_wait(&self, id: ConnectionId, command: &ConnectionCommand) -> bool {
        let Some(connection) = self.connections.get(id) else { return false };
        let pending = connection.pending.as_ref();
        match command {
            ConnectionCommand::Ping | ConnectionCommand::Show { .. } | ConnectionCommand::Renew { .. } => {
                false
            }
            ConnectionCommand::LeaveGroup => !connection.has_room(&self.setup.limits),
            ConnectionCommand::ListSubscriptions => pending.is_some_and(|pending| pending.is_subscribing()),
            ConnectionCommand::Unsubscribe { channel } => {
                let subscribes = pending.is_some_and(|pending| pending.is_subscribing_to(channel));
                subscribes || !connection.has_room(&self.setup.limits)
            }
        }
    }
}
