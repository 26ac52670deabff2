//! Whether a publication is kept as itself, or changes what is kept already.

use crate::model::publication::{ArchivedBody, Body};

/// What a publication does to the history it is appended to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HistoryEffect {
    /// It says something.
    Append,
    /// It is a chat message.
    Message,
    /// It tells of something, and changes nothing that is kept.
    Told,
    /// It tells that a message was changed. It is kept without the new text, which stands at the message.
    Touch,
    /// It changes the message of this offset.
    Revise(u64),
    /// It deletes the message of this offset.
    Delete(u64),
    /// It says something in the place of what was said before.
    Replace,
    /// What was said before it goes.
    Unsay,
    /// All that came before it goes.
    Clear,
}

impl HistoryEffect {
    /// What a publication with this body does.
    pub fn of(body: &Body) -> Self {
        match body {
            Body::MessageCreated { .. } | Body::MessageRewritten { .. } => Self::Message,
            Body::MessageUpdated { of, .. } => Self::Revise(of.offset),
            Body::MessageDeleted { of, .. } => Self::Delete(of.offset),
            Body::MessageTouched { .. } => Self::Touch,
            Body::MeetingMessage { replaces: true, .. } => Self::Replace,
            Body::Data { .. }
            | Body::ClientMessage { .. }
            | Body::Event { .. }
            | Body::MeetingMessage { .. } => Self::Append,
            Body::RoomDeleted { .. } => Self::Clear,
            Body::MeetingCleared => Self::Unsay,
            Body::RoomCreated { .. }
            | Body::RoomUpdated { .. }
            | Body::MeetingEnded { .. }
            | Body::UserOnline
            | Body::UserOffline
            | Body::UserUpdated { .. } => Self::Told,
        }
    }

    /// What an archived publication with this body does.
    pub fn of_archived(body: &ArchivedBody) -> Self {
        match body {
            ArchivedBody::MessageCreated { .. } | ArchivedBody::MessageRewritten { .. } => Self::Message,
            ArchivedBody::MessageUpdated { of, .. } => Self::Revise(of.offset.to_native()),
            ArchivedBody::MessageDeleted { of, .. } => Self::Delete(of.offset.to_native()),
            ArchivedBody::MessageTouched { .. } => Self::Touch,
            ArchivedBody::MeetingMessage { replaces: true, .. } => Self::Replace,
            ArchivedBody::Data { .. }
            | ArchivedBody::ClientMessage { .. }
            | ArchivedBody::Event { .. }
            | ArchivedBody::MeetingMessage { .. } => Self::Append,
            ArchivedBody::RoomDeleted { .. } => Self::Clear,
            ArchivedBody::MeetingCleared => Self::Unsay,
            ArchivedBody::RoomCreated { .. }
            | ArchivedBody::RoomUpdated { .. }
            | ArchivedBody::MeetingEnded { .. }
            | ArchivedBody::UserOnline
            | ArchivedBody::UserOffline
            | ArchivedBody::UserUpdated { .. } => Self::Told,
        }
    }
}
