//! Publishing: the one way into a channel's order.

use super::idempotency::{FirstAnswer, KEY_BYTES_MAX, scoped};
use super::meeting::is_meeting;
use super::messages::written;
use super::{Home, HomeOutput, HomePush, Origin, faults};
use crate::base::time::Now;
use crate::model::channel::{ChannelName, Position};
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{Body, Publication, PublicationBytes};
use crate::model::reply::{Message, Reply};

/// What was published, with its body given back.
pub struct Published {
    /// Its place.
    pub position: Position,
    /// The archived publication.
    pub bytes: PublicationBytes,
    /// The body that was archived, to move its strings on.
    pub body: Body,
}

impl Home {
    /// A client publishes data or writes a message.
    pub(super) fn publish(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        body: Body,
        key: Option<&str>,
    ) -> Result<Reply, Fault> {
        if matches!(body, Body::Said { .. } | Body::Event { .. }) {
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
            self.duplicates += 1;
            return answer_again(channel, first);
        }
        let id = self.channels.find_or_open(now, &channel)?;
        let Published { position, bytes, body } = self.publish_on(now, id, user, body);
        if let Some(key) = key {
            let message = is_message.then_some(bytes);
            self.idempotency.remember(now, key, FirstAnswer { position, message });
        }
        Ok(match body {
            Body::MessageCreated { content, kind } => Reply::Message(Message {
                channel,
                position,
                author: user.as_ref().into(),
                content,
                kind,
                created_ms: now.unix_ms,
                updated_ms: None,
            }),
            _ => Reply::Published { channel, position },
        })
    }

    /// Gives a body the next place of a channel, keeps it and pushes it once to each core with subscribers.
    pub(super) fn publish_on(&mut self, now: Now, id: usize, publisher: &str, body: Body) -> Published {
        let message = matches!(body, Body::MessageCreated { .. });
        self.published += 1;
        let position = self.channels.advance(now, id);
        let mut named = std::mem::take(&mut self.publisher);
        named.push_str(publisher);
        let Position { epoch, offset } = position;
        let publication = Publication { epoch, offset, time_ms: now.unix_ms, publisher: named, body };
        let bytes = publication.archive(&mut self.scratch);
        self.publisher = publication.publisher;
        self.publisher.clear();
        self.channels.append(now, id, &bytes, message);
        let channel = self.channels.get(id);
        for share in channel.shares.iter() {
            if !self.congestion.hold_publication(share.core, id, offset - 1) {
                let push = HomePush::Publication(bytes.clone());
                self.outputs.push_back(HomeOutput::Push {
                    to: share.core,
                    channel: channel.name.clone(),
                    push,
                });
            }
        }
        Published { position, bytes, body: publication.body }
    }

    /// Publishes what a channel's thing did where somebody can ever hear of it: a channel is not opened only
    /// to say something that it will not keep. A channel that cannot be opened stays silent.
    pub(super) fn announce(&mut self, now: Now, channel: &ChannelName, publisher: &str, body: Body) {
        let keeps = self.definitions.of(channel).history.count_max > 0;
        let id = match self.channels.find(channel) {
            None if keeps => self.channels.find_or_open(now, channel).ok(),
            found => found,
        };
        if let Some(id) = id {
            self.publish_on(now, id, publisher, body);
        }
    }
}

/// The first answer to a key, once more.
fn answer_again(channel: ChannelName, first: &FirstAnswer) -> Result<Reply, Fault> {
    match &first.message {
        None => Ok(Reply::Published { channel, position: first.position }),
        Some(bytes) => written(channel, bytes).map(Reply::Message).ok_or_else(faults::no_message),
    }
}
