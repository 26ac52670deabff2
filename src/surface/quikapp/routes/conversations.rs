//! `/conversations/{conversation_id}`: who may talk with whom. Not on the page, whose server reads it from elsewhere.

use super::{endpoint, people};
use crate::model::channel::ChannelName;
use crate::model::command::{Command, GroupCommand};
use crate::model::fault::Fault;
use crate::model::group::{Group, GroupDraft};
use crate::model::people::command::PeopleCommand;
use crate::model::people::conversation::ConversationAct;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::{GroupReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::push_text;
use crate::surface::quikapp::answer;
use crate::surface::quikapp::body::Members;
use crate::surface::quikapp::object::Object;
use crate::surface::quikapp::{faults, names};
use crate::surface::{Endpoint, Request};
use std::sync::Arc;

fn id(request: &Request<'_>) -> Result<Arc<str>, Fault> {
    names::id(request.parameter("conversation_id"), "conversation_id")
}

fn change(request: &Request<'_>, draft: GroupDraft) -> Result<Command, Fault> {
    let channel = ChannelName::of_conversation(&id(request)?);
    Ok(GroupCommand::Change { channel, draft: Box::new(draft) }.into())
}

fn conversation(group: &Group) -> Response {
    let mut out = Vec::with_capacity(192);
    let whole = Object::new(&mut out).flag("success", true).with("conversation", |out| {
        let object = Object::new(out).text("id", group.channel.suffix());
        object.list("participants", &group.members, |out, user| push_text(out, user)).end();
    });
    whole.end();
    Response::json(200, out)
}

/// Says who belongs to a conversation.
pub const PUT: Endpoint = endpoint(
    Method::Put,
    Scopes::ADMIN,
    |request| change(request, GroupDraft::Put(Members::read(request.body)?)),
    |reply| match reply {
        Reply::Group(GroupReply::One(group)) => conversation(group),
        _ => faults::mismatch(),
    },
);

/// Who belongs to it.
pub const GET: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request| Ok(people(PeopleCommand::Conversation { id: id(request)?, act: ConversationAct::Get })),
    |reply| match reply {
        Reply::People(reply) => match &**reply {
            PeopleReply::Group(group) => conversation(group),
            _ => faults::mismatch(),
        },
        _ => faults::mismatch(),
    },
);

/// Forgets who belongs to it, and what was said in its channel.
pub const DELETE: Endpoint = endpoint(
    Method::Delete,
    Scopes::ADMIN,
    |request| change(request, GroupDraft::Delete),
    |reply| match reply {
        Reply::Group(GroupReply::Deleted(_)) => answer::success(),
        _ => faults::mismatch(),
    },
);
