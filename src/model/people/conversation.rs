//! Conversations, which people know by their ids. Who belongs to one is the group of its channel.

use crate::model::access::Use;

/// What is asked of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConversationAct {
    /// Who belongs to it.
    Get,
    /// Who is writing.
    Typing,
}

/// What a request has to do with a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Concern<'a> {
    /// The conversation's id, or a mere label.
    pub id: &'a str,
    /// What is wanted with it.
    pub wanted: Use,
    /// Whether that is to hear or say something in it, which no label is enough for.
    pub talks: bool,
}
