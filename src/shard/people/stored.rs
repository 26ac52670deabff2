//! Changes of conversations and devices at home on this core: decided, stored, then done.

use crate::base::ids::CoreId;
use crate::broker::conversations::ConversationChange;
use crate::broker::devices::DeviceChange;
use crate::model::people::circle::Circle;
use crate::model::people::command::PeopleCommand;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::shard::effects::{Class, not_stored};
use crate::shard::mesh::message::Ticket;
use crate::shard::people::telling::pump_people;
use crate::shard::requests::{Asker, Then};
use crate::shard::{Effect, Resolution, Shard};
use crate::store::{conversations, devices};

/// What is changed when it is stored.
pub(in crate::shard) enum PeopleChange {
    /// Who belongs to a conversation.
    Conversation(ConversationChange),
    /// A user's device.
    Device(DeviceChange),
}

/// Does a request that changes what is stored. It is answered when the change is stored.
pub(in crate::shard) fn change_people(
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
            let write = match &change {
                PeopleChange::Conversation(ConversationChange { is: Some(is), .. }) => conversations::put(is),
                PeopleChange::Conversation(ConversationChange { id, is: None }) => conversations::deleted(id),
                PeopleChange::Device(change) => match &change.is {
                    Some(device) => devices::put(&change.user, device),
                    None => devices::deleted(&change.user, &change.id),
                },
            };
            shard.start_effect(Effect::Write(vec![write]), asker, Some(Then::People(change)));
        }
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
        Ok(()) => Reply::People(Box::new(shard.people.apply(&change))),
        Err(failure) => {
            shard.people.give_up(&change);
            Reply::Fault(not_stored(failure))
        }
    };
    shard.answer_asker(asker, reply);
    pump_people(shard);
}

impl super::People {
    fn apply(&mut self, change: &PeopleChange) -> PeopleReply {
        match change {
            PeopleChange::Conversation(change) => {
                self.conversations.apply(change);
                self.put_out(change);
                change.is.as_ref().map_or(PeopleReply::Done, |is| PeopleReply::Conversation((**is).clone()))
            }
            PeopleChange::Device(change) => {
                self.devices.apply(change);
                match &change.is {
                    Some(device) if change.is_shown => PeopleReply::Device(device.clone()),
                    _ => PeopleReply::Done,
                }
            }
        }
    }

    fn give_up(&mut self, change: &PeopleChange) {
        match change {
            PeopleChange::Conversation(change) => self.conversations.give_up(change),
            PeopleChange::Device(change) => self.devices.give_up(change),
        }
    }

    /// Whoever belongs to a conversation no longer is put out of its circles.
    fn put_out(&mut self, change: &ConversationChange) {
        let (conversations, told) = (&self.conversations, &mut self.told);
        let talk = |user: &str| conversations.permit(&change.id, user).is_ok();
        self.circles.keep_only(&Circle::Conversation(change.id.clone()), talk, told);
        let look = |user: &str| conversations.guard(&change.id, user).is_ok();
        self.circles.keep_only(&Circle::Presence(change.id.clone()), look, told);
    }
}
