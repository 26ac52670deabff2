//! Changes of devices and of records of recordings at home on this core: decided, stored, then done.

use super::People;
use crate::base::ids::CoreId;
use crate::broker::devices::DeviceChange;
use crate::broker::recordings::RecordingChange;
use crate::model::people::command::PeopleCommand;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::shard::effects::{Class, not_stored};
use crate::shard::mesh::message::Ticket;
use crate::shard::people::telling::pump_people;
use crate::shard::requests::{Asker, Then};
use crate::shard::{Effect, Resolution, Shard};
use crate::store::{Write, devices, recordings};

/// What is changed when it is stored.
pub(in crate::shard) enum PeopleChange {
    /// A user's device.
    Device(DeviceChange),
    /// The record of a recording.
    Recording(RecordingChange),
}

/// Does a request that changes what is stored. It is answered when the change is stored.
pub(in crate::shard) fn change_people(
    shard: &mut Shard,
    from: CoreId,
    ticket: Ticket,
    command: PeopleCommand,
) {
    let admitted = shard.homes.effects.admit_user(&ticket.session.user);
    let decided = admitted.and_then(|()| shard.homes.effects.admit(Class::Store)).and_then(|()| {
        let (now, fresh) = (shard.edge.now, shard.homes.fresh.next());
        shard.people.decide(now, &ticket.session.user, fresh, command)
    });
    let asker = Some(Asker { from, ticket });
    match decided {
        Err(fault) => shard.homes.answer_asker(asker, Reply::Fault(fault)),
        Ok(change) => {
            shard.homes.start_effect(
                Effect::Write(vec![written(&change)]),
                asker,
                Some(Then::People(change)),
            );
        }
    }
}

fn written(change: &PeopleChange) -> Write {
    match change {
        PeopleChange::Device(change) => match &change.is {
            Some(device) => devices::put(&change.user, device),
            None => devices::deleted(&change.user, &change.id),
        },
        PeopleChange::Recording(change) => match &change.is {
            Some(recording) => recordings::put(recording),
            None => recordings::deleted(&change.id),
        },
    }
}

/// The disk has a change, or has it not.
pub(in crate::shard) fn continue_people(
    shard: &mut Shard,
    asker: Option<Asker>,
    change: PeopleChange,
    stored: &Resolution,
) {
    let reply = match stored.stored() {
        Ok(()) => Reply::People(Box::new(shard.people.apply(change))),
        Err(failure) => {
            shard.people.give_up(&change);
            Reply::Fault(not_stored(failure))
        }
    };
    shard.homes.answer_asker(asker, reply);
    pump_people(shard);
}

impl People {
    fn apply(&mut self, change: PeopleChange) -> PeopleReply {
        match change {
            PeopleChange::Device(change) => {
                self.devices.apply(&change);
                change.is.filter(|_| change.is_shown).map_or(PeopleReply::Done, PeopleReply::Device)
            }
            PeopleChange::Recording(change) => {
                self.recordings.apply(&change);
                PeopleReply::Done
            }
        }
    }

    fn give_up(&mut self, change: &PeopleChange) {
        match change {
            PeopleChange::Device(change) => self.devices.give_up(change),
            PeopleChange::Recording(change) => self.recordings.give_up(change),
        }
    }
}
