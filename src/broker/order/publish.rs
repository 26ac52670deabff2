//! Publishing: the one way into a channel's order.

use crate::base::time::Now;
use crate::broker::home::{HomeOutput, HomePush, Origin, Outcome, faults};
use crate::broker::meetings::changes::is_meeting;
use crate::broker::order::Order;
use crate::broker::order::effect::HistoryEffect;
use crate::broker::order::idempotency::{Answered, FirstAnswer, KEY_BYTES_MAX, scoped};
use crate::broker::order::messages::written;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::Durability;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{Body, Publication, PublicationBytes};
use crate::model::record::HistoryRecord;
use crate::model::reply::{ChannelReply, Message, MessageReply, Reply};
use crate::model::session::Payer;
use std::sync::Arc;

/// What was published, with its body given back.
pub struct Published {
    /// Its place.
    pub position: Position,
    /// The archived publication.
    pub bytes: PublicationBytes,
    /// The body that was archived, to move its strings on.
    pub body: Body,
    /// The record that must be on disk before anybody is told.
    pub wait: Option<u64>,
}

impl Order {
    /// A client publishes data or writes a message.
    pub(in crate::broker) fn publish(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        body: Body,
        key: Option<&str>,
    ) -> Result<Outcome, Fault> {
        if matches!(body, Body::ClientMessage { .. } | Body::Event { .. }) {
            return self.publish_in_realm(now, origin, channel, body);
        }
        if !matches!(body, Body::Data { .. } | Body::MessageCreated { .. }) {
            return Err(Fault::new(FaultCode::InvalidRequest, "only data and messages can be published"));
        }
        if is_meeting(&channel) {
            return Err(faults::not_yours("messages are added to a meeting, not published"));
        }
        let user = &origin.session.user;
        let is_message = matches!(body, Body::MessageCreated { .. });
        let key = match key {
            Some(key) if key.len() > KEY_BYTES_MAX => {
                return Err(faults::too_long("the idempotency key", KEY_BYTES_MAX));
            }
            Some(key) => Some(scoped(user, &channel, is_message, key)),
            None => None,
        };
        if let Some(first) = key.as_deref().and_then(|key| self.idempotency.get(now, key)) {
            let answer = answer_again(channel.clone(), first);
            let position = first.position;
            let wait = self.channels.wait_for(&channel, position);
            self.duplicates += 1;
            return Ok(Outcome { reply: answer.unwrap_or_else(Reply::Fault), wait });
        }
        let id = self.channels.find_or_open(now, &channel, &origin.session.payer())?;
        let durability = self.channels.admit(id)?;
        let published = self.publish_keyed(now, (id, durability), user, body, key.as_ref());
        let Published { position, bytes, body, wait } = published;
        if let Some(key) = key {
            let logged = durability != Durability::Memory;
            let answered = if is_message { Answered::Message(bytes) } else { Answered::Data };
            self.idempotency.remember(now, &channel, key, FirstAnswer { position, answered, logged });
        }
        let reply = match body {
            Body::MessageCreated { content, kind } => Reply::Message(MessageReply::One(Message {
                channel,
                position,
                author: user.as_ref().into(),
                content,
                kind,
                created_ms: now.unix_ms,
                updated_ms: None,
            })),
            _ => Reply::Channel(ChannelReply::Published { channel, position }),
        };
        Ok(Outcome { reply, wait })
    }

    /// Gives a body the next place of a channel, keeps it and pushes it once to each core with subscribers. Where nobody
    /// hears the channel and nothing is kept of it, it is closed after that.
    pub(in crate::broker) fn publish_on(
        &mut self,
        now: Now,
        id: usize,
        publisher: &str,
        body: Body,
    ) -> Published {
        let durability = self.channels.durability(id);
        self.publish_keyed(now, (id, durability), publisher, body, None)
    }

