//! Names on the wire: of circles, and of whatever has an id.

use crate::base::split::split_at_byte;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::people::circle::Circle;
use std::sync::Arc;

/// Bytes of an id.
pub const ID_BYTES_MAX: usize = 128;

/// An id that a client names.
///
/// # Errors
/// It is empty, too long or has control characters.
pub fn id(text: &str, field: &'static str) -> Result<Arc<str>, Fault> {
    if is_id(text) {
        return Ok(Arc::from(text));
    }
    let message = format!("{field} must be 1 to {ID_BYTES_MAX} bytes without control characters.");
    Err(Fault::new(FaultCode::InvalidRequest, message).at(FaultPlace::Parameter(field)))
}

/// Whether something can be an id.
pub fn is_id(text: &str) -> bool {
    // Most ids are plain, and bytes are faster to look at than characters.
    let odd = |byte: &u8| u8::from(byte.wrapping_sub(b' ') > b'~' - b' ');
    (1..=ID_BYTES_MAX).contains(&text.len())
        && (text.as_bytes().iter().fold(0, |any, byte| any | odd(byte)) == 0
            || !text.chars().any(char::is_control))
}

/// The circle of a name on a socket. `None` if no circle can have it.
pub fn circle(name: &str) -> Option<Circle> {
    let (kind, id) = split_at_byte(name, b':')?;
    if !is_id(id) {
        return None;
    }
    Some(match (kind, id) {
        ("chat", "lobby") => Circle::Lobby,
        ("webrtc", "lobby") => Circle::Calls,
        ("huddle", "lobby") => Circle::Huddles,
        ("chat", id) => Circle::Conversation(id.into()),
        ("webrtc", id) => Circle::Call(id.into()),
        ("huddle", id) => Circle::Huddle(id.into()),
        ("presence", id) => Circle::Presence(id.into()),
        _ => return None,
    })
}

/// The name on a socket of the circle whose ring has this name.
pub fn wire_name(channel: &ChannelName) -> (&'static str, &str) {
    let kind = match channel.namespace() {
        "~chat" => "chat:",
        "~call" => "webrtc:",
        "~huddle" => "huddle:",
        _ => "presence:",
    };
    (kind, channel.suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_have_their_names_back() {
        for name in [
            "chat:lobby",
            "chat:c:1",
            "webrtc:lobby",
            "webrtc:call_1",
            "huddle:lobby",
            "huddle:h",
            "presence:global",
        ] {
            let circle = circle(name).expect("a circle");
            let channel = circle.channel();
            let (kind, id) = wire_name(&channel);
            assert_eq!(format!("{kind}{id}"), name);
        }
        let long = format!("chat:{}", "x".repeat(ID_BYTES_MAX + 1));
        for bad in ["", "chat", "chat:", "room:1", "phoenix", "user:1", "Chat:1", "chat:a\nb", &long] {
            assert_eq!(circle(bad), None, "{bad}");
        }
    }
}
