//! Changes of devices and of records of recordings at home on this core: decided, stored, then done. What the recorder has
//! to do for one is done before ([`recorder`]).

use super::People;
use super::recorder::{self, Decided};
use crate::base::ids::CoreId;
use crate::broker::devices::DeviceChange;
use crate::broker::recordings::RecordingChange;
use crate::broker::told::Asking;
use crate::model::people::circle::SocketId;
use crate::model::people::command::PeopleCommand;
use crate::model::people::recorder::RecorderJob;
use crate::model::people::recording::Recording;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::shard::effects::{Class, not_stored};
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::Ticket;
use crate::shard::requests::{Asker, Then};
use crate::shard::{Effect, Resolution};
use crate::store::{Write, devices, recordings};
use std::sync::Arc;

/// What is changed when it is stored.
pub(in crate::shard) enum PeopleChange {
    /// A user's device.
    Device(DeviceChange),
    /// A recording is forgotten.
    Recording(RecordingChange),
    /// A recording begins, when the recorder has its file.
    Opening(RecordingChange),
    /// A recording begins.
    Begun(RecordingChange),
    /// A recording ends, when the recorder has closed its file.
    Closing(Arc<str>),
    /// A recording is over, or somebody came to its call; the record is as it is stored.
    Noted(Arc<Recording>),
}

/// Does a request that changes what is stored. It is answered when the change is stored.
pub(in crate::shard) fn change_people(
    people: &mut People,
    homes: &mut HomeSide,
    from: CoreId,
    ticket: Ticket,
    command: PeopleCommand,
) {
    let admitted = homes.effects.admit_user(Class::Store, &ticket.session.user);
    let admitted = admitted.and_then(|()| {
        // Half of the recorder's places are for recordings that end by themselves.
        if command.is_for_recorder() { homes.effects.admit_stranger(Class::Recorder) } else { Ok(()) }
    });
    let decided = admitted.and_then(|()| homes.effects.admit(Class::Store)).and_then(|()| {
        let (now, fresh) = (homes.now, homes.fresh.next());
        let socket = SocketId { core: from, connection: ticket.connection };
        let by = Asking { user: &ticket.session.user, socket, fresh };
        people.decide(&homes.setup.clone(), now, by, command)
    });
    let asker = Some(Asker { from, ticket });
    match decided {
        Err(fault) => homes.answer_asker(asker, Reply::Fault(fault)),
        Ok(Decided::Answer(reply)) => homes.answer_asker(asker, Reply::People(reply)),
        Ok(Decided::Change(change)) => write(homes, asker, change),
    }
}

/// Has the outside do what a change takes.
pub(super) fn write(homes: &mut HomeSide, asker: Option<Asker>, change: PeopleChange) {
    let effect = match &change {
        PeopleChange::Opening(change) => recorder::opening(&homes.setup, change),
        PeopleChange::Closing(id) => Effect::Recorder(RecorderJob::Close { recording: id.clone() }),
        PeopleChange::Device(change) => Effect::Write(vec![written(change)]),
        PeopleChange::Noted(recording) => Effect::Write(vec![recordings::put(recording)]),
        PeopleChange::Recording(change) | PeopleChange::Begun(change) => {
            Effect::Write(vec![match &change.is {
                Some(recording) => recordings::put(recording),
                None => recordings::deleted(&change.id),
            }])
        }
    };
    homes.start_effect(effect, asker, Some(Then::People(change)));
}

fn written(change: &DeviceChange) -> Write {
    match &change.is {
        Some(device) => devices::put(&change.user, device),
        None => devices::deleted(&change.user, &change.id),
    }
}

/// What a change takes is done, or is not: it goes on, or is given up.
pub(in crate::shard) fn continue_people(
    people: &mut People,
    homes: &mut HomeSide,
    mut asker: Option<Asker>,
    change: PeopleChange,
    done: &Resolution,
) {
    let outcome = match change {
        PeopleChange::Opening(change) => recorder::opened(people, homes, &mut asker, change, done),
        PeopleChange::Closing(id) => recorder::closed(people, homes, &id, done),
        change => match done.stored() {
            Ok(()) => Ok(apply(people, homes, change)),
            Err(failure) => {
                give_up(people, homes, &change);
                Err(not_stored(failure))
            }
        },
    };
    let reply = outcome.map_or_else(Reply::Fault, |reply| Reply::People(Box::new(reply)));
    homes.answer_asker(asker, reply);
}

/// A change is stored.
fn apply(people: &mut People, homes: &mut HomeSide, change: PeopleChange) -> PeopleReply {
    match change {
        PeopleChange::Device(change) => people.apply_device(change),
        PeopleChange::Begun(change) => recorder::begun(people, homes, &change),
        PeopleChange::Recording(change) => {
            people.recordings.apply(&change);
            recorder::forget(homes, &change.id);
            PeopleReply::Done
        }
        PeopleChange::Noted(recording) => {
            people.recordings.stored(&recording, true);
            PeopleReply::Done
        }
        PeopleChange::Opening(_) | PeopleChange::Closing(_) => PeopleReply::Done,
    }
}

/// A change could not be stored: nothing has happened.
fn give_up(people: &mut People, homes: &mut HomeSide, change: &PeopleChange) {
    match change {
        PeopleChange::Device(change) => people.devices.give_up(change),
        PeopleChange::Begun(change) => {
            people.recordings.give_up(change);
            recorder::forget(homes, &change.id);
        }
        PeopleChange::Recording(change) | PeopleChange::Opening(change) => {
            people.recordings.give_up(change);
        }
        PeopleChange::Noted(recording) => people.recordings.stored(recording, false),
        PeopleChange::Closing(_) => {}
    }
}

impl People {
    fn apply_device(&mut self, change: DeviceChange) -> PeopleReply {
        self.devices.apply(&change);
        change.is.filter(|_| change.is_shown).map_or(PeopleReply::Done, PeopleReply::Device)
    }
}
