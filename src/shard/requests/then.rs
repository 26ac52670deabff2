//! What is done when the outside has done its part: the second half of what a noun's file began.

use super::logins::LoginThen;
use super::meetings::MeetingThen;
use super::web_push::{WebPushThen, continue_web_push};
use super::{Asker, backup, rooms, settings};
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::broker::rooms::RoomChange;
use crate::broker::rules::catalog::DefinitionChange;
use crate::model::group::GroupChange;
use crate::model::reply::Reply;
use crate::shard::effects::Done;
use crate::shard::people::{PeopleChange, continue_people};
use crate::shard::transports::long::{self, Undecoded};
use crate::shard::{Effect, EffectId, Resolution, Shard};

/// How a request goes on.
pub(in crate::shard) enum Then {
    /// A definition is changed, at the core that keeps the catalog.
    Definition(DefinitionChange),
    /// A room is changed, at its home.
    Room(RoomChange),
    /// A group is changed, at its channel's home.
    Group(GroupChange),
    /// A meeting is changed or shown, at its home.
    Meeting(MeetingThen),
    /// Somebody is logged in or out.
    Login(LoginThen),
    /// What is stored of people is changed, at its home.
    People(PeopleChange),
    /// Something of Web Push is stored, or was sent.
    WebPush(WebPushThen),
    /// It is known what long input of a connection asks for.
    Long(ConnectionId, Box<Undecoded>),
    /// All that is stored was copied to this file beside the store.
    Backup(String),
    /// Settings were read beside the cores.
    Settings,
}

impl Shard {
    /// Wants something done outside.
    pub(in crate::shard) fn start_effect(
        &mut self,
        effect: Effect,
        asker: Option<Asker>,
        then: Option<Then>,
    ) {
        let user = asker.as_ref().map(|asker| asker.ticket.session.user.clone());
        let output = self.effects.start(self.edge.now, effect, asker, then);
        user.iter().for_each(|user| self.effects.take_place(user));
        self.outputs.push_back(output);
    }

    /// The outside answers.
    pub fn resolve(&mut self, now: Now, id: EffectId, resolution: Resolution) {
        self.edge.now = now;
        let Some(Done { asker, then, resolution, took_us }) = self.effects.done(now, id, resolution) else {
            return;
        };
        match then {
            Some(Then::Definition(change)) => self.continue_definition(asker, change, &resolution),
            Some(Then::Room(change)) => {
                let outcome = rooms::stored(&mut self.home, now, change, &resolution);
                // The answer goes first: what the channel is told comes after it, when this is settled.
                self.answer_asker(asker, outcome);
            }
            Some(Then::Group(change)) => self.continue_group(asker, change, &resolution),
            Some(Then::Meeting(then)) => self.continue_meeting(asker, then, &resolution),
            Some(Then::People(change)) => continue_people(self, asker, change, &resolution),
            Some(Then::Login(then)) => self.continue_login(asker, then, &resolution),
            Some(Then::WebPush(then)) => continue_web_push(self, asker, then, (&resolution, took_us)),
            Some(Then::Long(id, asked)) => long::go_on(self, id, *asked, resolution),
            Some(Then::Backup(file)) => self.answer_asker(asker, backup::made(file, &resolution)),
            Some(Then::Settings) => self.answer_asker(asker, settings::done(resolution)),
            None => {}
        }
        self.settle();
    }

    /// Answers those who wait for too long.
    pub(in crate::shard) fn expire_effects(&mut self) {
        while let Some((asker, fault)) = self.effects.expire(self.edge.now) {
            self.answer_asker(asker, Reply::Fault(fault));
        }
    }
}
