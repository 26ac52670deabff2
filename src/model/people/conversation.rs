//! Conversations: who may talk with whom.

use super::UserId;
use crate::model::fault::Fault;
use std::sync::Arc;

/// A conversation, and who belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversation {
    /// Its id.
    pub id: Arc<str>,
    /// Who belongs to it, sorted, each once.
    pub members: Arc<[UserId]>,
}

impl Conversation {
    /// A conversation of these people, in whatever order they are named.
    pub fn new(id: Arc<str>, mut members: Vec<UserId>) -> Self {
        members.sort();
        members.dedup();
        Self { id, members: members.into() }
    }

    /// Whether somebody belongs to it.
    pub fn has(&self, user: &str) -> bool {
        self.members.binary_search_by(|member| (**member).cmp(user)).is_ok()
    }
}

/// What is asked of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConversationAct {
    /// Make it, or say anew who belongs to it.
    Put {
        /// Who.
        members: Vec<UserId>,
    },
    /// Who belongs to it.
    Get,
    /// Forget who belongs to it.
    Delete,
    /// Who is writing.
    Typing,
    /// What was recorded of it.
    Recordings {
        /// What is wrong with how it is asked for, to be told to whoever may ask.
        wrong: Option<Box<Fault>>,
    },
}