    fn publish_keyed(
        &mut self,
        now: Now,
        (id, durability): (usize, Durability),
        publisher: &str,
        body: Body,
        key: Option<&Arc<str>>,
    ) -> Published {
        let effect = HistoryEffect::of(&body);
        self.published += 1;
        let position = self.channels.next_position(id);
        let mut named = std::mem::take(&mut self.publisher);
        named.push_str(publisher);
        let Position { epoch, offset } = position;
        let publication =
            Publication { epoch, born: epoch, offset, time_ms: now.unix_ms, publisher: named, body };
        let bytes = publication.archive(&mut self.scratch);
        self.publisher = publication.publisher;
        self.publisher.clear();
        let wait = match durability {
            Durability::Memory => {
                self.channels.log_unkept(id);
                self.deliver(now, id, &bytes, effect);
                None
            }
            Durability::Relaxed if self.channels.log.resume_channel(id) => {
                self.deliver(now, id, &bytes, effect);
                self.log_whole(now, id, position, key, bytes.clone(), effect);
                None
            }
            Durability::Relaxed => {
                self.log_append(id, position, false, key, &bytes);
                self.deliver(now, id, &bytes, effect);
                None
            }
            Durability::Commit if self.channels.log.has_failed() => {
                self.never_was(id, effect);
                // The answer says that it was not taken.
                Some(self.channels.log.last())
            }
            Durability::Commit => {
                self.log_append(id, position, true, key, &bytes);
                Some(self.channels.log.hold((id, epoch), bytes.clone(), effect, key.cloned()))
            }
        };
        // What was just kept is not too old: a history that is there keeps the channel.
        if self.channels.get(id).is_empty() {
            self.channels.close_if_empty(now, id);
        }
        Published { position, bytes, body: publication.body, wait }
    }

    fn log_append(
        &mut self,
        id: usize,
        position: Position,
        committed: bool,
        key: Option<&Arc<str>>,
        bytes: &PublicationBytes,
    ) {
        let (channel, key, bytes) = (self.channels.get(id).name.clone(), key.cloned(), bytes.clone());
        self.channels.log.stage(HistoryRecord::Append { channel, position, committed, key, bytes });
    }

    /// Logs a channel with its newest publication as one record, because the log may lack what is before it.
    fn log_whole(
        &mut self,
        now: Now,
        id: usize,
        position: Position,
        key: Option<&Arc<str>>,
        bytes: PublicationBytes,
        effect: HistoryEffect,
    ) {
        self.channels.stage(id);
        if let Some(key) = key.cloned() {
            let channel = self.channels.get(id).name.clone();
            let message = (effect == HistoryEffect::Message).then_some(bytes);
            let time_ms = now.unix_ms;
            self.channels.log.stage(HistoryRecord::Key { channel, key, time_ms, position, message });
        }
    }

    /// Makes a publication the newest of its channel: keeps it, and pushes it once to each core with subscribers.
    pub(in crate::broker) fn deliver(
        &mut self,
        now: Now,
        id: usize,
        bytes: &PublicationBytes,
        effect: HistoryEffect,
    ) {
        let after = self.channels.get(id).head;
        self.channels.advance(id);
        let touched = self.channels.keep(now, id, now.monotonic_ms(), bytes, effect);
        self.idempotency.touch(&self.channels.get(id).name, touched);
        let channel = self.channels.get(id);
        for share in channel.shares.iter() {
            if !self.congestion.hold_publication(share.core, id, after) {
                let push = HomePush::Publication(bytes.clone());
                self.outputs.push_back(HomeOutput::Push {
                    to: share.core,
                    channel: channel.name.clone(),
                    push,
                });
            }
        }
    }

    /// Publishes what a channel's thing did where somebody can ever hear of it: a channel is not opened only
    /// to say something that it will not keep. A channel that cannot be opened stays silent. Says the record that must be
    /// on disk before an answer tells of it.
    pub(in crate::broker) fn announce(
        &mut self,
        now: Now,
        channel: &ChannelName,
        publisher: &str,
        body: Body,
    ) -> Option<u64> {
        let id = self.find_to_announce(now, channel, publisher)?;
        self.publish_on(now, id, publisher, body).wait
    }

    /// The channel that [`Order::announce`] would say something on, opened if need be.
    pub(in crate::broker) fn find_to_announce(
        &mut self,
        now: Now,
        channel: &ChannelName,
        publisher: &str,
    ) -> Option<usize> {
        let keeps = self.definitions.of(channel).history.count_max > 0;
        match self.channels.find(channel) {
            None if keeps => self.channels.find_or_open(now, channel, &Payer::user(publisher)).ok(),
            found => found,
        }
    }
}

/// The first answer to a key, once more.
fn answer_again(channel: ChannelName, first: &FirstAnswer) -> Result<Reply, Fault> {
    match &first.answered {
        Answered::Data => Ok(Reply::Channel(ChannelReply::Published { channel, position: first.position })),
        Answered::Message(bytes) => written(channel, bytes)
            .map(|message| MessageReply::One(message).into())
            .ok_or_else(faults::no_message),
        Answered::Deleted => Err(faults::deleted_since()),
    }
}
