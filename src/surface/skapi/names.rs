//! Names of groups and connections, and ids of users.

use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::relay::{Handle, group_channel};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a group's name.
pub const GROUP_BYTES_MAX: usize = 128;

/// Bytes of a user's id.
const USER_BYTES_MAX: usize = 256;

/// What the library puts before a connection's id where it names it.
const CONNECTION: &str = "cid:";

/// The group of a name.
///
/// # Errors
/// There can be no such group. `#` separates what the library reads, and it takes whatever looks like a UUID for a user.
pub fn group(name: &str) -> Result<ChannelName, Fault> {
    let why = if name.is_empty() || name.len() > GROUP_BYTES_MAX {
        "must have 1 to 128 bytes"
    } else if name.contains('#') {
        "must not have a \"#\" in it"
    } else if name.chars().any(char::is_control) {
        "must not have control characters in it"
    } else if is_uuid(name) {
        "must not look like a user's id"
    } else {
        return Ok(group_channel(name));
    };
    let fault = Fault::new(FaultCode::InvalidChannel, format!("The name of a group {why}."));
    Err(fault.at(FaultPlace::Parameter("group")))
}

/// A user's id. There need not be such a user.
///
/// # Errors
/// No user can have it.
pub fn user(id: &str) -> Result<&str, Fault> {
    if id.is_empty() || id.len() > USER_BYTES_MAX || id.chars().any(char::is_control) {
        let sentence = "A user's id must have 1 to 256 bytes, and no control characters.";
        return Err(Fault::new(FaultCode::InvalidRequest, sentence));
    }
    Ok(id)
}

/// As the library tells users from groups.
fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    let fits =
        |length: usize, part: &str| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    lengths.iter().all(|length| parts.next().is_some_and(|part| fits(*length, part)))
        && parts.next().is_none()
}

/// The handle that a client names, with or without what the library puts before it. `None` is no connection's.
pub fn handle(name: &str) -> Option<Handle> {
    let bytes = STANDARD.decode(name.strip_prefix(CONNECTION).unwrap_or(name)).ok()?;
    bytes.try_into().ok().map(Handle::from_bytes)
}

/// Appends a handle as frames and lists spell it.
pub fn push_handle(out: &mut Vec<u8>, handle: Handle) {
    // Padded as the ids of the vendor's are: 11 bytes are 16 characters.
    let mut text = [0; 16];
    let written = STANDARD.encode_slice(handle.as_bytes(), &mut text).unwrap_or(0);
    out.extend_from_slice(&text[..written]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::CoreId;

    #[test]
    fn names_of_groups_are_judged() {
        let longest = "x".repeat(128);
        for name in ["HelloWorld", "ä 100% 日本", "a:b/c?d", " ", "'\"\\", &longest] {
            assert_eq!(group(name).unwrap().suffix(), name);
        }
        let longer = "x".repeat(129);
        let uuid = "0189AF00-0000-7000-8000-0123456789ab";
        for name in ["", &longer, "a#b", "a\u{0}", "a\nb", "\u{85}", uuid] {
            assert_eq!(group(name).map_err(|fault| fault.code), Err(FaultCode::InvalidChannel), "{name:?}");
        }
        for near in ["0189af00-0000-7000-8000-0123456789a", "0189ag00-0000-7000-8000-0123456789ab"] {
            assert!(group(near).is_ok(), "{near}");
        }
    }

    #[test]
    fn a_handle_is_found_by_its_name() {
        let one = Handle::new(CoreId(3), [u64::MAX, 7]);
        let mut out = b"cid:".to_vec();
        push_handle(&mut out, one);
        let name = String::from_utf8(out).unwrap();
        assert_eq!((name.len(), name.ends_with('=')), (20, true));
        assert_eq!(handle(&name), Some(one));
        assert_eq!(handle(&name[4..]), Some(one));
        for name in ["", "cid:", "cid:AAAA", "cid:???", &name[..19], "cid:cid:"] {
            assert_eq!(handle(name), None, "{name}");
        }
    }

    #[test]
    fn ids_of_users_are_judged() {
        assert_eq!(user("ada"), Ok("ada"));
        for id in ["", "a\u{0}", &"x".repeat(257)] {
            assert!(user(id).is_err());
        }
    }
}
