//! What home cores say to the subscribers on this core.

use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::fanout::{Audience, Encoding, Lapped};
use crate::broker::home::HomePush;
use crate::broker::rules::entry::may_hear_of;
use crate::model::access::Access;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;
use crate::model::publication::{ArchivedBody, PublicationBytes};
use crate::model::reply::Push;
use crate::model::session::Session;
use crate::protocol::framing::Framing;
use crate::shard::Setup;
use crate::shard::delivery::ending::Endings;
use crate::shard::delivery::pacing;
use crate::shard::edge::Edge;
use crate::surface::list::DIALECTS;

impl Edge {
    /// Tells one subscriber what another one said to it, in its place among what the channel says: what it still
    /// owes of the channel goes before.
    fn push_whisper(
        &mut self,
        channel: &ChannelName,
        sender: &Session,
        to: &str,
        json: &str,
        connection: ConnectionId,
    ) {
        // Home lets only sockets of a realm whisper.
        let Some(client_info) = &sender.client_info else { return };
        if !self.fanout.hears(connection, channel) {
            return;
        }
        let mut bytes = Vec::new();
        self.fanout.take_pending(connection, channel, &mut bytes);
        let push = Push::Whisper { sender: &client_info.client, to, json };
        self.append_push(connection, channel, push, &mut bytes);
        self.tell_one(connection, channel, &bytes);
    }

    /// Appends the frame of a push to one connection, if its dialect tells this.
    fn append_push(&mut self, id: ConnectionId, channel: &ChannelName, push: Push<'_>, out: &mut Vec<u8>) {
        let Some(dialect) = self.connections.get(id).and_then(|connection| connection.dialect()) else {
            return;
        };
        let before = out.len();
        Framing::WebSocket.write(out, |out| (dialect.encode_push)(out, channel, push));
        self.counters.messages_sent += u64::from(out.len() > before);
    }

    /// Tells a publication to the subscribers on this core, whatever the pace of its channel.
    pub(super) fn push_publication(&mut self, channel: &ChannelName, bytes: &PublicationBytes) {
        let publication = bytes.view();
        let position = publication.position();
        let about = match &publication.body {
            ArchivedBody::UserOnline | ArchivedBody::UserOffline => Some(publication.publisher.as_str()),
            ArchivedBody::UserUpdated { profile } => Some(profile.user.as_str()),
            _ => None,
        };
        if let Some(user) = about.filter(|_| is_own(&self.setup, channel)) {
            return self.push_about(channel, Some(position), user, Push::Publication(publication));
        }
        let audience = match &publication.body {
            ArchivedBody::ClientMessage { authenticated: true, .. } => Audience::Authenticated,
            _ => Audience::All,
        };
        self.push_frame(channel, Some(position), audience, Push::Publication(publication));
    }

    /// Tells something about a user to those whose business it is. There are few of them: the user's own connections.
    fn push_about(&mut self, channel: &ChannelName, position: Option<Position>, user: &str, push: Push<'_>) {
        let hearers = self.fanout.hearers(channel);
        let may = |id: &ConnectionId| {
            let session = self.connections.get(*id).and_then(|connection| connection.session.as_ref());
            session.is_some_and(|session| may_hear_of(session, channel, user))
        };
        let told: Vec<_> = hearers.iter().copied().filter(may).collect();
        if told.len() == hearers.len() {
            return self.push_frame(channel, position, Audience::All, push);
        }
        for id in told {
            let mut bytes = Vec::new();
            self.fanout.take_pending(id, channel, &mut bytes);
            self.append_push(id, channel, push, &mut bytes);
            self.tell_one(id, channel, &bytes);
        }
    }

    /// Encodes a push once for each encoding that is heard.
    pub(in crate::shard) fn push_frame(
        &mut self,
        channel: &ChannelName,
        position: Option<Position>,
        audience: Audience,
        push: Push<'_>,
    ) {
        let (mut encoded, mut aside) = (0, Vec::new());
        let encode = |Encoding { dialect, framing }: Encoding, out: &mut Vec<u8>| {
            let encode_push = DIALECTS[usize::from(dialect)].encode_push;
            framing.write(out, |out| encode_push(out, channel, push));
            encoded += u64::from(!out.is_empty());
        };
        let messages = self.fanout.publish(channel, position, audience, &mut self.lapped, &mut aside, encode);
        self.counters.frames_encoded += encoded;
        self.counters.messages_sent += messages;
        if let Audience::Except(one) = audience {
            self.tell_one(one, channel, &aside);
        }
    }

