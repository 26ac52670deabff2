//! From a frame on the socket to a command: `{"action":…,"options":{"channel":…},"payload":…}`. A message is the hot
//! one: its fields are borrowed from the bytes received, and what is copied is what the command keeps.

use super::names;
use crate::model::channel::ChannelName;
use crate::model::command::{Attachments, ChannelCommand, Command, ConnectionCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::Body;
use crate::model::session::{ClientInfo, Session};
use crate::surface::json::{self, Raw};
use crate::surface::{Incoming, Payload};
use serde::Deserialize;
use std::borrow::Cow;

/// Bytes of a channel's name as raw JSON. It is kept until the frame is answered; the longest name that a node can be
/// configured to have fits, if it is not written in escapes.
const CORRELATION_BYTES_MAX: usize = 4 << 10;

/// The fields of any frame, as they were written.
#[derive(Default)]
struct Fields<'a> {
    action: Option<Raw<'a>>,
    options: Option<Raw<'a>>,
    payload: Option<Raw<'a>>,
}

impl<'a> json::Object<'a> for Fields<'a> {
    #[inline]
    fn place(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>> {
        Some(match key {
            "action" => &mut self.action,
            "options" => &mut self.options,
            "payload" => &mut self.payload,
            _ => return None,
        })
    }
}

/// The fields of a frame's options, as they were written.
#[derive(Default)]
struct Options<'a> {
    channel: Option<Raw<'a>>,
    socket: Option<Raw<'a>>,
    authenticated: Option<Raw<'a>>,
}

impl<'a> json::Object<'a> for Options<'a> {
    #[inline]
    fn place(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>> {
        Some(match key {
            "channel" => &mut self.channel,
            "socketId" => &mut self.socket,
            "authenticated" => &mut self.authenticated,
            _ => return None,
        })
    }
}

/// Any frame of a client.
struct Frame<'a> {
    action: Option<Cow<'a, str>>,
    channel: Option<Raw<'a>>,
    /// `null` counts: a message for one client must not go to all because its name is missing.
    socket: Option<Raw<'a>>,
    authenticated: bool,
    payload: Option<Raw<'a>>,
}

impl<'a> Frame<'a> {
    fn of(fields: &Fields<'a>, options: Options<'a>) -> Result<Self, Fault> {
        let Options { channel, socket, authenticated } = options;
        let authenticated = match json::some(authenticated).map(|raw| raw.text) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return invalid("The field options.authenticated must be true or false."),
        };
        Ok(Self {
            action: json::text("action", fields.action)?,
            channel: json::some(channel),
            socket,
            authenticated,
            payload: json::some(fields.payload),
        })
    }
}

/// The payload of a join.
#[derive(Deserialize)]
struct Wishes {
    history: Option<bool>,
    presence: Option<bool>,
}

/// Decodes one frame. The name of its channel is its correlation, so that an error says which channel it is of.
pub fn decode(message: Payload<'_>, session: &Session) -> Incoming {
    let Payload::Text(text) = message else {
        let sentence = "This is a binary frame; actions are JSON in text frames.";
        return Incoming::refused(Fault::new(FaultCode::InvalidSyntax, sentence), None);
    };
    let (mut fields, mut options) = (Fields::default(), Options::default());
    let taken = json::take_apart(text, &mut fields).and_then(|right| match json::some(fields.options) {
        Some(raw) => json::take_apart(raw.text, &mut options).map(|right_too| right.and(right_too)),
        None => Ok(right),
    });
    let right = match taken {
        Ok(right) => right,
        Err(fault) => return Incoming::refused(fault, None),
    };
    let correlation = correlation(options.channel);
    let frame = right.and_then(|()| Frame::of(&fields, options));
    let command = frame.and_then(|frame| command(&frame, session));
    Incoming { command, correlation, unreadable: None }
}

/// The channel's name, kept to the byte.
fn correlation(raw: Option<Raw<'_>>) -> Option<Box<str>> {
    let name = raw?.text;
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
        Some(action) => &**action,
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
    match frame.channel.map(text) {
        Some(Some(name)) => names::channel(&client_info.realm.namespace, &name),
        Some(None) => Err(Fault::new(FaultCode::InvalidChannel, "The field options.channel must be a text.")),
        None => Err(Fault::new(FaultCode::InvalidChannel, "The field options.channel is missing.")),
    }
}

fn text(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    json::text("", Some(raw)).ok().flatten()
}

fn wishes(payload: Option<Raw<'_>>) -> Result<Attachments, Fault> {
    let Some(payload) = payload else { return Ok(Attachments::default()) };
    match json::object::<Wishes>(payload.text.as_bytes()) {
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
    let json = frame.payload.map_or("null", |raw| raw.text);
    if frame.payload.is_some_and(|raw| raw.depth > json::DEPTH_MAX) {
        return invalid("The payload nests too deep: at most 64 levels.");
    }
    let authenticated = frame.authenticated;
    match frame.socket {
        Some(_) if authenticated => {
            invalid("A message is for one socket or for authenticated clients, not for both.")
        }
        Some(raw) => match text(raw).filter(|socket| !socket.is_empty()) {
            Some(socket) => {
                Ok(ChannelCommand::Whisper { channel, to: Box::from(&*socket), json: Box::from(json) }.into())
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
