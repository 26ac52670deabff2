//! `/WorldClientAPI` itself: the query says which call it is.

use super::{authenticate, messages, ping, rooms};
use crate::model::command::{Command, ConnectionCommand};
use crate::model::fault::Fault;
use crate::model::reply::{ConnectionReply, LoginReply, MeetingReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::mdaemon::parameters::{Parameters, invalid, missing, with};
use crate::surface::mdaemon::{READ, WRITE};
use crate::surface::{Endpoint, EndpointAccess, Request};

const PATH: &str = "/WorldClientAPI";

/// `route=rtc` with `rooms=1` or `messages=1`, or `route=ping`.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: PATH,
    access: READ,
    decode: |request| {
        with(request, |parameters| match parameters.query("route").as_deref() {
            Some("ping") => Ok(ConnectionCommand::Ping.into()),
            _ => rtc(parameters, rooms::get, messages::get),
        })
    },
    encode,
};

/// `route=rtc` with `rooms=1` or `messages=1`.
pub const PUT: Endpoint = Endpoint {
    method: Method::Put,
    path: PATH,
    access: WRITE,
    decode: |request| with(request, |parameters| rtc(parameters, rooms::put, messages::put)),
    encode,
};

/// `route=rtc` with `rooms=1` or `messages=1`.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: PATH,
    access: WRITE,
    decode: |request| with(request, |parameters| rtc(parameters, rooms::delete, messages::delete)),
    encode,
};

/// `authenticate=Basic` or `authenticate=Logout`.
pub const POST: Endpoint = Endpoint {
    method: Method::Post,
    path: PATH,
    access: EndpointAccess::Proof,
    decode: authenticate,
    encode,
};

type Decode = fn(&Parameters<'_>) -> Result<Command, Fault>;

fn rtc(parameters: &Parameters<'_>, rooms: Decode, messages: Decode) -> Result<Command, Fault> {
    match parameters.query("route").as_deref() {
        None => return Err(missing("route")),
        Some("rtc") => {}
        Some(_) => return Err(invalid("route", "The route must be rtc.")),
    }
    let wanted = |name: &'static str| match parameters.query(name).as_deref() {
        None => Ok(false),
        Some("1") => Ok(true),
        Some(_) => Err(invalid(name, "This parameter must be 1.")),
    };
    match (wanted("rooms")?, wanted("messages")?) {
        (true, false) => rooms(parameters),
        (false, true) => messages(parameters),
        (true, true) => Err(invalid("messages", "Only one of rooms and messages can be asked for.")),
        (false, false) => Err(missing("rooms")),
    }
}

fn authenticate(request: &Request<'_>) -> Result<Command, Fault> {
    authenticate::check_size(request)?;
    let kind = with(request, |parameters| Ok(parameters.needed("authenticate")?.to_ascii_lowercase()))?;
    match kind.as_str() {
        "basic" => with(request, authenticate::log_in),
        "logout" => authenticate::log_out(request),
        _ => Err(invalid("authenticate", "This parameter must be Basic or Logout.")),
    }
}

/// Each reply is encoded by the call that it answers.
fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Connection(ConnectionReply::Pong) => ping::encode(reply),
        Reply::Login(LoginReply::LoggedIn { .. }) => authenticate::encode(reply),
        Reply::Meeting(MeetingReply::One { record: false, .. }) => messages::encode(reply),
        _ => rooms::encode(reply),
    }
}
