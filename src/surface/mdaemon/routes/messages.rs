//! `/WorldClientAPI/rtc/messages/{id}`.

use crate::model::command::{Command, MeetingCommand};
use crate::model::fault::Fault;
use crate::model::meeting::{MeetingDraft, MessagePage, channel_of};
use crate::model::reply::{MeetingReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::Endpoint;
use crate::surface::mdaemon::parameters::{Parameters, invalid, missing, with};
use crate::surface::mdaemon::{READ, WRITE, faults, payload};

/// Messages in one answer; their bytes are bounded too.
pub const PAGE_MESSAGES: u32 = 1_000;

/// The messages of a room.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/WorldClientAPI/rtc/messages/{id}",
    access: READ,
    decode: |request| with(request, get),
    encode,
};

/// Adds messages to a room.
pub const PUT: Endpoint = Endpoint {
    method: Method::Put,
    path: "/WorldClientAPI/rtc/messages/{id}",
    access: WRITE,
    decode: |request| with(request, put),
    encode,
};

/// Deletes the messages of a room.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/WorldClientAPI/rtc/messages/{id}",
    access: WRITE,
    decode: |request| with(request, delete),
    encode,
};

/// The room whose messages are wanted.
pub fn get(parameters: &Parameters<'_>) -> Result<Command, Fault> {
    let channel = channel_of(&parameters.room("room_id")?);
    let page = page_of(parameters, PAGE_MESSAGES)?;
    Ok(MeetingCommand::Get { channel, page, record: false }.into())
}

/// The messages that are added.
pub fn put(parameters: &Parameters<'_>) -> Result<Command, Fault> {
    let channel = channel_of(&parameters.room("room_id")?);
    let messages = parameters.messages("data")?.ok_or_else(|| missing("data"))?;
    let draft = MeetingDraft { messages, ..MeetingDraft::default() };
    Ok(MeetingCommand::Put { channel, draft: Box::new(draft) }.into())
}

/// The room whose messages go.
pub fn delete(parameters: &Parameters<'_>) -> Result<Command, Fault> {
    Ok(MeetingCommand::Clear { channel: channel_of(&parameters.room("room_id")?) }.into())
}

/// `after`, the `next` of the answer before, and `limit`.
pub fn page_of(parameters: &Parameters<'_>, count_max: u32) -> Result<MessagePage, Fault> {
    let after = parameters.number("after")?.unwrap_or(0);
    Ok(MessagePage { after, count_max: limit(parameters, count_max)? })
}

/// `limit`, at most 1,000.
pub fn limit(parameters: &Parameters<'_>, count_max: u32) -> Result<u32, Fault> {
    let limit = parameters.number("limit")?.unwrap_or(count_max);
    if !(1..=count_max).contains(&limit) {
        return Err(invalid("limit", "The limit is 1 to 1000."));
    }
    Ok(limit)
}

/// What any of these is answered with.
pub fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Meeting(MeetingReply::One { meeting, record: false, messages, next }) => {
            payload::messages(meeting, messages, *next)
        }
        Reply::Done => payload::success(),
        _ => faults::mismatch(),
    }
}
