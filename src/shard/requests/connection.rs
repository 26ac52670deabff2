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
        &self,
        id: ConnectionId,
        command: ConnectionCommand,
    ) -> Reply {
        match command {
            ConnectionCommand::Ping => Reply::Pong,
            ConnectionCommand::ListSubscriptions => Reply::Subscriptions(self.channels_of(id)),
            ConnectionCommand::Unsubscribe { channel } => Reply::Unsubscribed { channel },
        }
    }

    /// Whether subscribes that wait for their answer decide what this does.
    fn must_wait(&self, id: ConnectionId, command: &ConnectionCommand) -> bool {
        let Some(pending) = self.connections.get(id).and_then(|connection| connection.pending.as_ref())
        else {
            return false;
        };
        match command {
            ConnectionCommand::Ping => false,
            ConnectionCommand::ListSubscriptions => pending.is_subscribing(),
            ConnectionCommand::Unsubscribe { channel } => {
                pending.subscribes().any(|waiting| waiting == channel)
            }
        }
    }
}
