//! `/recordings…`

use super::{endpoint, id, people};
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::fault::{FaultCode, Subject};
use crate::model::people::command::PeopleCommand;
use crate::model::people::file::{Fetch, FileAnswer, Link};
use crate::model::people::recording::{DOWNLOAD_TTL_S, RecordingAct};
use crate::model::people::reply::PeopleReply;
use crate::model::session::Scopes;
use crate::protocol::http::{Method, range};
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::{body, faults, names, payload, query};
use crate::surface::{Endpoint, EndpointAccess, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

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
    |request| {
        let base = request.public_url.into();
        Ok(people(PeopleCommand::Link { id: id(request, "recording_id"), base }))
    },
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Link(link) => {
                let object = object.text_or_null("url", link.as_ref().map(url).as_deref());
                Some(end(object.number("expires_in", DOWNLOAD_TTL_S)))
            }
            _ => None,
        })
    },
);

/// A recording itself, by a link; the file follows the head that the shard writes.
pub const FETCH: Endpoint = Endpoint {
    method: Method::Get,
    path: "",
    access: EndpointAccess::Proof,
    decode: fetch,
    encode: |_| faults::mismatch(),
};

/// What has to be encoded in a segment of a path (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An address of the node, or a path on it where the node does not know its own.
fn url(link: &Link) -> String {
    let Link { base, call, recording, token } = link;
    let (call, recording) = (utf8_percent_encode(call, RESERVED), utf8_percent_encode(recording, RESERVED));
    format!("{base}/recordings/{call}/{recording}{FILE}?token={token}")
}

/// How the name of a file ends.
const FILE: &str = ".webm";

fn fetch(request: &Request<'_>) -> Result<Command, Fault> {
    let recording = request.parameter("file").strip_suffix(FILE).filter(|id| names::is_id(id));
    let recording = recording.ok_or_else(|| {
        Fault::new(FaultCode::NotFound, "Files of recordings are named {id}.webm.").about(Subject::Recording)
    })?;
    let range = range(request.head, &FileAnswer::tag(recording));
    let token = request.head.query_value("token").unwrap_or_default().into();
    let (call, recording) = (id(request, "call_id"), Arc::from(recording));
    Ok(people(PeopleCommand::Fetch(Fetch { call, recording, token, range })))
}
