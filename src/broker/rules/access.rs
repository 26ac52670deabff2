//! What clients of a realm may do in its channels, and the server side for them.

use crate::base::time::Now;
use crate::broker::home::{HomeOutput, HomePush, Origin, Outcome, faults};
use crate::broker::order::Order;
use crate::broker::order::publish::Published;
use crate::broker::order::subscribe::LISTED_MEMBERS_MAX;
use crate::model::channel::ChannelName;
use crate::model::definition::{ChannelDefinition, Presence, Who};
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{ArchivedBody, Body, PublicationBytes};
use crate::model::reply::{ChannelReply, Reply};
use crate::model::session::Session;
use std::sync::Arc;

/// Publications in one answer about history.
const HISTORY_PUBLICATIONS_MAX: usize = crate::broker::order::retention::RECOVERY_PUBLICATIONS_MAX;

impl Order {
    /// The channel of a realm that a client subscribes to, opened if need be.
    ///
    /// # Errors
    /// It does not exist for this client, or refuses guests.
    pub(in crate::broker) fn open_in_realm(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        name: &ChannelName,
    ) -> Result<usize, Fault> {
        let rules = self.rules_in_realm(origin, name)?;
        match rules.subscribe {
            Who::Everyone => {}
            Who::Authenticated if !origin.session.is_guest() => {}
            _ => {
                return Err(Fault::new(FaultCode::GuestsRefused, "guests may not subscribe to this channel"));
            }
        }
        self.find_or_open_in_realm(now, name, origin.session)
    }

    fn find_or_open_in_realm(
        &mut self,
        now: Now,
        name: &ChannelName,
        session: &Session,
    ) -> Result<usize, Fault> {
        if let Some(id) = self.channels.find(name) {
            return Ok(id);
        }
        // The work on a change did not come to it yet; what has its name from now on is another channel.
        if let Some(id) = self.channels.find_ended(name) {
            self.end_channel(id, &faults::channel_deleted());
        }
        let set = self.channels.rules.set_in_realm(name).ok_or_else(faults::no_channel)?;
        self.channels.open(now, name, set, &session.payer())
    }

    /// The rules of a channel that the session's realm lets it name, or that the server side names.
    pub(in crate::broker) fn rules_in_realm(
        &self,
        origin: Origin<'_>,
        name: &ChannelName,
    ) -> Result<ChannelDefinition, Fault> {
        let in_realm = match &origin.session.client_info {
            Some(client_info) => *client_info.realm.namespace == *name.namespace(),
            None => origin.is_admin(),
        };
        let rules = self.channels.rules.in_force(name).filter(|_| in_realm);
        rules.copied().ok_or_else(faults::no_channel)
    }

    /// A client says something to all subscribers, or the server side does.
    pub(in crate::broker) fn publish_in_realm(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        body: Body,
    ) -> Result<Outcome, Fault> {
        let id = match &body {
            Body::ClientMessage { authenticated, .. } => {
                let id = self.as_member(origin, &channel, |rules| rules.publish)?;
                if *authenticated && origin.session.is_guest() {
                    return Err(muted());
                }
                id
            }
            _ if origin.is_admin() => {
                self.rules_in_realm(origin, &channel)?;
                self.find_or_open_in_realm(now, &channel, origin.session)?
            }
            _ => return Err(Fault::new(FaultCode::Forbidden, "only the server side can publish events")),
        };
        self.channels.admit(id)?;
        let user = origin.session.user.clone();
        let Published { position, wait, .. } = self.publish_on(now, id, &user, body);
        Ok(Outcome { reply: Reply::Channel(ChannelReply::Published { channel, position }), wait })
    }

