//! What is done when the outside has done its part: the second half of what a noun's file began.

use super::groups::continue_group;
use super::logins::{LoginThen, continue_login};
use super::meetings::MeetingThen;
use super::web_push::{WebPushThen, continue_web_push};
use super::{backup, rooms, settings};
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::broker::rooms::RoomChange;
use crate::broker::rules::catalog::DefinitionChange;
use crate::model::group::GroupChange;
use crate::shard::delivery::files;
use crate::shard::effects::Done;
use crate::shard::people::{PeopleChange, continue_people};
use crate::shard::transports::long::{self, Undecoded};
use crate::shard::{EffectId, Resolution, Shard};

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
    /// A piece of a file was read for a connection.
    File(ConnectionId),
    /// All that is stored was copied to this file beside the store.
    Backup(String),
    /// Settings were read beside the cores.
    Settings,
}

impl Shard {
    /// The outside answers.
    pub fn resolve(&mut self, now: Now, id: EffectId, resolution: Resolution) {
        self.begin_call(now);
        let Some(Done { asker, then, resolution, took_us }) = self.homes.effects.done(now, id, resolution)
        else {
            return;
        };
        match then {
            Some(Then::Definition(change)) => self.homes.continue_definition(asker, change, &resolution),
            Some(Then::Room(change)) => {
                let outcome = rooms::stored(&mut self.homes.home, now, change, &resolution);
                // To another core the answer goes first: what the channel is told comes after it, when this is settled.
                self.homes.answer_asker(asker, outcome);
            }
            Some(Then::Group(change)) => continue_group(self, asker, change, &resolution),
            Some(Then::Meeting(then)) => self.homes.continue_meeting(asker, then, &resolution),
            Some(Then::People(change)) => {
                continue_people(&mut self.people, &mut self.homes, asker, change, &resolution)
            }
            Some(Then::Login(then)) => continue_login(&mut self.fan_in_side(), asker, then, &resolution),
            Some(Then::WebPush(then)) => {
                continue_web_push(&mut self.homes, asker, then, (&resolution, took_us))
            }
            Some(Then::Long(id, asked)) => long::go_on(self, id, *asked, resolution),
            Some(Then::File(id)) => {
                let is_waited_for = files::hear(&mut self.edge, id, resolution);
                if is_waited_for {
                    self.release_answers(id);
                    self.resume_if_calm(id);
                }
            }
            Some(Then::Backup(file)) => self.homes.answer_asker(asker, backup::made(file, &resolution)),
            Some(Then::Settings) => self.homes.answer_asker(asker, settings::done(resolution)),
            None => {}
        }
        self.settle();
    }
}
