//! `/recordings…`

use super::{endpoint, id, people};
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::people::command::PeopleCommand;
use crate::model::people::recording::{DOWNLOAD_TTL_S, RecordingAct};
use crate::model::people::reply::PeopleReply;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::{body, names, payload, query};
use crate::surface::{Endpoint, Request};

/// Recordings on a page where the request does not say.
const LIMIT: u32 = 20;
/// Recordings on a page at most.
const LIMIT_MAX: u32 = 100;

/// What was recorded of a conversation.
pub const LIST: Endpoint = endpoint(Method::Get, Scopes::READ, list, |reply| {
    answer::of(reply, |object, reply| match reply {
        PeopleReply::Recordings(list) => {
            let object = object.list("recordings", list, |out, one| payload::push_recording(out, one));
            Some(end(object.number("count", list.len() as u64)))
        }
        _ => None,
    })
});

fn list(request: &Request<'_>) -> Result<Command, Fault> {
    let Some(conversation) = request.head.query_value("conversation_id") else {
        return Err(body::wrong("conversation_id", "conversation_id must be given."));
    };
    let conversation = names::id(&conversation, "conversation_id")?;
    let limit = query::number(request.head, "limit", LIMIT, 1..=LIMIT_MAX);
    let offset = query::number(request.head, "offset", 0, 0..=u32::MAX);
    let page = limit.and_then(|limit| Ok((offset?, limit)));
    Ok(people(PeopleCommand::Recordings { conversation, page }))
}

fn act(request: &Request<'_>, act: RecordingAct) -> Result<Command, Fault> {
    Ok(people(PeopleCommand::Recording { id: id(request, "recording_id"), act }))
}

/// A recording.
pub const GET: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request| act(request, RecordingAct::Get),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Recording(one) => {
                Some(end(object.with("recording", |out| payload::push_recording(out, one))))
            }
            _ => None,
        })
    },
);

/// Deletes a recording.
pub const DELETE: Endpoint =
    endpoint(Method::Delete, Scopes::WRITE, |request| act(request, RecordingAct::Delete), answer::done);

/// Where a recording can be fetched.
pub const DOWNLOAD: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request| act(request, RecordingAct::Download),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Download(url) => {
                let object = object.text_or_null("url", url.as_deref());
                Some(end(object.number("expires_in", DOWNLOAD_TTL_S)))
            }
            _ => None,
        })
    },
);
