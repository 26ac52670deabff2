//! Conversations as they are stored: by their id.

use super::format::{Format, archive};
use super::write::{Table, Write};
use crate::model::people::conversation::Conversation;
use rkyv::rancor::Error;
use std::sync::Arc;

/// Every version of conversations. The id is the key.
pub const CONVERSATIONS: Format<Vec<String>> = Format(&[read_v1]);

/// A conversation was made or changed.
pub fn put(conversation: &Conversation) -> Write {
    let members = conversation.members.iter().map(|member| (**member).to_owned()).collect();
    let value = Some(CONVERSATIONS.write(&archive(&ConversationV1 { members })));
    Write { table: Table::Conversations, key: conversation.id.as_bytes().to_vec(), value }
}

/// A conversation was forgotten.
pub fn deleted(id: &str) -> Write {
    Write { table: Table::Conversations, key: id.as_bytes().to_vec(), value: None }
}

/// The conversation of a key and what was read for it. `None` if the key is none.
pub(super) fn of(key: &[u8], members: Vec<String>) -> Option<Conversation> {
    let id = std::str::from_utf8(key).ok()?;
    Some(Conversation::new(Arc::from(id), members.into_iter().map(Arc::from).collect()))
}

/// Version 1.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct ConversationV1 {
    members: Vec<String>,
}

fn read_v1(bytes: &[u8]) -> Option<Vec<String>> {
    Some(rkyv::from_bytes::<ConversationV1, Error>(bytes).ok()?.members)
}
