//! Bodies of REST requests: JSON objects, or nothing where nothing is needed.

use super::names::ID_BYTES_MAX;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::people::UserId;
use crate::surface::json;
use serde::Deserialize;

/// Bytes of a short text: a name, a version.
const SHORT_BYTES_MAX: usize = 256;

/// Bytes of a token that notices are sent with.
const TOKEN_BYTES_MAX: usize = 4_096;

/// Somebody to be rung.
#[derive(Deserialize)]
pub struct Invite {
    user_id: String,
    /// The published body has it. A call rings with what it was begun with.
    #[serde(default)]
    call_type: Option<String>,
}

/// A huddle to be made.
#[derive(Deserialize)]
pub struct NewHuddle {
    pub name: Option<String>,
    /// Says in which workspace the client shows it; huddles do not differ by it.
    #[serde(default, rename = "workspace_id")]
    _workspace: Option<String>,
    pub channel_id: Option<String>,
}

/// People to be let in.
#[derive(Deserialize)]
pub struct Invitees {
    user_ids: Vec<String>,
}

/// A device.
#[derive(Deserialize)]
pub struct NewDevice {
    pub device_id: Option<String>,
    pub platform: Option<String>,
    #[serde(alias = "push_token")]
    pub token: Option<String>,
    #[serde(alias = "device_name")]
    pub name: Option<String>,
    pub app_version: Option<String>,
}

/// A device's new token.
#[derive(Deserialize)]
pub struct NewToken {
    #[serde(alias = "push_token")]
    token: String,
}

/// Who belongs to a conversation.
#[derive(Deserialize)]
pub struct Members {
    participants: Vec<String>,
}

impl Invite {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Result<Box<str>, Fault> {
        let Self { user_id, call_type } = json::object(body)?;
        if !matches!(call_type.as_deref(), None | Some("audio" | "video")) {
            return Err(wrong("call_type", "call_type must be \"audio\" or \"video\"."));
        }
        user(&user_id, "user_id")?;
        Ok(user_id.into())
    }
}

impl Invitees {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Result<Vec<Box<str>>, Fault> {
        let Self { user_ids } = json::object(body)?;
        if user_ids.is_empty() {
            return Err(wrong("user_ids", "user_ids must name somebody."));
        }
        user_ids.iter().try_for_each(|id| user(id, "user_ids").map(drop))?;
        Ok(user_ids.into_iter().map(Box::from).collect())
    }
}

impl NewToken {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Result<Box<str>, Fault> {
        let Self { token } = json::object(body)?;
        self::token(&token)?;
        Ok(token.into())
    }
}

impl Members {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Result<Vec<UserId>, Fault> {
        let Self { participants } = json::object(body)?;
        participants.iter().map(|id| user(id, "participants").map(UserId::from)).collect()
    }
}

/// A user's id.
pub fn user<'a>(id: &'a str, field: &'static str) -> Result<&'a str, Fault> {
    if super::names::is_id(id) {
        return Ok(id);
    }
    let message = format!("{field} must hold ids of 1 to {ID_BYTES_MAX} bytes without control characters.");
    Err(wrong(field, message))
}

/// What notices are sent with.
pub fn token(token: &str) -> Result<(), Fault> {
    if (1..=TOKEN_BYTES_MAX).contains(&token.len()) && !token.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("token must be 1 to {TOKEN_BYTES_MAX} bytes without control characters.");
    Err(wrong("token", message))
}

/// A name or a version.
pub fn short(text: &str, field: &'static str) -> Result<(), Fault> {
    if (1..=SHORT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("{field} must be 1 to {SHORT_BYTES_MAX} bytes without control characters.");
    Err(wrong(field, message))
}

/// A field does not fit.
pub fn wrong(field: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(FaultCode::InvalidRequest, message).at(FaultPlace::Parameter(field))
}