    /// Tells one subscriber what is for it alone, after the answer that makes it one if that has not left yet.
    pub(in crate::shard) fn tell_one(&mut self, id: ConnectionId, channel: &ChannelName, bytes: &[u8]) {
        let owed_max = self.setup.limits.outbox_bytes_max as usize;
        match self.connections.pending_mut(id).and_then(|pending| pending.opening(channel)) {
            None => self.write(id, bytes),
            Some(answer) if answer.len() < owed_max => answer.extend_from_slice(bytes),
            Some(_) => {
                self.counters.note_slow(SlowPolicy::Disconnect);
                self.close_slow(id);
            }
        }
    }

    /// Gives subscribers that fell behind what their channel's policy says.
    pub(in crate::shard) fn apply_slow_policies(&mut self) {
        if self.lapped.is_empty() {
            return;
        }
        // In order: what heals a gap can make the same subscriber fall behind more than once.
        let mut lapped = std::mem::take(&mut self.lapped);
        for Lapped { connection, channel, policy, position } in lapped.drain(..) {
            match policy {
                SlowPolicy::Disconnect => self.close_behind(connection),
                SlowPolicy::Skip => {
                    self.counters.note_slow(policy);
                    let mut frame = Vec::new();
                    self.append_push(connection, &channel, Push::Gap(position), &mut frame);
                    self.tell_one(connection, &channel, &frame);
                }
            }
        }
        self.lapped = lapped;
    }
}

/// Hands a push to whoever of this core it is for: every stream of its channel, or one connection.
pub(in crate::shard) fn push(edge: &mut Edge, endings: &mut Endings, channel: &ChannelName, push: HomePush) {
    match push {
        HomePush::Publication(bytes) => pacing::say(edge, channel, &bytes),
        HomePush::Heal(missed) => {
            edge.counters.heals += 1;
            missed.iter().for_each(|bytes| pacing::say(edge, channel, bytes));
        }
        HomePush::Lost(position) => {
            pacing::release(edge, channel);
            edge.counters.gaps += 1;
            edge.push_frame(channel, Some(position), Audience::All, Push::Gap(position));
        }
        HomePush::Joined { session, .. } if is_own(&edge.setup, channel) => {
            edge.push_about(channel, None, &session.user, Push::Joined(&session));
        }
        HomePush::Left { session, .. } if is_own(&edge.setup, channel) => {
            edge.push_about(channel, None, &session.user, Push::Left(&session));
        }
        HomePush::Joined { session, except } => {
            let audience = audience(edge.setup.core, except);
            edge.push_frame(channel, None, audience, Push::Joined(&session));
        }
        HomePush::Whisper { sender, to, json, connection } => {
            edge.push_whisper(channel, &sender, &to, &json, connection);
        }
        HomePush::Ended { fault, guests } => {
            pacing::release(edge, channel);
            endings.end(edge, channel, fault, guests);
        }
        HomePush::NotFor { group, access } => {
            pacing::release(edge, channel);
            endings.restrict(edge, channel, group, access);
        }
        HomePush::Left { session, except } => {
            let audience = audience(edge.setup.core, except);
            edge.push_frame(channel, None, audience, Push::Left(&session));
        }
    }
    edge.apply_slow_policies();
}

/// Everybody who hears a channel but the subscriber that is not told, if it is on this core.
fn audience(own: CoreId, except: Option<(CoreId, ConnectionId)>) -> Audience {
    match except {
        Some((core, connection)) if core == own => Audience::Except(connection),
        _ => Audience::All,
    }
}

/// Whether a channel is for its own user. Two users can have one channel.
fn is_own(setup: &Setup, channel: &ChannelName) -> bool {
    setup.definitions.of(channel).access == Access::Own
}
