//! The payloads of the page, as events and REST answers carry them.

use super::message_id::MessageId;
use super::names::{Id, Kind};
use crate::base::time::rfc3339;
use crate::model::channel::{ChannelName, Position};
use crate::model::group::Group;
use crate::model::publication::{ArchivedBody, ArchivedPublication};
use crate::model::{publication, reply};
use serde::Serialize;

/// A message: with `room_id` in a room, with `conversation_id` in a conversation. Which other fields it has
/// depends on what happened to it.
#[derive(Serialize)]
pub struct Message<'a> {
    id: MessageId<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<Id<'a>>,
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    created_at: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
}

impl<'a> Message<'a> {
    /// A message as its deletion leaves it: who wrote it and when.
    pub fn bare(channel: &'a ChannelName, position: Position, author: &'a str, created_ms: u64) -> Self {
        let kind = Kind::of(channel.namespace());
        let id = |wanted| (kind == Some(wanted)).then(|| Id::new(wanted, channel.suffix()));
        Self {
            id: MessageId { channel, position },
            room_id: id(Kind::Room),
            conversation_id: id(Kind::Conversation),
            user_id: author,
            content: None,
            kind: None,
            created_at: rfc3339(created_ms),
            updated_at: None,
            deleted_at: None,
        }
    }

    /// A message as history keeps it; `None` if it is something else.
    pub fn kept(channel: &'a ChannelName, kept: &'a ArchivedPublication) -> Option<Self> {
        let (author, created_ms) = (kept.publisher.as_str(), kept.time_ms.to_native());
        let bare = || Self::bare(channel, kept.identity(), author, created_ms);
        match &kept.body {
            ArchivedBody::MessageCreated { content, kind } => Some(bare().content(content, kind)),
            ArchivedBody::MessageRewritten { content, kind, updated_ms } => {
                Some(bare().content(content, kind).updated(updated_ms.to_native()))
            }
            _ => None,
        }
    }

    /// With its text.
    pub fn content(self, content: &'a str, kind: &'a str) -> Self {
        Self { content: Some(content), kind: Some(kind), ..self }
    }

    /// Changed at this time.
    pub fn updated(self, updated_ms: u64) -> Self {
        Self { updated_at: Some(rfc3339(updated_ms)), ..self }
    }

    /// Deleted at this time.
    pub fn deleted(self, deleted_ms: u64) -> Self {
        Self { deleted_at: Some(rfc3339(deleted_ms)), ..self }
    }

    /// A message as it stands now.
    pub fn of(message: &'a reply::Message) -> Self {
        let bare = Self::bare(&message.channel, message.position, &message.author, message.created_ms);
        let whole = bare.content(&message.content, &message.kind);
        match message.updated_ms {
            Some(updated_ms) => whole.updated(updated_ms),
            None => whole,
        }
    }
}

/// A room.
#[derive(Serialize)]
pub struct Room<'a> {
    id: Id<'a>,
    name: &'a str,
    description: &'a str,
    owner_id: &'a str,
    created_at: String,
    updated_at: String,
}

impl<'a> Room<'a> {
    /// A room's record.
    pub fn of(room: &'a publication::Room) -> Self {
        Self {
            id: room_id(room),
            name: &room.name,
            description: &room.description,
            owner_id: &room.owner,
            created_at: rfc3339(room.created_ms),
            updated_at: rfc3339(room.updated_ms),
        }
    }

    /// The record in a publication.
    pub fn of_archived(room: &'a publication::ArchivedRoom) -> Self {
        Self {
            id: Id::new(Kind::Room, &room.id),
            name: &room.name,
            description: &room.description,
            owner_id: &room.owner,
            created_at: rfc3339(room.created_ms.to_native()),
            updated_at: rfc3339(room.updated_ms.to_native()),
        }
    }
}

/// A conversation that has a list of members.
#[derive(Serialize)]
pub struct Conversation<'a> {
    id: Id<'a>,
    creator_id: &'a str,
    members: Vec<&'a str>,
    created_at: String,
    updated_at: String,
}

impl<'a> Conversation<'a> {
    /// The group of a conversation's channel.
    pub fn of(group: &'a Group) -> Self {
        Self {
            id: Id::new(Kind::Conversation, group.channel.suffix()),
            creator_id: &group.creator,
            members: group.members.iter().map(|member| &**member).collect(),
            created_at: rfc3339(group.created_ms),
            updated_at: rfc3339(group.updated_ms),
        }
    }
}

/// The id of a conversation.
pub fn conversation_id(channel: &ChannelName) -> Id<'_> {
    Id::new(Kind::Conversation, channel.suffix())
}

/// The id of a room's record.
pub fn room_id(room: &publication::Room) -> Id<'_> {
    Id::new(Kind::Room, &room.id)
}

/// A user, as REST shows it.
#[derive(Serialize)]
pub struct User<'a> {
    id: &'a str,
    name: Option<&'a str>,
    status: &'a str,
    online: bool,
}

impl<'a> User<'a> {
    /// A user's profile.
    pub fn of(profile: &'a publication::Profile) -> Self {
        Self {
            id: &profile.user,
            name: profile.name.as_deref(),
            status: status(profile.status.as_deref(), profile.online),
            online: profile.online,
        }
    }
}

/// What happened to a user.
#[derive(Serialize)]
pub struct UserEvent<'a> {
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Option<&'a str>>,
    status: &'a str,
    timestamp: String,
}

impl<'a> UserEvent<'a> {
    /// `user:online` and `user:offline`.
    pub fn connection(user_id: &'a str, online: bool, time_ms: u64) -> Self {
        Self { user_id, name: None, status: status(None, online), timestamp: rfc3339(time_ms) }
    }

    /// `user:updated`.
    pub fn updated(profile: &'a publication::ArchivedProfile, time_ms: u64) -> Self {
        Self {
            user_id: &profile.user,
            name: Some(profile.name.as_ref().map(|name| name.as_str())),
            status: status(profile.status.as_ref().map(|status| status.as_str()), profile.online),
            timestamp: rfc3339(time_ms),
        }
    }
}

/// A message of a meeting, which only its readers can read.
#[derive(Serialize)]
pub struct MeetingMessage<'a> {
    id: &'a str,
    salt: &'a str,
    data: &'a str,
    user_id: &'a str,
    timestamp: String,
}

impl<'a> MeetingMessage<'a> {
    /// As it was added.
    pub fn new(id: &'a str, salt: &'a str, data: &'a str, user_id: &'a str, time_ms: u64) -> Self {
        Self { id, salt, data, user_id, timestamp: rfc3339(time_ms) }
    }
}

/// A meeting is over.
#[derive(Serialize)]
pub struct MeetingEnded<'a> {
    /// When, as it was written.
    pub ended: &'a str,
}

/// An event that says all with its name.
#[derive(Serialize)]
pub struct Nothing {}

/// The word the user chose; but nobody without a connection is `online`.
fn status(chosen: Option<&str>, online: bool) -> &str {
    match chosen {
        Some(word) if word != "online" => word,
        _ if online => "online",
        _ => "offline",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_never_a_false_online() {
        assert_eq!(status(None, true), "online");
        assert_eq!(status(None, false), "offline");
        assert_eq!(status(Some("online"), false), "offline");
        assert_eq!(status(Some("busy"), true), "busy");
        assert_eq!(status(Some("offline"), true), "offline");
    }
}
