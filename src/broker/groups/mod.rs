//! Groups: whom a channel is for, where that is said by name. A change is decided first, then stored by the caller, then
//! applied; until then nobody else may change the same group. Whoever hears the channel and may not any more is sent
//! away when it is applied, before the answer. Every surface that has conversations has these.

mod table;

pub use table::{Groups, GroupsPart, merge_groups};

use crate::base::time::Now;
use crate::broker::home::{Home, HomeOutput, HomePush, Outcome, faults};
use crate::model::access::Access;
use crate::model::channel::ChannelName;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::{Group, GroupChange, GroupDraft, no_group};
use crate::model::reply::Reply;
use crate::model::session::{Scopes, Session};
use std::sync::Arc;

/// Bytes of a member: what a user's id can have.
const MEMBER_BYTES_MAX: usize = 128;

impl Home {
    /// The group of a channel, for somebody who may know of it.
    ///
    /// # Errors
    /// There is none, or it is its members' business.
    pub fn group(&self, session: &Session, channel: &ChannelName) -> Result<&Arc<Group>, Fault> {
        let known = |group: &&Arc<Group>| is_admin(session) || group.has(&session.user);
        self.groups.get(channel).filter(known).ok_or_else(no_group)
    }

    /// Decides what becomes of a group. [`Home::apply_group`] follows when it is stored.
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn decide_group(
        &self,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        draft: GroupDraft,
    ) -> Result<GroupChange, Fault> {
        let group = match draft {
            GroupDraft::Create(members) => self.created(now, session, channel, members)?,
            GroupDraft::Delete => {
                may_change(self.group(session, channel)?, session)?;
                self.channels.find(channel).map_or(Ok(()), |id| self.admit(id))?;
                return Ok(GroupChange { channel: channel.clone(), is: None });
            }
            draft => self.changed(now, self.group(session, channel)?, session, draft)?,
        };
        let members_max = self.limits.group_members_max as usize;
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
        Ok(GroupChange { channel: channel.clone(), is: Some(Arc::new(group)) })
    }

    fn created(
        &self,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        members: Vec<Arc<str>>,
    ) -> Result<Group, Fault> {
        if self.groups.get(channel).is_some() {
            let sentence = "The conversation has a list of members already; its creator can change it.";
            return Err(Fault::new(FaultCode::Conflict, sentence));
        }
        if self.groups.is_full() {
            return Err(faults::full("no place for another list of members", "groups_max"));
        }
        let is_admin = session.scopes.contains(Scopes::ADMIN);
        if !is_admin && !self.groups.leaves_a_share(&session.user) {
            return Err(faults::share("you made as many lists of members as you may", "groups_max"));
        }
        let creator = session.user.clone();
        Ok(Group {
            channel: channel.clone(),
            members: Group::members_of(&creator, members),
            creator,
            created_ms: now.unix_ms,
            updated_ms: now.unix_ms,
        })
    }

    fn changed(&self, now: Now, was: &Group, session: &Session, draft: GroupDraft) -> Result<Group, Fault> {
        // Whoever is in it may leave it.
        if draft != GroupDraft::Remove(session.user.clone()) {
            may_change(was, session)?;
        }
        let members = was.members.iter().cloned();
        let members = match draft {
            GroupDraft::Replace(members) => Group::members_of(&was.creator, members),
            GroupDraft::Add(member) => Group::members_of(&was.creator, members.chain([member])),
            GroupDraft::Remove(member) if member == was.creator => {
                let sentence = "Who made a conversation is always a member of it; delete it instead.";
                return Err(Fault::new(FaultCode::Conflict, sentence));
            }
            GroupDraft::Remove(member) if !was.has(&member) => {
                return Err(Fault::new(
                    FaultCode::NotFound,
                    "This user is not a member of the conversation.",
                ));
            }
            GroupDraft::Remove(member) => members.filter(|other| *other != member).collect(),
            GroupDraft::Create(_) | GroupDraft::Delete => members.collect(),
        };
        Ok(Group { members, updated_ms: now.unix_ms, ..was.clone() })
    }

    /// Does a change that is stored. Who hears the channel and may not any more is told and sent away.
    pub fn apply_group(&mut self, change: GroupChange) -> Outcome {
        let GroupChange { channel, is } = change;
        match is {
            Some(group) => {
                put_group(self, &group);
                Reply::Group(group).into()
            }
            None => delete_group(self, channel),
        }
    }

    fn send_strangers_away(&mut self, group: &Arc<Group>, access: Access) {
        let Some(id) = self.channels.find(&group.channel) else { return };
        for share in self.channels.get(id).shares.iter() {
            let push = HomePush::NotFor { group: group.clone(), access };
            let (to, channel) = (share.core, group.channel.clone());
            self.ends.push_back(HomeOutput::Push { to, channel, push });
        }
    }

    /// Takes over what was stored before the start.
    pub fn restore_group(&mut self, group: Group) {
        self.groups.put(Arc::new(group));
    }

    /// This core's part of a list of the groups that a user is a member of.
    pub fn list_groups(&self, session: &Session, namespace: &str, page: Page) -> GroupsPart {
        self.groups.list(&session.user, namespace, page, |channel| session.is_for(channel.as_str()))
    }
}

/// Without its list a channel may be for everybody, so what was said in it goes as well: all who hear it are told,
/// and whoever takes its name next finds nothing. The answer waits until the history log says the same.
fn delete_group(home: &mut Home, channel: ChannelName) -> Outcome {
    home.groups.remove(&channel);
    let before = home.channels.log.last();
    if let Some(id) = home.channels.find(&channel) {
        let sentence = "This conversation was deleted. You hear it no longer.";
        home.end_channel(id, &Fault::new(FaultCode::NotFound, sentence));
    }
    let wait = home.channels.log.wait_since(before);
    Outcome { reply: Reply::GroupDeleted(channel), wait }
}

fn put_group(home: &mut Home, group: &Arc<Group>) {
    let was = home.groups.get(&group.channel).cloned();
    home.groups.put(group.clone());
    let access = home.entries.of(&group.channel);
    let loses = was.is_none_or(|was| was.members.iter().any(|member| !group.has(member)));
    if loses && matches!(access, Access::Listed | Access::Members) {
        home.send_strangers_away(group, access);
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
