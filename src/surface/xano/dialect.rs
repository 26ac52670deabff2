//! From a frame on the socket to a command: `{"action":…,"options":{"channel":…},"payload":…}`. A message is the hot
//! one: its fields are borrowed from the bytes received, and what is copied is what the command keeps.

use super::names;
use crate::model::channel::ChannelName;
use crate::model::command::{Attachments, ChannelCommand, Command, ConnectionCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::Body;
use crate::model::session::{ClientInfo, Session};
use crate::surface::Incoming;
use crate::surface::json::{self, Text};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Bytes of a channel's name as raw JSON. It is kept until the frame is answered; the longest name that a node can be
/// configured to have fits, if it is not written in escapes.
const CORRELATION_BYTES_MAX: usize = 4 << 10;

/// Any frame of a client.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    action: Option<Text<'a>>,
    #[serde(borrow)]
    options: Option<Options<'a>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Options<'a> {
    #[serde(borrow)]
    channel: Option<&'a RawValue>,
    /// `null` counts: a message for one client must not go to all because its name is missing.
    #[serde(rename = "socketId", borrow, default, deserialize_with = "json::present")]
    socket: Option<&'a RawValue>,
    authenticated: Option<bool>,
}

/// What is read of a frame that does not fit, so that the client knows which channel it was for.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    options: Option<NamedOptions<'a>>,
}

#[derive(Deserialize)]
struct NamedOptions<'a> {
    #[serde(borrow)]
    channel: Option<&'a RawValue>,
}

/// The payload of a join.
#[derive(Deserialize)]
struct Wishes {
    history: Option<bool>,
    presence: Option<bool>,
}

/// Decodes one frame. The name of its channel is its correlation, so that an error says which channel it is of.
pub fn decode(message: &[u8], binary: bool, session: &Session) -> Incoming {
    if binary {
        let sentence = "This is a binary frame; actions are JSON in text frames.";
        return Incoming {
            command: Err(Fault::new(FaultCode::InvalidSyntax, sentence)),
            correlation: None,
            unreadable: None,
        };
    }
    match json::object::<Frame<'_>>(message) {
        Ok(frame) => {
            let raw = frame.options.as_ref().and_then(|options| options.channel);
            Incoming { command: command(&frame, session), correlation: correlation(raw), unreadable: None }
        }
        Err(fault) => {
            let named = json::object::<Named<'_>>(message).ok();
            let raw = named.and_then(|named| named.options).and_then(|options| options.channel);
            Incoming { command: Err(fault), correlation: correlation(raw), unreadable: None }
        }
    }
}

/// The channel's name, kept to the byte.
fn correlation(raw: Option<&RawValue>) -> Option<Box<str>> {
    let name = raw?.get();
    (name.starts_with('"') && name.len() <= CORRELATION_BYTES_MAX).then(|| Box::from(name))
}

fn invalid<T>(sentence: &'static str) -> Result<T, Fault> {
    Err(Fault::new(FaultCode::InvalidRequest, sentence))
}

fn command(frame: &Frame<'_>, session: &Session) -> Result<Command, Fault> {
    let Some(client_info) = session.client_info.as_deref() else {
        return Err(Fault::new(FaultCode::Forbidden, "This connection belongs to no workspace."));
    };
    let action = match &frame.action {
        Some(action) => &*action.0,
        None => return Err(Fault::new(FaultCode::UnknownType, "The field action is missing.")),
    };
    match action {
        "message" => message(frame, client_info),
        "join" => {
            let channel = channel(frame, client_info)?;
            Ok(ChannelCommand::Subscribe { channel, recover: None, with: wishes(frame.payload)? }.into())
        }
        "leave" => Ok(ConnectionCommand::Unsubscribe { channel: channel(frame, client_info)? }.into()),
        "history" => Ok(ChannelCommand::ListHistory { channel: channel(frame, client_info)? }.into()),
        _ => Err(Fault::new(FaultCode::UnknownType, "The action must be join, leave, message or history.")),
    }
}

fn channel(frame: &Frame<'_>, client_info: &ClientInfo) -> Result<ChannelName, Fault> {
    let raw = frame.options.as_ref().and_then(|options| options.channel);
    match raw.map(text) {
        Some(Some(name)) => names::channel(&client_info.realm.namespace, &name.0),
        Some(None) => Err(Fault::new(FaultCode::InvalidChannel, "The field options.channel must be a text.")),
        None => Err(Fault::new(FaultCode::InvalidChannel, "The field options.channel is missing.")),
    }
}

fn text(raw: &RawValue) -> Option<Text<'_>> {
    json::read(raw.get()).ok()
}

fn wishes(payload: Option<&RawValue>) -> Result<Attachments, Fault> {
    let Some(payload) = payload else { return Ok(Attachments::default()) };
    match json::object::<Wishes>(payload.get().as_bytes()) {
        Ok(wishes) => Ok(Attachments {
            history: wishes.history.unwrap_or(false),
            members: wishes.presence.unwrap_or(false),
        }),
        Err(_) => {
            invalid("The payload of a join must be {\"history\":true or false,\"presence\":true or false}.")
        }
    }
}

fn message(frame: &Frame<'_>, client_info: &ClientInfo) -> Result<Command, Fault> {
    let channel = channel(frame, client_info)?;
    // A payload of undefined is left out by JSON.stringify.
    let json = frame.payload.map_or("null", RawValue::get);
    if !json::depth_is_bounded(json) {
        return invalid("The payload nests too deep: at most 64 levels.");
    }
    let options = frame.options.as_ref();
    let authenticated = options.and_then(|options| options.authenticated).unwrap_or(false);
    match options.and_then(|options| options.socket) {
        Some(_) if authenticated => {
            invalid("A message is for one socket or for authenticated clients, not for both.")
        }
        Some(raw) => match text(raw).filter(|socket| !socket.0.is_empty()) {
            Some(socket) => {
                Ok(ChannelCommand::Whisper { channel, to: Box::from(&*socket.0), json: Box::from(json) }
                    .into())
            }
            None => invalid("The field options.socketId must be the socketId of a client."),
        },
        None => {
            let sender = client_info.client.clone();
            let body = Body::ClientMessage { sender, json: json.to_owned(), authenticated };
            Ok(ChannelCommand::Publish { channel, body, idempotency_key: None }.into())
        }
    }
}

#[cfg(test)]
mod tests;
