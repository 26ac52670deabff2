//! `/conversations/{conversation_id}`: who may talk with whom. Not on the page, whose server reads it from elsewhere.

use super::{endpoint, people};
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::people::command::PeopleCommand;
use crate::model::people::conversation::ConversationAct;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::push_text;
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::body::Members;
use crate::surface::quikapp::names;
use crate::surface::quikapp::object::Object;
use crate::surface::{Endpoint, Request};

fn act(request: &Request<'_>, act: ConversationAct) -> Result<Command, Fault> {
    let id = names::id(request.parameter("conversation_id"), "conversation_id")?;
    Ok(people(PeopleCommand::Conversation { id, act }))
}

fn conversation(reply: &Reply) -> Response {
    answer::of(reply, |object, reply| match reply {
        PeopleReply::Conversation(conversation) => Some(end(object.with("conversation", |out| {
            let object = Object::new(out).text("id", &conversation.id);
            object.list("participants", &*conversation.members, |out, user| push_text(out, user)).end();
        }))),
        _ => None,
    })
}

/// Says who belongs to a conversation.
pub const PUT: Endpoint = endpoint(
    Method::Put,
    Scopes::ADMIN,
    |request| act(request, ConversationAct::Put { members: Members::read(request.body)? }),
    conversation,
);

/// Who belongs to it.
pub const GET: Endpoint =
    endpoint(Method::Get, Scopes::READ, |request| act(request, ConversationAct::Get), conversation);

/// Forgets who belongs to it.
pub const DELETE: Endpoint =
    endpoint(Method::Delete, Scopes::ADMIN, |request| act(request, ConversationAct::Delete), answer::done);
