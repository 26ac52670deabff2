//! `/huddles…`

use super::{endpoint, id, people};
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::people::command::PeopleCommand;
use crate::model::people::huddle::HuddleAct;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::{self, push_text};
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::body::{Invitees, NewHuddle};
use crate::surface::quikapp::{names, payload};
use crate::surface::{Endpoint, Request};

fn act(request: &Request<'_>, act: HuddleAct) -> Result<Command, Fault> {
    Ok(people(PeopleCommand::Huddle { huddle: id(request, "huddle_id"), act }))
}

fn huddle(reply: &Reply) -> Response {
    answer::of(reply, |object, reply| match reply {
        PeopleReply::Huddle { huddle, created } => {
            object.with("huddle", |out| payload::push_huddle(out, huddle)).end();
            Some(if *created { 201 } else { 200 })
        }
        _ => None,
    })
}

/// Makes a huddle, or gives the one that its channel has.
pub const CREATE: Endpoint = endpoint(
    Method::Post,
    Scopes::WRITE,
    |request| {
        let NewHuddle { name, channel_id, .. } = json::object(request.body)?;
        let conversation = channel_id.map(|text| names::id(&text, "channel_id")).transpose()?;
        Ok(people(PeopleCommand::CreateHuddle { conversation, name: name.map(Box::from) }))
    },
    huddle,
);

/// A huddle.
pub const GET: Endpoint = endpoint(Method::Get, Scopes::READ, |request| act(request, HuddleAct::Get), huddle);

/// Lets others know of it, and in.
pub const INVITE: Endpoint = endpoint(
    Method::Post,
    Scopes::WRITE,
    |request| match Invitees::read(request.body) {
        Ok(users) => act(request, HuddleAct::Invite { users }),
        Err(fault) => act(request, HuddleAct::Wrong(Box::new(fault))),
    },
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::HuddleInvited(users) => {
                Some(end(object.list("invited", users, |out, user| push_text(out, user))))
            }
            _ => None,
        })
    },
);

/// Joins a huddle.
pub const JOIN: Endpoint =
    endpoint(Method::Post, Scopes::WRITE, |request| act(request, HuddleAct::Join), huddle);

/// Leaves it.
pub const LEAVE: Endpoint =
    endpoint(Method::Post, Scopes::WRITE, |request| act(request, HuddleAct::Leave), answer::done);
