//! The conversations that are at home on one core: who belongs to which. Stored: a change is decided, which claims the
//! conversation, then stored by whoever called, then applied, or given up.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::UserId;
use crate::model::people::conversation::Conversation;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What bounds conversations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationRules {
    /// Whether anybody may come to any conversation.
    pub open: bool,
    /// Conversations at home on one core.
    pub conversations_max: usize,
    /// People of one.
    pub members_max: usize,
}

/// A change that is decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationChange {
    /// Which conversation.
    pub id: Arc<str>,
    /// What it is from then on; `None` if it is forgotten.
    pub is: Option<Arc<Conversation>>,
}

/// The conversations that are at home on one core.
pub struct Conversations {
    by_id: KeyedMap<Arc<str>, Arc<Conversation>>,
    changing: BTreeSet<Arc<str>>,
    rules: ConversationRules,
}

impl Conversations {
    /// No conversations yet.
    pub fn new(hasher: KeyedState, rules: ConversationRules) -> Self {
        Self { by_id: KeyedMap::with_hasher(hasher), changing: BTreeSet::new(), rules }
    }

    /// One that was stored.
    pub fn restore(&mut self, conversation: Arc<Conversation>) {
        self.by_id.insert(conversation.id.clone(), conversation);
    }

    /// Decides who belongs to a conversation from then on, and claims it.
    ///
    /// # Errors
    /// It is being changed, there are too many, or too many people would belong to it.
    pub fn decide_put(&mut self, id: Arc<str>, members: Vec<UserId>) -> Result<ConversationChange, Fault> {
        if members.len() > self.rules.members_max {
            let message = format!("A conversation has {} people at most.", self.rules.members_max);
            return Err(Fault::new(FaultCode::LimitExceeded, message));
        }
        if !self.by_id.contains_key(&id)
            && self.by_id.len() + self.changing.len() >= self.rules.conversations_max
        {
            let message = "This node has as many conversations as it holds. Delete some.";
            return Err(Fault::new(FaultCode::LimitExceeded, message));
        }
        self.claim(&id)?;
        Ok(ConversationChange { id: id.clone(), is: Some(Arc::new(Conversation::new(id, members))) })
    }

    /// Decides that a conversation is forgotten, and claims it.
    ///
    /// # Errors
    /// There is none, or it is being changed.
    pub fn decide_delete(&mut self, id: &str) -> Result<ConversationChange, Fault> {
        let id = self.by_id.get(id).ok_or_else(not_found)?.id.clone();
        self.claim(&id)?;
        Ok(ConversationChange { id, is: None })
    }

    fn claim(&mut self, id: &Arc<str>) -> Result<(), Fault> {
        if self.changing.insert(id.clone()) {
            return Ok(());
        }
        let message = "Another change of this conversation is on its way to the disk. Try again.";
        Err(Fault::new(FaultCode::Conflict, message).about(Subject::Conversation))
    }

    /// A change is stored.
    pub fn apply(&mut self, change: &ConversationChange) {
        self.changing.remove(&change.id);
        match &change.is {
            Some(conversation) => self.by_id.insert(change.id.clone(), conversation.clone()),
            None => self.by_id.remove(&change.id),
        };
    }

    /// A change could not be stored.
    pub fn give_up(&mut self, change: &ConversationChange) {
        self.changing.remove(&change.id);
    }

    /// A conversation, for somebody who belongs to it or may see all.
    ///
    /// # Errors
    /// There is none, or it is of other people.
    pub fn get(&self, id: &str, user: &str, is_admin: bool) -> Result<Arc<Conversation>, Fault> {
        let conversation = self.by_id.get(id).ok_or_else(not_found)?;
        if is_admin || conversation.has(user) { Ok(conversation.clone()) } else { Err(not_of_it()) }
    }

    /// Whether somebody belongs to a conversation that is known.
    pub fn has(&self, id: &str, user: &str) -> bool {
        self.by_id.get(id).is_some_and(|conversation| conversation.has(user))
    }

    /// Whether somebody may do what needs the conversation to be known.
    ///
    /// # Errors
    /// There is none, or it is of other people.
    pub fn permit(&self, id: &str, user: &str) -> Result<(), Fault> {
        match self.by_id.get(id) {
            Some(conversation) if conversation.has(user) => Ok(()),
            Some(_) if !self.rules.open => Err(not_of_it()),
            None if !self.rules.open => Err(not_found()),
            _ => Ok(()),
        }
    }

    /// Whether somebody may do what an id guards only if it is one of a conversation.
    ///
    /// # Errors
    /// It is a conversation of other people.
    pub fn guard(&self, id: &str, user: &str) -> Result<(), Fault> {
        match self.by_id.get(id) {
            Some(conversation) if !conversation.has(user) => Err(not_of_it()),
            _ => Ok(()),
        }
    }

    /// Whether anybody may come to any conversation.
    pub fn are_open(&self) -> bool {
        self.rules.open
    }
}

fn not_found() -> Fault {
    Fault::new(FaultCode::NotFound, "There is no such conversation.").about(Subject::Conversation)
}

fn not_of_it() -> Fault {
    Fault::new(FaultCode::Forbidden, "This conversation is between other people.")
        .about(Subject::Conversation)
}
