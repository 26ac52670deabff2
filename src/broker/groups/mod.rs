//! Groups: whom a channel is for, where that is said by name. A change is decided first, then stored by the caller, then
//! applied; until then nobody else may change the same group. Whoever hears the channel and may not any more is sent
//! away when it is applied, before the answer. Every surface that has conversations has these.

mod conversations;
mod table;

pub use conversations::Conversations;
pub use table::{Groups, GroupsPart, merge_groups};

use crate::base::time::Now;
use crate::broker::home::{HomeOutput, HomePush, Outcome, faults};
use crate::broker::order::Order;
use crate::broker::order::channels::Channels;
use crate::model::access::Access;
use crate::model::channel::ChannelName;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::{Group, GroupChange, GroupDraft, no_group};
use crate::model::reply::{GroupReply, Reply};
use crate::model::session::{Scopes, Session};
use std::sync::Arc;

/// Bytes of a member: what a user's id can have.
const MEMBER_BYTES_MAX: usize = 128;

impl Groups {
    /// The group of a channel, for somebody who may know of it.
    ///
    /// # Errors
    /// There is none, or it is its members' business.
    pub fn known_to(&self, session: &Session, channel: &ChannelName) -> Result<&Arc<Group>, Fault> {
        let known = |group: &&Arc<Group>| is_admin(session) || group.has(&session.user);
        self.get(channel).filter(known).ok_or_else(no_group)
    }

    /// Decides what becomes of a group. [`Groups::apply`] follows when it is stored, [`Groups::give_up`] if it is not.
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn decide(
        &mut self,
        channels: &Channels,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        draft: GroupDraft,
    ) -> Result<GroupChange, Fault> {
        let group = match draft {
            GroupDraft::Create(members) => self.created(now, session, channel, members)?,
            GroupDraft::Put(members) => self.put_by_admin(now, session, channel, members)?,
            GroupDraft::Delete => {
                may_change(self.known_to(session, channel)?, session)?;
                channels.find(channel).map_or(Ok(()), |id| channels.admit(id).map(drop))?;
                return Ok(GroupChange { channel: channel.clone(), is: None });
            }
            draft => self.changed(now, self.known_to(session, channel)?, session, draft)?,
        };
        let members_max = self.limits.get().lists.group_members_max as usize;
        if group.members.len() > members_max {
            let sentence = format!("A conversation has at most {members_max} members.");
            return Err(Fault::new(FaultCode::InvalidRequest, sentence));
        }
        let fits = |member: &Arc<str>| {
            (1..=MEMBER_BYTES_MAX).contains(&member.len()) && !member.chars().any(char::is_control)
        };
        if !group.members.iter().all(fits) {
            let sentence = format!(
                "A member is the id of a user: 1 to {MEMBER_BYTES_MAX} bytes, no control characters."
            );
            return Err(Fault::new(FaultCode::InvalidRequest, sentence));
        }
        let share = "what the maker of this list has in lists of members is as much as it may be";
        let lacks = self.lacks(&group, !is_admin(session));
        faults::unless(lacks, "no room for what this adds to lists of members", share, "group_bytes_max")?;
        self.charge(&group);
        Ok(GroupChange { channel: channel.clone(), is: Some(Arc::new(group)) })
    }

    fn created(
        &self,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        members: Vec<Arc<str>>,
    ) -> Result<Group, Fault> {
        if self.known_to(session, channel).is_ok() {
            let sentence = "The conversation has a list of members already; its creator can change it.";
            return Err(Fault::new(FaultCode::Conflict, sentence));
        }
        // Who asks for exactly this id learns that it is taken, but not by what.
        if self.get(channel).is_some() {
            let sentence =
                "This id is not to be had: choose another one, or leave it out, and the node gives one.";
            return Err(Fault::new(FaultCode::Conflict, sentence));
        }
        let members = with(&session.user, members);
        self.another(now, session, channel, members)
    }

    /// A group with exactly these members, in the place of the channel's older one, if there is one.
    fn put_by_admin(
        &self,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        members: Vec<Arc<str>>,
    ) -> Result<Group, Fault> {
        let members = Group::members_of(members);
        match self.get(channel) {
            Some(was) => Ok(Group { members, updated_ms: now.unix_ms, ..(**was).clone() }),
            None => self.another(now, session, channel, members),
        }
    }

