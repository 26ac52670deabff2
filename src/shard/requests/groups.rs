//! Groups of channels homed on this core. Changes of one group are done one after the other: decided, stored, then done.

use super::in_turn::Came;
use super::{Asker, Begun, InTurn, Then};
use crate::base::time::Now;
use crate::broker::home::Home;
use crate::model::channel::ChannelName;
use crate::model::command::GroupCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::GroupChange;
use crate::model::reply::{GroupReply, Reply};
use crate::model::session::Session;
use crate::shard::effects::{Class, Effects, not_stored};
use crate::shard::home::HomeSide;
use crate::shard::people;
use crate::shard::{Effect, Resolution, Shard};
use crate::store::groups;
use std::sync::Arc;

/// Changes of groups.
pub(in crate::shard) type GroupChanges = InTurn<(Asker, GroupCommand)>;

impl HomeSide {
    /// Takes a change of a group in; it is begun when those before it are done.
    pub(super) fn change_group_in_turn(&mut self, asker: Asker, command: GroupCommand) {
        let channel = command.channel().clone();
        let user = asker.ticket.session.user.clone();
        match self.group_changes.come(
            &channel,
            &user,
            (asker, command),
            self.setup.limits.group_changes_waiting_max,
        ) {
            Came::First => self.change_next_group(&channel),
            Came::Waits => {}
            Came::Refused((asker, _)) => {
                let sentence =
                    "Too many changes of lists of members wait for earlier ones. Try again shortly.";
                self.answer_asker(Some(asker), Fault::new(FaultCode::Overloaded, sentence));
            }
        }
    }

    /// Begins the next change of a group that can be begun.
    fn change_next_group(&mut self, channel: &ChannelName) {
        while let Some((asker, command)) = self.group_changes.next(channel) {
            let session = asker.ticket.session.clone();
            match begin((&mut self.home, &mut self.effects), self.now, &session, command) {
                Ok(Begun::Outside(outside)) => {
                    let (effect, then) = *outside;
                    return self.start_effect(effect, Some(asker), Some(then));
                }
                Ok(Begun::Answered(outcome)) => self.give(asker, outcome),
                Err(fault) => self.answer_asker(Some(asker), fault),
            }
        }
    }
}

/// The disk has the change of a group, or has it not. Whoever may not hear the channel any more, or be in the circles of
/// its conversation, is about to be sent away before the answer is given: that goes on in steps.
pub(super) fn continue_group(
    shard: &mut Shard,
    asker: Option<Asker>,
    change: GroupChange,
    stored: &Resolution,
) {
    let channel = change.channel.clone();
    let outcome = match stored.stored() {
        Err(failure) => {
            shard.homes.home.groups.give_up(&change);
            not_stored(failure).into()
        }
        Ok(()) => {
            let outcome = shard.homes.home.apply_group(change);
            shard.pump_home();
            people::put_strangers_out(&mut shard.people, &shard.homes, &channel);
            shard.pump_people();
            outcome
        }
    };
    shard.homes.answer_asker(asker, outcome);
    shard.homes.change_next_group(&channel);
}

/// Begins a request about a group.
pub(super) fn begin(
    (home, effects): (&mut Home, &mut Effects<Asker, Then>),
    now: Now,
    session: &Arc<Session>,
    command: GroupCommand,
) -> Result<Begun, Fault> {
    match command {
        GroupCommand::Get { channel } => home
            .groups
            .known_to(session, &channel)
            .cloned()
            .map(|group| Reply::Group(GroupReply::One(group)).into()),
        GroupCommand::Change { channel, draft } => {
            effects.admit(Class::Store)?;
            let change = home.decide_group(now, session, &channel, *draft)?;
            let write = match &change.is {
                Some(group) => groups::put(group),
                None => groups::deleted(&channel),
            };
            Ok(Begun::outside(Effect::Write(vec![write]), Then::Group(change)))
        }
    }
}
