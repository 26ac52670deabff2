//! Changes of rooms homed on this core: decided, stored, then done.

use crate::base::ids::CoreId;
use crate::broker::home::Origin;
use crate::broker::rooms::{RoomChange, RoomChangeKind};
use crate::model::command::Command;
use crate::model::reply::Reply;
use crate::shard::effects::{Asker, Then, not_stored};
use crate::shard::mesh::message::Ticket;
use crate::shard::{Effect, Failure, Shard};
use crate::store::rooms;

impl Shard {
    /// Does a request that changes a room. It is answered when the change is stored.
    pub(in crate::shard) fn serve_room(&mut self, from: CoreId, ticket: Ticket, command: Command) {
        let origin = Origin { core: from, connection: ticket.connection, session: &ticket.session };
        let decided = match self.effects_full() {
            Some(fault) => Err(fault),
            None => self.home.decide_room(self.now, origin, command),
        };
        let asker = Some(Asker { from, ticket });
        match decided {
            Err(fault) => self.answer_asker(asker, Reply::Fault(fault)),
            Ok(change) => {
                let writes = match change.kind {
                    RoomChangeKind::Created | RoomChangeKind::Updated => {
                        rooms::put(&change.channel, &change.room)
                    }
                    RoomChangeKind::Deleted => rooms::deleted(&change.channel),
                };
                self.start_effect(Effect::Write(writes), asker, Then::ChangeRoom(change));
            }
        }
    }

    /// The disk has the change of a room, or has it not.
    pub(in crate::shard) fn room_changed(
        &mut self,
        asker: Option<Asker>,
        change: RoomChange,
        failure: Option<Failure>,
    ) {
        // What was announced before this waits for nobody.
        self.home.take_barrier();
        let reply = match failure {
            None => self.home.apply_room(self.now, change),
            Some(failure) => {
                self.home.give_up_room(&change);
                Reply::Fault(not_stored(failure))
            }
        };
        // The answer goes first: what the channel is told comes after it.
        match (self.home.take_barrier(), asker) {
            (Some(record), Some(Asker { from, ticket })) => {
                self.answer_when_synced(record, from, ticket, reply);
            }
            (_, asker) => self.answer_asker(asker, reply),
        }
        self.pump_home();
    }
}