    /// A subscriber says something to another one.
    pub(in crate::broker) fn whisper(
        &mut self,
        origin: Origin<'_>,
        channel: ChannelName,
        to: Box<str>,
        json: Box<str>,
    ) -> Result<Reply, Fault> {
        let id = self.as_member(origin, &channel, |rules| rules.whisper)?;
        let members = self.channels.get(id).members.as_ref();
        let Some((core, connection)) = members.and_then(|members| members.place(&to)) else {
            return Err(Fault::new(FaultCode::NoSuchMember, "whom this is for does not hear the channel"));
        };
        if self.congestion.blocks(core, id) {
            return Err(Fault::new(
                FaultCode::Overloaded,
                "the server is catching up with this channel; say it again shortly",
            ));
        }
        let push = HomePush::Whisper { sender: origin.session.clone(), to, json, connection };
        self.outputs.push_back(HomeOutput::Push { to: core, channel, push });
        Ok(Reply::Channel(ChannelReply::Whispered))
    }

    /// What a channel's history has, for a subscriber.
    pub(in crate::broker) fn list_history(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
    ) -> Result<Reply, Fault> {
        let id = self.as_member(origin, &channel, |_| Who::Everyone)?;
        match self.history_for(now, id, origin.session) {
            Some(publications) => Ok(Reply::Channel(ChannelReply::History { channel, publications })),
            None => Err(Fault::new(FaultCode::Conflict, "this channel keeps no history")),
        }
    }

    /// What a session may see of a channel's history, oldest first; `None` where none is kept.
    pub(in crate::broker) fn history_for(
        &mut self,
        now: Now,
        id: usize,
        session: &Session,
    ) -> Option<Vec<PublicationBytes>> {
        if self.channels.definition(id).history.count_max == 0 {
            return None;
        }
        let history = self.channels.history(now, id);
        let kept = history.map_or_else(Vec::new, |history| history.newest_content(HISTORY_PUBLICATIONS_MAX));
        Some(visible_to(session, kept))
    }

    /// Who is in a channel, if that may be told: at most 1,000 of them, the session itself among them.
    pub(in crate::broker) fn members_for(&self, id: usize, session: &Session) -> Option<Vec<Arc<Session>>> {
        if !tells_presence(self.channels.definition(id)) {
            return None;
        }
        let members = self.channels.get(id).members.as_ref();
        Some(members.map_or_else(Vec::new, |members| members.some(LISTED_MEMBERS_MAX, session.member())))
    }

    /// The number of a channel in which the client is and may do something.
    fn as_member(
        &self,
        origin: Origin<'_>,
        name: &ChannelName,
        may: impl Fn(&ChannelDefinition) -> Who,
    ) -> Result<usize, Fault> {
        let rules = self.rules_in_realm(origin, name)?;
        match may(&rules) {
            Who::Nobody => {
                return Err(Fault::new(FaultCode::MessagingOff, "clients may not say this in this channel"));
            }
            Who::Authenticated if origin.session.is_guest() => return Err(muted()),
            Who::Authenticated | Who::Everyone => {}
        }
        let id = self.channels.find(name).filter(|id| {
            let members = self.channels.get(*id).members.as_ref();
            members.is_some_and(|members| members.contains(origin.session.member()))
        });
        id.ok_or_else(|| Fault::new(FaultCode::NotSubscribed, "subscribe to the channel first"))
    }
}

/// Whether joins and leaves are told and the list can be asked for.
pub fn tells_presence(rules: &ChannelDefinition) -> bool {
    matches!(rules.presence, Presence::Users | Presence::Sockets { told: true })
}

/// What of these a session may see.
pub fn visible_to(session: &Session, mut publications: Vec<PublicationBytes>) -> Vec<PublicationBytes> {
    if session.is_guest() {
        publications.retain(|bytes| !is_for_authenticated(bytes));
    }
    publications
}

fn is_for_authenticated(bytes: &PublicationBytes) -> bool {
    matches!(&bytes.view().body, ArchivedBody::ClientMessage { authenticated: true, .. })
}

fn muted() -> Fault {
    Fault::new(FaultCode::GuestsMuted, "guests may not say this in this channel")
}
