//! From a frame on the socket to a command: `{"action":…,"rid"|"uid":…,"content":…,"token":…}`. What is said is borrowed
//! from the bytes received, and copied once, into the command.

use super::names;
use crate::base::secret::Secret;
use crate::model::command::{Command, ConnectionCommand, RelayCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::relay::Notification;
use crate::model::session::Session;
use crate::surface::json::{self, Text};
use crate::surface::{Incoming, Payload};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Bytes of what is said, as JSON. The vendor's gateway takes no longer frames.
const CONTENT_BYTES_MAX: usize = 128 << 10;

/// Bytes of a notification's title and body, as JSON: as the library bounds it.
const NOTIFICATION_BYTES_MAX: usize = 3_072;

/// Any frame of a client.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    action: Option<Text<'a>>,
    #[serde(borrow)]
    rid: Option<Text<'a>>,
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    notification: Option<Text<'a>>,
    #[serde(rename = "notificationConfig")]
    config: Option<Config>,
    #[serde(borrow)]
    token: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Config {
    always: Option<bool>,
}

/// What a notification is made of.
#[derive(Deserialize)]
#[allow(dead_code, reason = "read to be judged, and handed on as it came")]
struct Notice<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    body: Text<'a>,
}

/// Decodes one frame.
pub fn decode(message: Payload<'_>, _: &Session) -> Incoming {
    let command = match message {
        Payload::Text(text) => json::object::<Frame<'_>>(text.as_bytes()).and_then(|frame| command(&frame)),
        Payload::Binary(_) => {
            let sentence = "This is a binary frame; actions are JSON in text frames.";
            Err(Fault::new(FaultCode::InvalidSyntax, sentence))
        }
    };
    Incoming { command, correlation: None, unreadable: None }
}

fn command(frame: &Frame<'_>) -> Result<Command, Fault> {
    let action = frame.action.as_ref().map_or("", |action| &*action.0);
    let command = match action {
        "keepAlive" => return Ok(ConnectionCommand::Ping.into()),
        "joinRoom" => match frame.rid.as_ref().map(|rid| &*rid.0) {
            None | Some("") => ConnectionCommand::LeaveGroup.into(),
            Some(name) => RelayCommand::Join { group: names::group(name)? }.into(),
        },
        "broadcast" => {
            let name = frame.rid.as_ref().map_or("", |rid| &*rid.0);
            let (group, json) = (names::group(name)?, content(frame)?.into());
            RelayCommand::Broadcast { group, json, notification: notification(frame)? }.into()
        }
        "sendMessage" => {
            let user = names::user(frame.uid.as_ref().map_or("", |uid| &*uid.0))?;
            RelayCommand::tell(user, content(frame)?, notification(frame)?).into()
        }
        "rtc" => {
            let json = content(frame)?;
            if !json.starts_with('{') {
                return invalid("The content of a signal must be an object.");
            }
            let name = frame.uid.as_ref().map_or("", |uid| &*uid.0);
            let nobody = || Fault::new(FaultCode::NoSuchMember, "Recipient is not connected.");
            RelayCommand::Signal { to: names::handle(name).ok_or_else(nobody)?, json: json.into() }.into()
        }
        _ => {
            let sentence = "The action must be keepAlive, joinRoom, broadcast, sendMessage or rtc.";
            return Err(Fault::new(FaultCode::UnknownType, sentence));
        }
    };
    Ok(Command::Proven { token: token(frame)?, command: Box::new(command) })
}

fn invalid<T>(sentence: &'static str) -> Result<T, Fault> {
    Err(Fault::new(FaultCode::InvalidRequest, sentence))
}

/// The token, bare or behind `IdT:`, the service and the owner. No token has a colon.
fn token(frame: &Frame<'_>) -> Result<Secret, Fault> {
    let text = frame.token.as_ref().map_or("", |token| &*token.0);
    let token = if text.starts_with("IdT:") { text.rsplit(':').next().unwrap_or_default() } else { text };
    if token.is_empty() || token == "null" {
        return Err(Fault::new(FaultCode::NoCredentials, "No token was sent."));
    }
    Ok(Secret::new(token))
}

/// What is said. The library drops a frame without one, and leaves it out where it is undefined.
fn content<'a>(frame: &Frame<'a>) -> Result<&'a str, Fault> {
    let json = frame.content.map_or("null", RawValue::get);
    if json == "null" {
        return invalid("The content is missing.");
    }
    if json.len() > CONTENT_BYTES_MAX {
        let sentence = "The content is longer than 128 KiB, which is as long as it may be.";
        return Err(Fault::new(FaultCode::TooLarge, sentence));
    }
    if !json::depth_is_bounded(json) {
        return invalid("The content nests too deep: at most 64 levels.");
    }
    Ok(json)
}

fn notification(frame: &Frame<'_>) -> Result<Option<Box<Notification>>, Fault> {
    let Some(text) = frame.notification.as_ref().map(|text| &*text.0).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.len() > NOTIFICATION_BYTES_MAX {
        let sentence = "The notification is longer than 3072 bytes, which is as long as it may be.";
        return Err(Fault::new(FaultCode::TooLarge, sentence));
    }
    if json::object::<Notice<'_>>(text.as_bytes()).is_err() {
        return invalid("The notification must be the text of {\"title\":\"…\",\"body\":\"…\"}.");
    }
    let always = frame.config.as_ref().and_then(|config| config.always).unwrap_or(false);
    Ok(Some(Box::new(Notification { payload: text.into(), always })))
}

#[cfg(test)]
mod tests;
