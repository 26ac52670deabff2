//! What is said in a conversation.

use super::UserId;
use std::sync::Arc;

/// Something that was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChatMessage {
    /// Its id in the conversation.
    pub id: Arc<str>,
    /// The conversation.
    pub conversation: Arc<str>,
    /// Who said it.
    pub sender: UserId,
    /// What: members of a JSON object, as in [`ChatAct::Send`].
    pub said: Box<str>,
    /// When, as RFC 3339 writes it: once, for all who are told.
    pub created: Box<str>,
}

/// What is done to a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChatAct {
    /// Say something.
    Send {
        /// What: members of a JSON object, without its brackets. Nothing here looks into them, and each who is told gets them to
        /// the byte, so they are spelled once.
        said: Box<str>,
    },
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
