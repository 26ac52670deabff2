//! What is said in a conversation.

use super::UserId;
use std::borrow::Cow;
use std::sync::Arc;

/// Something to be said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChatDraft {
    /// The kind of content.
    pub kind: Cow<'static, str>,
    /// The text.
    pub content: Box<str>,
    /// A JSON array, kept to the byte.
    pub attachments: Cow<'static, str>,
    /// The message that it answers: one JSON value, kept to the byte.
    pub reply_to: Cow<'static, str>,
}

/// Something that was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChatMessage {
    /// Its id in the conversation.
    pub id: Arc<str>,
    /// The conversation.
    pub conversation: Arc<str>,
    /// Who said it.
    pub sender: UserId,
    /// What.
    pub draft: ChatDraft,
    /// When, as RFC 3339 writes it: once, for all who are told.
    pub created: Box<str>,
}

/// What is done to a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChatAct {
    /// Say something.
    Send(Box<ChatDraft>),
    /// Change what one said.
    Edit {
        /// Which message.
        message: Box<str>,
        /// The new text.
        content: Box<str>,
    },
    /// Take back what one said.
    Delete {
        /// Which message.
        message: Box<str>,
    },
    /// Put a picture to a message, or take it away.
    React {
        /// Which message.
        message: Box<str>,
        /// The picture.
        emoji: Box<str>,
        /// Put, not taken away.
        added: bool,
    },
    /// Say that one has read a message.
    Read {
        /// Which message.
        message: Box<str>,
    },
    /// Say that one is writing, or has stopped. Nobody answers this.
    Typing {
        /// Writing, not stopped.
        started: bool,
    },
}
