//! Chat messages: views of the messages that are still in history.

use crate::base::time::Now;
use crate::broker::home::{Origin, Outcome, faults};
use crate::broker::order::Order;
use crate::broker::order::publish::Published;
use crate::model::channel::{ChannelName, Position};
use crate::model::command::Page;
use crate::model::fault::Fault;
use crate::model::publication::{ArchivedBody, Body, PublicationBytes};
use crate::model::reply::{Message, MessageReply, Reply};

/// Messages on one page, whatever was asked for: keeps the answer's time and size bounded.
const PAGE_MESSAGES_MAX: u32 = 1_000;

impl Order {
    /// Changes a message's text.
    pub(in crate::broker) fn update_message(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        at: Position,
        content: String,
    ) -> Result<Outcome, Fault> {
        let (id, mut message) = self.find_message(now, channel, at)?;
        if let Some(gone) = self.is_being_deleted(id, at) {
            return Ok(gone);
        }
        if !origin.may_change(&message.author) {
            return Err(faults::not_yours("only the author of a message or an admin can change it"));
        }
        self.channels.admit(id)?;
        self.check_room(id, at.offset, message.content.len(), content.len())?;
        let (of, created_ms) = (at, message.created_ms);
        let (author, kind) = (message.author, message.kind);
        let body = Body::MessageUpdated { of, author, created_ms, content, kind };
        let Published { body, wait, .. } = self.publish_on(now, id, &origin.session.user, body);
        let Body::MessageUpdated { author, content, kind, .. } = body else {
            unreachable!("publish_on gives back the body it was given")
        };
        message.author = author;
        message.content = content;
        message.kind = kind;
        message.updated_ms = Some(now.unix_ms);
        Ok(Outcome { reply: Reply::Message(MessageReply::One(message)), wait })
    }

    /// Deletes a message; answers it as it was.
    pub(in crate::broker) fn delete_message(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        at: Position,
    ) -> Result<Outcome, Fault> {
        let (id, message) = self.find_message(now, channel, at)?;
        if let Some(gone) = self.is_being_deleted(id, at) {
            return Ok(gone);
        }
        if !origin.may_change(&message.author) {
            return Err(faults::not_yours("only the author of a message or an admin can delete it"));
        }
        self.channels.admit(id)?;
        let author = message.author.clone();
        let body = Body::MessageDeleted { of: at, author, created_ms: message.created_ms };
        let wait = self.publish_on(now, id, &origin.session.user, body).wait;
        Ok(Outcome { reply: Reply::Message(MessageReply::One(message)), wait })
    }

    /// A message as it stands now.
    pub(in crate::broker) fn get_message(
        &mut self,
        now: Now,
        channel: ChannelName,
        at: Position,
    ) -> Result<Reply, Fault> {
        self.find_message(now, channel, at).map(|(_, message)| Reply::Message(MessageReply::One(message)))
    }

    /// A page of the messages in a channel's history.
    pub(in crate::broker) fn list_messages(&mut self, now: Now, channel: ChannelName, page: Page) -> Reply {
        let found = self.channels.find(&channel);
        let Some(history) = found.and_then(|id| self.channels.history(now, id)) else {
            return Reply::Message(MessageReply::Page { channel, items: Vec::new(), page, total: 0 });
        };
        let page = Page { size: page.size.min(PAGE_MESSAGES_MAX), ..page };
        let total = history.message_count();
        let left = total.saturating_sub(page.skip());
        let mut items = Vec::with_capacity(left.min(page.size as usize));
        let slice = history.messages().skip(page.skip()).take(page.size as usize);
        items.extend(slice.map(|entry| entry.bytes.clone()));
        Reply::Message(MessageReply::Page { channel, items, page, total: total as u64 })
    }

    /// The answer about a message whose deletion is on its way to the disk: it cannot be changed. That there is no such
    /// message is told when the deletion is.
    fn is_being_deleted(&self, id: usize, at: Position) -> Option<Outcome> {
        let log = &self.channels.log;
        let answer = || Outcome { reply: Reply::Fault(faults::no_message()), wait: log.last_withheld() };
        log.holds_delete((id, self.channels.get(id).epoch), at.offset).then(answer)
    }

    /// Whether a message stays in history with a text of another length.
    fn check_room(&mut self, id: usize, offset: u64, before: usize, after: usize) -> Result<(), Fault> {
        let bounds = self.channels.definition(id).history;
        let history = self.channels.get(id).history.as_ref();
        let fits = history.is_some_and(|history| {
            let bytes = history.message(offset).map_or(0, |entry| entry.bytes.len());
            history.has_room_for(offset, (bytes + after).saturating_sub(before), &bounds)
        });
        if after <= before || fits { Ok(()) } else { Err(faults::no_room_for_text()) }
    }

    fn find_message(
        &mut self,
        now: Now,
        channel: ChannelName,
        at: Position,
    ) -> Result<(usize, Message), Fault> {
        let found = self.channels.find(&channel).and_then(|id| {
            let history = self.channels.history(now, id)?;
            let message = written(channel, &history.message(at.offset)?.bytes)?;
            (message.position == at).then_some((id, message))
        });
        found.ok_or_else(faults::no_message)
    }
}

/// A message as it stands, from how it is kept or was published.
pub fn written(channel: ChannelName, bytes: &PublicationBytes) -> Option<Message> {
    let publication = bytes.view();
    let (content, kind, updated_ms) = match &publication.body {
        ArchivedBody::MessageCreated { content, kind } => (content, kind, None),
        ArchivedBody::MessageRewritten { content, kind, updated_ms } => {
            (content, kind, Some(updated_ms.to_native()))
        }
        _ => return None,
    };
    Some(Message {
        channel,
        position: publication.identity(),
        author: publication.publisher.as_str().to_owned(),
        content: content.as_str().to_owned(),
        kind: kind.as_str().to_owned(),
        created_ms: publication.time_ms.to_native(),
        updated_ms,
    })
}
