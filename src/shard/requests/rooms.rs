//! Rooms homed on this core. A change is decided, stored, then done.

use super::{Asker, Begun, Then};
use crate::base::time::Now;
use crate::broker::home::{Home, Origin, Outcome};
use crate::broker::rooms::{RoomChange, RoomChangeKind};
use crate::model::command::RoomCommand;
use crate::model::fault::Fault;
use crate::model::reply::Reply;
use crate::shard::effects::{Class, Effects, not_stored};
use crate::shard::{Effect, Resolution};
use crate::store::rooms;

/// Begins a request about a room. What changes it is answered when the change is stored.
pub(super) fn begin(
    (home, effects): (&mut Home, &mut Effects<Asker, Then>),
    now: Now,
    origin: Origin<'_>,
    command: RoomCommand,
) -> Result<Begun, Fault> {
    let change = match command {
        RoomCommand::Get { channel } => return home.rooms.show(&channel).map(Begun::from),
        RoomCommand::Create { channel, name, description } => {
            effects.admit(Class::Store)?;
            home.create_room(now, origin, channel, (name, description))
        }
        RoomCommand::Update { channel, name, description } => {
            effects.admit(Class::Store)?;
            home.update_room(now, origin, channel, (name, description))
        }
        RoomCommand::Delete { channel } => {
            effects.admit(Class::Store)?;
            home.delete_room(now, origin, channel)
        }
    }?;
    let writes = match change.kind {
        RoomChangeKind::Created | RoomChangeKind::Updated => rooms::put(&change.channel, &change.room),
        RoomChangeKind::Deleted => rooms::deleted(&change.channel),
    };
    Ok(Begun::outside(Effect::Write(writes), Then::Room(change)))
}

/// The disk has the change of a room, or has it not: the answer. What the channel is told comes after it.
pub(super) fn stored(home: &mut Home, now: Now, change: RoomChange, stored: &Resolution) -> Outcome {
    match stored.stored() {
        Ok(()) => home.apply_room(now, change),
        Err(failure) => {
            home.rooms.give_up(&change);
            Outcome::from(Reply::Fault(not_stored(failure)))
        }
    }
}
