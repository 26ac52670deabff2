//! `/recordings…`

use super::{endpoint, id, people};
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::people::command::PeopleCommand;
use crate::model::people::conversation::ConversationAct;
use crate::model::people::reply::PeopleReply;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::{body, names, query};
use crate::surface::{Endpoint, Request};

/// Recordings on a page where the request does not say.
const LIMIT: u32 = 20;
/// Recordings on a page at most.
const LIMIT_MAX: u32 = 100;

/// What was recorded of a conversation.
pub const LIST: Endpoint = endpoint(Method::Get, Scopes::READ, list, |reply| {
    answer::of(reply, |object, reply| {
        let none: [&str; 0] = [];
        matches!(reply, PeopleReply::NoRecordings)
            .then(|| end(object.list("recordings", none, |_, _| {}).number("count", 0)))
    })
});

fn list(request: &Request<'_>) -> Result<Command, Fault> {
    let Some(conversation) = request.head.query_value("conversation_id") else {
        return Err(body::wrong("conversation_id", "conversation_id must be given."));
    };
    let id = names::id(&conversation, "conversation_id")?;
    let limit = query::number(request.head, "limit", LIMIT, 1..=LIMIT_MAX);
    let offset = query::number(request.head, "offset", 0, 0..=u32::MAX);
    let wrong = limit.and(offset).err().map(Box::new);
    Ok(people(PeopleCommand::Conversation { id, act: ConversationAct::Recordings { wrong } }))
}

fn recording(request: &Request<'_>) -> Result<Command, Fault> {
    Ok(people(PeopleCommand::Recording { id: id(request, "recording_id") }))
}

/// A recording.
pub const GET: Endpoint = endpoint(Method::Get, Scopes::READ, recording, answer::done);

/// Deletes a recording.
pub const DELETE: Endpoint = endpoint(Method::Delete, Scopes::WRITE, recording, answer::done);

/// Where a recording can be fetched.
pub const DOWNLOAD: Endpoint = endpoint(Method::Get, Scopes::READ, recording, answer::done);
