//! `/presence…`

use super::{endpoint, people};
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::people::command::PeopleCommand;
use crate::model::people::conversation::ConversationAct;
use crate::model::people::reply::PeopleReply;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::json::push_text;
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::{names, payload, query};
use crate::surface::{Endpoint, Request};

/// Users that a list names where the request does not say.
const LIMIT: u32 = 50;
/// Users that a list names at most.
const LIMIT_MAX: u32 = 1_000;

/// What is known of somebody.
pub const USER: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request| match request.parameter("user_id") {
        // A path that lacks its last part, not somebody of this name.
        "typing" => Err(Fault::new(FaultCode::NotFound, "Name the conversation: /presence/typing/{id}.")),
        user => Ok(people(PeopleCommand::Person { user: names::id(user, "user_id")? })),
    },
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Person(person) => {
                Some(end(object.with("presence", |out| payload::push_person(out, person))))
            }
            _ => None,
        })
    },
);

/// Who is there.
pub const ONLINE: Endpoint = endpoint(Method::Get, Scopes::READ, online, |reply| {
    answer::of(reply, |object, reply| match reply {
        PeopleReply::Online { people, total } => {
            Some(end(object.list("users", people, payload::push_status).number("total", *total)))
        }
        _ => None,
    })
});

fn online(request: &Request<'_>) -> Result<Command, Fault> {
    let within = request.head.query_value("workspace_id");
    let within = within.map(|text| names::id(&text, "workspace_id")).transpose()?;
    let count_max = query::number(request.head, "limit", LIMIT, 1..=LIMIT_MAX);
    Ok(people(PeopleCommand::Online { within, count_max }))
}

/// Who is writing.
pub const TYPING: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request: &Request<'_>| {
        let id = names::id(request.parameter("conversation_id"), "conversation_id")?;
        Ok(people(PeopleCommand::Conversation { id, act: ConversationAct::Typing }))
    },
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Typing(users) => {
                Some(end(object.list("typing_users", users, |out, user| push_text(out, user))))
            }
            _ => None,
        })
    },
);
