//! Bounds of what clients write, checked alike wherever a field appears.

use crate::model::fault::{Fault, FaultCode};

/// Bytes of a message's text.
pub const CONTENT_BYTES_MAX: usize = 64 << 10;
/// Bytes of a room's or user's display name.
pub const NAME_BYTES_MAX: usize = 256;
/// Bytes of a room's description.
pub const DESCRIPTION_BYTES_MAX: usize = 4096;
/// Bytes of the word for a message's kind of content.
pub const KIND_BYTES_MAX: usize = 64;
/// Bytes of an idempotency key.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;

fn invalid<T>(message: &'static str) -> Result<T, Fault> {
    Err(Fault::new(FaultCode::InvalidRequest, message))
}

/// The text of a message.
pub fn content(content: Option<&str>) -> Result<String, Fault> {
    match content {
        None | Some("") => invalid("The field content must be a text that is not empty."),
        Some(text) if text.len() > CONTENT_BYTES_MAX => {
            invalid("The field content is too long: at most 65536 bytes.")
        }
        Some(text) => Ok(text.to_owned()),
    }
}

/// The kind of a message's content, `text` where none is given.
pub fn kind(kind: Option<&str>) -> Result<String, Fault> {
    let kind = kind.unwrap_or("text");
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    if kind.is_empty() || kind.len() > KIND_BYTES_MAX || !kind.bytes().all(is_word) {
        return invalid("The field type must be a word like text or image/png, at most 64 bytes.");
    }
    Ok(kind.to_owned())
}

/// A display name.
pub fn name(name: &str) -> Result<String, Fault> {
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
        return invalid("The field name must have 1 to 256 bytes and not be blank.");
    }
    Ok(name.to_owned())
}

/// A room's description; may be empty.
pub fn description(description: &str) -> Result<String, Fault> {
    if description.len() > DESCRIPTION_BYTES_MAX {
        return invalid("The field description is too long: at most 4096 bytes.");
    }
    Ok(description.to_owned())
}

/// A user's status word, in any case.
pub fn status(status: &str) -> Result<String, Fault> {
    let known = ["online", "away", "busy", "offline"];
    match known.iter().find(|word| word.eq_ignore_ascii_case(status)) {
        Some(word) => Ok((*word).to_owned()),
        None => invalid("The field status must be online, away, busy or offline."),
    }
}

/// A key that makes a repeated request harmless.
pub fn idempotency_key(key: &str) -> Result<Box<str>, Fault> {
    if key.is_empty()
        || key.len() > IDEMPOTENCY_KEY_BYTES_MAX
        || key.bytes().any(|byte| byte.is_ascii_control())
    {
        return invalid("An idempotency key must have 1 to 128 bytes and no control characters.");
    }
    Ok(Box::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_bounds() {
        assert!(content(None).is_err());
        assert!(content(Some("")).is_err());
        assert!(content(Some(&"a".repeat(CONTENT_BYTES_MAX))).is_ok());
        assert!(content(Some(&"a".repeat(CONTENT_BYTES_MAX + 1))).is_err());
        assert!(name("").is_err());
        assert!(name(" \t").is_err());
        assert!(name(&"a".repeat(NAME_BYTES_MAX)).is_ok());
        assert!(name(&"a".repeat(NAME_BYTES_MAX + 1)).is_err());
        assert!(description("").is_ok());
        assert!(description(&"a".repeat(DESCRIPTION_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn words_are_known_or_well_formed() {
        assert_eq!(status("Away").as_deref(), Ok("away"));
        assert!(status("asleep").is_err());
        assert_eq!(kind(None).as_deref(), Ok("text"));
        assert!(kind(Some("image/png")).is_ok());
        assert!(kind(Some("")).is_err());
        assert!(kind(Some("a b")).is_err());
        assert!(kind(Some(&"a".repeat(KIND_BYTES_MAX + 1))).is_err());
    }

    #[test]
    fn idempotency_keys_have_bounds() {
        assert!(idempotency_key("8e03978e-40d5-43e8-bc93-6894a57f9324").is_ok());
        assert!(idempotency_key("").is_err());
        assert!(idempotency_key("a\nb").is_err());
        assert!(idempotency_key(&"a".repeat(IDEMPOTENCY_KEY_BYTES_MAX + 1)).is_err());
    }
}
