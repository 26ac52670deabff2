//! What people are told unasked. A surface spells each in its own words.

use super::UserId;
use super::call::CallKind;
use super::chat::ChatMessage;
use super::circle::Card;
use super::signal::{Medium, SignalKind};
use super::status::{Custom, Status};
use std::sync::Arc;

/// Where people talk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Talk {
    /// In a call of this id.
    Call(Arc<str>),
    /// In a huddle of this id.
    Huddle(Arc<str>),
}

/// Something that people are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// In a conversation.
    Chat(ChatEvent),
    /// Of who is there, and how.
    Presence(PresenceEvent),
    /// Of a call.
    Call {
        /// Its id.
        call: Arc<str>,
        /// What happened.
        event: CallEvent,
    },
    /// Of a huddle.
    Huddle {
        /// Its id.
        huddle: Arc<str>,
        /// What happened.
        event: HuddleEvent,
    },
    /// Somebody began or stopped to send sound or pictures.
    Toggled {
        /// Where.
        talk: Talk,
        /// Who.
        user: UserId,
        /// What.
        medium: Medium,
        /// Began.
        enabled: bool,
    },
    /// Another person's program says something.
    Signal {
        /// Where.
        talk: Talk,
        /// Whose.
        from: UserId,
        /// Of which kind.
        kind: SignalKind,
        /// One JSON value, kept to the byte.
        json: Box<str>,
    },
}

/// In a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChatEvent {
    /// Something was said.
    New(Arc<ChatMessage>),
    /// A message was changed.
    Edited {
        /// Which.
        message: Box<str>,
        /// The new text.
        content: Box<str>,
    },
    /// A message was taken back.
    Deleted {
        /// Where.
        conversation: Arc<str>,
        /// Which.
        message: Box<str>,
    },
    /// A picture was put to a message, or taken away.
    Reacted {
        /// Where.
        conversation: Arc<str>,
        /// Which message.
        message: Box<str>,
        /// By whom.
        user: UserId,
        /// The picture.
        emoji: Box<str>,
        /// Put, not taken away.
        added: bool,
    },
    /// Somebody has read a message.
    Read {
        /// Where.
        conversation: Arc<str>,
        /// Which message.
        message: Box<str>,
        /// Who.
        user: UserId,
    },
    /// Somebody began to write, or stopped.
    Typing {
        /// Where.
        conversation: Arc<str>,
        /// Who.
        user: UserId,
        /// Began.
        started: bool,
    },
    /// Somebody came to the lobby.
    Online {
        /// Who.
        user: UserId,
    },
}

/// Of who is there, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PresenceEvent {
    /// Who came and went. A card that replaces another one is in both.
    Diff {
        /// Who came.
        joins: Vec<Arc<Card>>,
        /// Who went.
        leaves: Vec<Arc<Card>>,
    },
    /// Somebody says something else of itself.
    Status {
        /// Who.
        user: UserId,
        /// What it says.
        status: Status,
    },
    /// Somebody has other words for what it does.
    Custom {
        /// Who.
        user: UserId,
        /// The words; `None` if it took them back.
        custom: Option<Custom>,
    },
    /// Somebody's last socket is gone.
    Offline {
        /// Who.
        user: UserId,
        /// When, seconds since 1970.
        seen_s: u64,
    },
}

/// Of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallEvent {
    /// It rings.
    Incoming {
        /// What it was begun with.
        kind: CallKind,
        /// The conversation that it belongs to.
        conversation: Option<Arc<str>>,
        /// Who rings.
        from: UserId,
    },
    /// Somebody answered.
    Answered(UserId),
    /// Somebody will not.
    Rejected(UserId),
    /// It is over; nobody ended it if its time was up.
    Ended(Option<UserId>),
    /// Nobody answered in time.
    Missed,
    /// Whoever began it is gone.
    Cancelled,
    /// A socket of somebody who talks has come.
    Joined(UserId),
    /// Somebody who talked has no socket there any more.
    Disconnected(UserId),
    /// It is recorded from now on.
    RecordingStarted {
        /// The recording, which is met like somebody who talks.
        recording: Arc<str>,
        /// Who wanted that.
        user: UserId,
    },
    /// It is recorded no longer.
    RecordingStopped {
        /// The recording.
        recording: Arc<str>,
    },
}

/// Of a huddle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HuddleEvent {
    /// One is invited.
    Invitation {
        /// What it is called.
        name: Arc<str>,
        /// The conversation that it belongs to.
        conversation: Option<Arc<str>>,
        /// Who invites.
        from: UserId,
    },
    /// Somebody joined.
    Joined {
        /// Who.
        user: UserId,
        /// Whether it sends sound.
        audio: bool,
        /// Whether it sends pictures.
        video: bool,
    },
    /// Somebody left.
    Left(UserId),
    /// Somebody began or stopped to show its screen.
    Screen {
        /// Who.
        user: UserId,
        /// Began.
        started: bool,
    },
    /// Somebody raised its hand or took it down.
    Hand {
        /// Who.
        user: UserId,
        /// Raised.
        raised: bool,
    },
    /// Somebody said something.
    Message {
        /// The message's id.
        id: Arc<str>,
        /// Who.
        sender: UserId,
        /// The text.
        content: Box<str>,
        /// When, milliseconds since 1970.
        created_ms: u64,
    },
    /// It is over.
    Ended,
}
