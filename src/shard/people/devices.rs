//! Changes of devices at home on this core: decided, stored, then done.

use crate::base::ids::CoreId;
use crate::broker::devices::DeviceChange;
use crate::model::people::command::PeopleCommand;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::shard::effects::{Class, not_stored};
use crate::shard::mesh::message::Ticket;
use crate::shard::people::telling::pump_people;
use crate::shard::requests::{Asker, Then};
use crate::shard::{Effect, Resolution, Shard};
use crate::store::devices;

/// Does a request that changes what is stored. It is answered when the change is stored.
pub(in crate::shard) fn change_device(
    shard: &mut Shard,
    from: CoreId,
    ticket: Ticket,
    command: PeopleCommand,
) {
    let admitted = shard.effects.admit_user(&ticket.session.user);
    let decided = admitted.and_then(|()| shard.effects.admit(Class::Store)).and_then(|()| {
        let (now, fresh) = (shard.edge.now, shard.fresh.next());
        shard.people.decide(now, &ticket.session.user, fresh, command)
    });
    let asker = Some(Asker { from, ticket });
    match decided {
        Err(fault) => shard.answer_asker(asker, Reply::Fault(fault)),
        Ok(change) => {
            let write = match &change.is {
                Some(device) => devices::put(&change.user, device),
                None => devices::deleted(&change.user, &change.id),
            };
            shard.start_effect(Effect::Write(vec![write]), asker, Some(Then::Device(change)));
        }
    }
}

/// The disk has a change, or has it not.
pub(in crate::shard) fn continue_device(
    shard: &mut Shard,
    asker: Option<Asker>,
    change: DeviceChange,
    stored: &Resolution,
) {
    let devices = &mut shard.people.devices;
    let reply = match stored.stored() {
        Ok(()) => {
            devices.apply(&change);
            Reply::People(Box::new(match change.is {
                Some(device) if change.is_shown => PeopleReply::Device(device),
                _ => PeopleReply::Done,
            }))
        }
        Err(failure) => {
            devices.give_up(&change);
            Reply::Fault(not_stored(failure))
        }
    };
    shard.answer_asker(asker, reply);
    pump_people(shard);
}
