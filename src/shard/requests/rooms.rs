//! Rooms homed on this core. A change is decided, stored, then done.

use super::{Asker, Begun, Then};
use crate::broker::home::{Origin, Outcome};
use crate::broker::rooms::{RoomChange, RoomChangeKind};
use crate::model::command::RoomCommand;
use crate::model::fault::Fault;
use crate::model::reply::Reply;
use crate::shard::effects::{Class, not_stored};
use crate::shard::{Effect, Resolution, Shard};
use crate::store::rooms;

impl Shard {
    /// Begins a request about a room. What changes it is answered when the change is stored.
    pub(super) fn begin_room(&mut self, origin: Origin<'_>, command: RoomCommand) -> Result<Begun, Fault> {
        let now = self.now;
        let change = match command {
            RoomCommand::Get { channel } => return self.home.rooms.show(&channel).map(Begun::from),
            RoomCommand::Create { channel, name, description } => {
                self.effects.admit(Class::Store)?;
                self.home.create_room(now, origin, channel, (name, description))
            }
            RoomCommand::Update { channel, name, description } => {
                self.effects.admit(Class::Store)?;
                self.home.update_room(now, origin, channel, (name, description))
            }
            RoomCommand::Delete { channel } => {
                self.effects.admit(Class::Store)?;
                self.home.delete_room(now, origin, channel)
            }
        }?;
        let writes = match change.kind {
            RoomChangeKind::Created | RoomChangeKind::Updated => rooms::put(&change.channel, &change.room),
            RoomChangeKind::Deleted => rooms::deleted(&change.channel),
        };
        Ok(Begun::outside(Effect::Write(writes), Then::Room(change)))
    }

    /// The disk has the change of a room, or has it not.
    pub(super) fn continue_room(&mut self, asker: Option<Asker>, change: RoomChange, stored: &Resolution) {
        let outcome = match stored.stored() {
            Ok(()) => self.home.apply_room(self.now, change),
            Err(failure) => {
                self.home.rooms.give_up(&change);
                Outcome::from(Reply::Fault(not_stored(failure)))
            }
        };
        // The answer goes first: what the channel is told comes after it.
        self.answer_asker(asker, outcome);
        self.pump_home();
    }
}
