//! Subscribing, recovery and presence.

use crate::base::ids::{ConnectionId, CoreId};
use crate::base::time::Now;
use crate::broker::home::{HomeOutput, HomePush, Origin, faults};
use crate::broker::order::Order;
use crate::broker::order::shares::Removed;
use crate::broker::rules::access::{tells_presence, visible_to};
use crate::broker::rules::entry::about_own;
use crate::model::access::Access;
use crate::model::channel::{ChannelName, Position};
use crate::model::command::{Attachments, Page};
use crate::model::definition::Presence;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{ChannelReply, Recovery, Reply};
use crate::model::session::Session;
use std::sync::Arc;

/// Members in one answer, whatever was asked for: keeps its time and size bounded. On a wire that asks for all of them with its
/// subscribe, as many are told.
pub const LISTED_MEMBERS_MAX: u32 = 1_000;

impl Order {
    /// A connection hears a channel from now on; the caller asked whether it may, and for whom the channel is.
    pub(in crate::broker) fn subscribe(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        (name, access): (ChannelName, Access),
        recover: Option<Position>,
        with: Attachments,
    ) -> Result<Reply, Fault> {
        let session = origin.session;
        let id = if self.channels.rules.in_realm(&name) {
            self.open_in_realm(now, origin, &name)?
        } else {
            self.channels.find_or_open(now, &name, &session.payer())?
        };
        // The answer's position would be past what the core was pushed.
        if self.congestion.blocks(origin.core, id) {
            self.channels.close_if_empty(now, id);
            return Err(faults::congested());
        }
        let members_max = self.channels.limits.get().members_per_channel_max as usize;
        let presence = self.channels.definition(id).presence != Presence::Off;
        let channel = self.channels.get_mut(id);
        let mut joined = false;
        if presence {
            let members = channel.members.get_or_insert_default();
            if members.len() >= members_max && !members.contains(session.member()) {
                channel.members.take_if(|members| members.is_empty());
                self.channels.close_if_empty(now, id);
                return Err(faults::full(
                    "the channel has no room for another member",
                    "members_per_channel_max",
                ));
            }
            joined = members.join(session, origin.core, origin.connection);
        }
        channel.shares.add(origin.core);
        let position = channel.position();
        let recovery = match recover {
            None => Recovery::NotAsked,
            Some(from) => {
                let recovery = visible_recovery(session, self.channels.since(now, id, from));
                match access {
                    Access::Own => own_recovery(session, &name, recovery),
                    _ => recovery,
                }
            }
        };
        if joined {
            self.push_presence(id, session, true, Some((origin.core, origin.connection)));
        }
        let history = with.history.then(|| self.history_for(now, id, session).unwrap_or_default());
        let members = if with.members { self.members_for(id, session) } else { None };
        Ok(Reply::Channel(ChannelReply::Subscribed { channel: name, position, recovery, history, members }))
    }

    /// A connection of `member` on `core` does not hear the channel any more. Ignored if the core has no
    /// subscription of it, or had it in an earlier life of the channel: the channel may have ended while this was on its
    /// way, and what has its name now has subscribers of its own.
    pub fn unsubscribe(&mut self, now: Now, core: CoreId, member: &str, channel: &ChannelName, epoch: u64) {
        let Some(id) = self.channels.find(channel) else { return };
        if self.channels.get(id).epoch != epoch {
            return;
        }
        let channel = self.channels.get_mut(id);
        // A wrong member changes nothing, so that members stay the subscribers.
        if channel.members.as_ref().is_some_and(|members| !members.contains(member)) {
            return;
        }
        match channel.shares.remove(core) {
            Removed::Unknown => return,
            Removed::SomeLeft => {}
            Removed::Last => self.congestion.forget(core, id),
        }
        let left = channel.members.as_mut().and_then(|members| members.leave(member));
        channel.members.take_if(|members| members.is_empty());
        if let Some(session) = left {
            self.push_presence(id, &session, false, None);
        }
        self.channels.close_if_empty(now, id);
    }

    /// A page of the members of a channel.
    pub(in crate::broker) fn list_members(
        &self,
        origin: Origin<'_>,
        name: &ChannelName,
        page: Page,
    ) -> Result<Reply, Fault> {
        let rules = if self.channels.rules.in_realm(name) {
            self.rules_in_realm(origin, name)?
        } else {
            *self.definitions.of(name)
        };
        if !tells_presence(&rules) {
            let sentence = format!(
                "Nobody keeps who is here: the operator can switch it on with presence = true for the namespace \"{}\".",
                name.namespace()
            );
            return Err(Fault::new(FaultCode::Conflict, sentence));
        }
        let channel = self.channels.find(name).map(|id| self.channels.get(id));
        let members = channel.and_then(|channel| channel.members.as_ref());
        let page = Page { size: page.size.min(LISTED_MEMBERS_MAX), ..page };
        let items = members.map_or_else(Vec::new, |members| members.page(page));
        Ok(Reply::Channel(ChannelReply::Members {
            items,
            page,
            total: members.map_or(0, |members| members.len() as u64),
        }))
    }

    /// Tells all cores with subscribers that a member came or went.
    fn push_presence(
        &mut self,
        id: usize,
        session: &Arc<Session>,
        joined: bool,
        except: Option<(CoreId, ConnectionId)>,
    ) {
        if !tells_presence(self.channels.definition(id)) {
            return;
        }
        let channel = self.channels.get(id);
        for share in channel.shares.iter() {
            if self.congestion.hold_presence(share.core, id, channel.head, session, joined) {
                continue;
            }
            let session = session.clone();
            let push = if joined {
                HomePush::Joined { session, except }
            } else {
                HomePush::Left { session, except }
            };
            self.outputs.push_back(HomeOutput::Push { to: share.core, channel: channel.name.clone(), push });
        }
    }
}

/// What of what a session missed is its own business.
fn own_recovery(session: &Session, channel: &ChannelName, recovery: Recovery) -> Recovery {
    match recovery {
        Recovery::Complete(missed) => Recovery::Complete(about_own(session, channel, missed)),
        Recovery::Gap(missed) => Recovery::Gap(about_own(session, channel, missed)),
        Recovery::NotAsked => Recovery::NotAsked,
    }
}

/// What a session may see of what it missed.
fn visible_recovery(session: &Session, recovery: Recovery) -> Recovery {
    match recovery {
        Recovery::Complete(missed) => Recovery::Complete(visible_to(session, missed)),
        Recovery::Gap(missed) => Recovery::Gap(visible_to(session, missed)),
        Recovery::NotAsked => Recovery::NotAsked,
    }
}
