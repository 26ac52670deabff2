//! What stands beside the order of the channels and speaks on them: rooms, meetings, groups, users, definitions. Each noun
//! decides for itself; what more than one has a part in comes together here.

use super::{Home, Origin, Outcome};
use crate::base::time::Now;
use crate::broker::meetings::MeetingChange;
use crate::broker::rooms::{RoomChange, RoomsPart};
use crate::broker::rules::Settled;
use crate::broker::rules::catalog::DefinitionChange;
use crate::model::access::{Access, Use};
use crate::model::channel::ChannelName;
use crate::model::command::Page;
use crate::model::definition::DefinitionRecord;
use crate::model::fault::Fault;
use crate::model::group::{GroupChange, GroupDraft};
use crate::model::publication::Body;
use crate::model::session::Session;
use std::sync::Arc;

impl Home {
    /// Decides about a new room; see [`crate::broker::rooms::Rooms::create`].
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn create_room(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        (name, description): (String, String),
    ) -> Result<RoomChange, Fault> {
        self.rooms.create(&mut self.order.channels, now, origin, channel, (name, description))
    }

    /// Decides about a change of a room; see [`crate::broker::rooms::Rooms::update`].
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn update_room(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        (name, description): (Option<String>, Option<String>),
    ) -> Result<RoomChange, Fault> {
        self.rooms.update(&mut self.order.channels, now, origin, channel, (name, description))
    }

    /// Decides about the end of a room; see [`crate::broker::rooms::Rooms::delete`].
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn delete_room(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
    ) -> Result<RoomChange, Fault> {
        self.rooms.delete(&mut self.order.channels, now, origin, channel)
    }

    /// A change of a room that was decided is stored: it is in force, and its channel is told.
    pub fn apply_room(&mut self, now: Now, change: RoomChange) -> Outcome {
        self.rooms.apply(&mut self.order, now, change)
    }

    /// This core's part of a list of rooms, as far as the session may know of them.
    pub fn list_rooms(&self, session: &Session, namespace: &str, page: Page) -> RoomsPart {
        let is_open = session.grants.is_none() && self.entries.of_namespace(namespace) == Access::Open;
        let told = |channel: &ChannelName| {
            session.is_for(channel.as_str()) && self.may_use(session, channel, Use::Subscribe).is_ok()
        };
        self.rooms.list(namespace, page, (!is_open).then_some(told))
    }

    /// A change of a meeting that was decided is stored: those who hear its channel are told.
    pub fn apply_meeting(&mut self, now: Now, change: MeetingChange) {
        self.meetings.apply(&mut self.order, now, change);
    }

    /// Decides what becomes of a group. [`Home::apply_group`] follows when it is stored, [`Groups::give_up`](crate::broker::groups::Groups::give_up) if it is not.
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn decide_group(
        &mut self,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        draft: GroupDraft,
    ) -> Result<GroupChange, Fault> {
        self.groups.decide(&self.order.channels, now, session, channel, draft)
    }

    /// A change of a group that was decided is stored. Who hears its channel and may not any more is told and sent away.
    pub fn apply_group(&mut self, change: GroupChange) -> Outcome {
        let access = self.entries.of(&change.channel);
        self.groups.apply(&mut self.order, access, change)
    }

    /// A user whose channel is homed here has its first connection on one more core. `name` is the display
    /// name its session carries.
    pub fn user_connected(&mut self, now: Now, user: &Arc<str>, name: Option<Arc<str>>) {
        if self.users.connect(user, name) {
            self.order.announce(now, &ChannelName::of_user(user), user, Body::UserOnline);
        }
    }

    /// A user whose channel is homed here lost its last connection on one core.
    pub fn user_disconnected(&mut self, now: Now, user: &Arc<str>) {
        if self.users.disconnect(user) {
            self.order.announce(now, &ChannelName::of_user(user), user, Body::UserOffline);
        }
    }

    /// Somebody can come who is not there: the user is known, and may be told of.
    pub fn know_user(&mut self, user: &Arc<str>, name: Option<Arc<str>>) {
        self.users.know(user, name);
    }

    /// Takes over a change of a definition. [`Home::work`] follows until its number is settled.
    pub fn change(&mut self, number: u64, change: Arc<DefinitionChange>) {
        self.jobs.add(number, change);
    }

    /// Takes a definition in that was stored, before the first channel is opened.
    pub fn restore_definition(&mut self, record: &Arc<DefinitionRecord>) {
        let tasks =
            self.order.channels.rules.apply(&DefinitionChange { was: None, is: Some(record.clone()) });
        assert!(tasks.is_empty(), "no channel is open");
    }

    /// Whether a change is not settled.
    pub fn has_work(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Goes on with the oldest change, for as many steps as there are left. Says when it is settled; its outputs
    /// come before.
    pub fn work(&mut self, steps_left: &mut usize) -> Option<Settled> {
        self.jobs.work(&mut self.order, steps_left)
    }
}
