//! `/WorldClientAPI/rtc/rooms`.

use super::messages::{PAGE_MESSAGES, limit, page_of};
use crate::model::command::{Command, MeetingCommand, NodeCommand};
use crate::model::fault::Fault;
use crate::model::meeting::{MeetingDraft, MeetingPage, channel_of, each_once};
use crate::model::reply::{MeetingReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::Endpoint;
use crate::surface::mdaemon::parameters::{Parameters, with};
use crate::surface::mdaemon::{READ, WRITE, faults, payload};

/// Rooms in one answer; their bytes are bounded too.
const PAGE_ROOMS: u32 = 1_000;

/// The rooms of the session's user.
pub const LIST: Endpoint = Endpoint {
    method: Method::Get,
    path: "/WorldClientAPI/rtc/rooms",
    access: READ,
    decode: |request| with(request, get),
    encode,
};

/// Makes or changes a room.
pub const PUT: Endpoint = Endpoint {
    method: Method::Put,
    path: "/WorldClientAPI/rtc/rooms",
    access: WRITE,
    decode: |request| with(request, put),
    encode,
};

/// A room with its messages.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/WorldClientAPI/rtc/rooms/{id}",
    access: READ,
    decode: |request| with(request, get),
    encode,
};

/// Deletes a room.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/WorldClientAPI/rtc/rooms/{id}",
    access: WRITE,
    decode: |request| with(request, delete),
    encode,
};

/// One room if the request names it, or else all.
pub fn get(parameters: &Parameters<'_>) -> Result<Command, Fault> {
    if let Some(id) = parameters.optional_room()? {
        let page = page_of(parameters, PAGE_MESSAGES)?;
        return Ok(MeetingCommand::Get { channel: channel_of(&id), page, record: true }.into());
    }
    let after = parameters.number("after")?.unwrap_or(0);
    let count_max = limit(parameters, PAGE_ROOMS)?;
    Ok(NodeCommand::ListMeetings { page: MeetingPage { after, count_max } }.into())
}

/// What a room is to be.
pub fn put(parameters: &Parameters<'_>) -> Result<Command, Fault> {
    let id = parameters.room("id")?;
    let text = |name| parameters.text(name).map(|text| text.map(|text| Box::from(&*text)));
    let draft = MeetingDraft {
        creates: true,
        started: text("started")?,
        ended: text("ended")?,
        members: parameters.text("members")?.map(|members| addresses(&members)),
        messages: parameters.messages("messages")?.unwrap_or_default(),
    };
    Ok(MeetingCommand::Put { channel: channel_of(&id), draft: Box::new(draft) }.into())
}

/// The room that goes.
pub fn delete(parameters: &Parameters<'_>) -> Result<Command, Fault> {
    Ok(MeetingCommand::Delete { channel: channel_of(&parameters.room("id")?) }.into())
}

/// Addresses of a list with commas, as they are written; each once, whatever the case.
fn addresses(members: &str) -> Vec<Box<str>> {
    each_once(members.split(',').map(str::trim).filter(|member| !member.is_empty()).map(Box::from))
}

/// What any of these is answered with.
pub fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Meeting(MeetingReply::One { meeting, record: true, messages, next }) => {
            payload::room(meeting, messages, *next)
        }
        Reply::Meeting(MeetingReply::Page { items, next }) => payload::rooms(items, *next),
        Reply::Done => payload::success(),
        _ => faults::mismatch(),
    }
}