    fn another(
        &self,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        members: Vec<Arc<str>>,
    ) -> Result<Group, Fault> {
        let lacks = self.lacks_one(&session.user, !is_admin(session));
        let share = "you made as many lists of members as you may";
        faults::unless(lacks, "no place for another list of members", share, "groups_max")?;
        let (creator, created_ms) = (session.user.clone(), now.unix_ms);
        Ok(Group { channel: channel.clone(), creator, members, created_ms, updated_ms: created_ms })
    }

    fn changed(&self, now: Now, was: &Group, session: &Session, draft: GroupDraft) -> Result<Group, Fault> {
        // Whoever is in it may leave it.
        if draft != GroupDraft::Remove(session.user.clone()) {
            may_change(was, session)?;
        }
        let members = was.members.iter().cloned();
        let members = match draft {
            GroupDraft::Replace(members) => with(&was.creator, members),
            GroupDraft::Add(member) => Group::members_of(members.chain([member])),
            GroupDraft::Remove(member) if !was.has(&member) => {
                return Err(Fault::new(
                    FaultCode::NotFound,
                    "This user is not a member of the conversation.",
                ));
            }
            GroupDraft::Remove(member) if member == was.creator => {
                let sentence = "Who made a conversation stays a member of it; delete it instead.";
                return Err(Fault::new(FaultCode::Conflict, sentence));
            }
            GroupDraft::Remove(member) => members.filter(|other| *other != member).collect(),
            GroupDraft::Create(_) | GroupDraft::Put(_) | GroupDraft::Delete => members.collect(),
        };
        Ok(Group { members, updated_ms: now.unix_ms, ..was.clone() })
    }

    /// A change that was decided could not be stored.
    pub fn give_up(&mut self, change: &GroupChange) {
        self.settle(&change.channel);
    }

    /// Does a change that is stored. Who hears the channel, which is for those with this access, and may not any more is
    /// told and sent away.
    pub fn apply(&mut self, order: &mut Order, access: Access, change: GroupChange) -> Outcome {
        let GroupChange { channel, is } = change;
        match is {
            Some(group) => {
                self.replace(order, access, &group);
                Reply::Group(GroupReply::One(group)).into()
            }
            None => self.delete(order, channel),
        }
    }

    fn replace(&mut self, order: &mut Order, access: Access, group: &Arc<Group>) {
        let was = self.get(&group.channel).cloned();
        self.put(group.clone());
        let loses = was.is_none_or(|was| was.members.iter().any(|member| !group.has(member)));
        if loses && matches!(access, Access::Listed | Access::Members) {
            send_strangers_away(order, group, access);
        }
    }

    /// Without its list a channel may be for everybody, so what was said in it goes as well: all who hear it are told,
    /// and whoever takes its name next finds nothing. The answer waits until the history log says the same.
    fn delete(&mut self, order: &mut Order, channel: ChannelName) -> Outcome {
        self.remove(&channel);
        let before = order.channels.log.last();
        if let Some(id) = order.channels.find(&channel) {
            let sentence = "This conversation was deleted. You hear it no longer.";
            order.end_channel(id, &Fault::new(FaultCode::NotFound, sentence));
        }
        let wait = order.channels.log.wait_since(before);
        Outcome { reply: Reply::Group(GroupReply::Deleted(channel)), wait }
    }

    /// This core's part of a list of the groups that a user is a member of.
    pub fn list_of(&self, session: &Session, namespace: &str, page: Page) -> GroupsPart {
        self.list(&session.user, namespace, page, |channel| session.is_for(channel.as_str()))
    }
}

/// The members with the creator.
fn with(creator: &Arc<str>, members: Vec<Arc<str>>) -> Vec<Arc<str>> {
    Group::members_of(members.into_iter().chain([creator.clone()]))
}

fn send_strangers_away(order: &mut Order, group: &Arc<Group>, access: Access) {
    let Some(id) = order.channels.find(&group.channel) else { return };
    for share in order.channels.get(id).shares.iter() {
        let push = HomePush::NotFor { group: group.clone(), access };
        let (to, channel) = (share.core, group.channel.clone());
        order.ends.push_back(HomeOutput::Push { to, channel, push });
    }
}

/// Whether a session may change a group that it knows of.
fn may_change(group: &Group, session: &Session) -> Result<(), Fault> {
    if group.creator == session.user || is_admin(session) {
        return Ok(());
    }
    Err(faults::not_yours("Only who made a conversation or an admin can change its members or delete it."))
}

fn is_admin(session: &Session) -> bool {
    session.scopes.contains(Scopes::ADMIN)
}
