//! Names of channels, and the ids that stand for them.
//!
//! A room's channel is `room:123` and its id `room_123`; a conversation's is `conversation:123` with the id
//! `conversation_123`. The part they share is the suffix. A suffix never starts with its own prefix, so an id
//! with the prefix and one without cannot mean two things. User ids belong to whoever issues the tokens: they are taken and
//! shown as they are; the channel of `user_123` is `user:123`, which is the channel of `123` too.

use crate::base::split::split_at_byte;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::meeting::MEETING_NAMESPACE;
use std::fmt;

/// Bytes of a channel's whole name.
pub const CHANNEL_BYTES_MAX: usize = 128;

/// What a channel is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `room:`
    Room,
    /// `conversation:`
    Conversation,
    /// `user:`
    User,
    /// `meeting:`
    Meeting,
}

impl Kind {
    /// The kind of a namespace.
    pub fn of(namespace: &str) -> Option<Self> {
        match namespace {
            "room" => Some(Self::Room),
            "conversation" => Some(Self::Conversation),
            "user" => Some(Self::User),
            MEETING_NAMESPACE => Some(Self::Meeting),
            _ => None,
        }
    }

    /// What stands before the `:`.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Conversation => "conversation",
            Self::User => "user",
            Self::Meeting => MEETING_NAMESPACE,
        }
    }

    /// The event that a subscription may name.
    pub fn event(self) -> &'static str {
        match self {
            Self::Room | Self::Conversation | Self::Meeting => "message",
            Self::User => "activity",
        }
    }

    /// What stands before the suffix in an id.
    fn id_prefix(self) -> &'static str {
        match self {
            Self::Room => "room_",
            Self::Conversation => "conversation_",
            Self::User => "user_",
            Self::Meeting => "",
        }
    }
}

/// A channel's name as a client wrote it.
///
/// # Errors
/// [`FaultCode::InvalidChannel`], with the right name where it can be guessed.
pub fn channel(name: &str) -> Result<(Kind, ChannelName), Fault> {
    let Some((kind, suffix)) =
        split_at_byte(name, b':').and_then(|(namespace, suffix)| Some((Kind::of(namespace)?, suffix)))
    else {
        return Err(Fault::new(
            FaultCode::InvalidChannel,
            "A channel is room:…, conversation:…, user:… or meeting:…, for example room:123.",
        ));
    };
    check(kind, suffix)?;
    Ok((kind, ChannelName::new(name)))
}

/// The channel of a room or conversation named by its id, `room_123` or `123`, or of a user named by its id.
///
/// # Errors
/// [`FaultCode::InvalidRequest`].
pub fn channel_of_id(kind: Kind, id: &str) -> Result<ChannelName, Fault> {
    let prefix = kind.id_prefix();
    let suffix = id.strip_prefix(prefix).unwrap_or(id);
    check(kind, suffix).map_err(|fault| Fault { code: FaultCode::InvalidRequest, ..fault })?;
    Ok(ChannelName::new(&format!("{}:{suffix}", kind.namespace())))
}

fn check(kind: Kind, suffix: &str) -> Result<(), Fault> {
    let invalid = |message| Err(Fault::new(FaultCode::InvalidChannel, message));
    if suffix.is_empty() {
        return invalid("The id is empty.");
    }
    if kind.namespace().len() + 1 + suffix.len() > CHANNEL_BYTES_MAX {
        return invalid("The id is too long: a channel's name has at most 128 bytes.");
    }
    match kind {
        Kind::User | Kind::Meeting if !suffix.bytes().all(is_user_byte) => invalid(
            "The id of a user or meeting in a channel has printable ASCII characters only, no space, quote or backslash.",
        ),
        Kind::User | Kind::Meeting => Ok(()),
        _ if !suffix.bytes().all(is_suffix_byte) || suffix == "." || suffix == ".." => {
            invalid("An id has only the characters A-Z a-z 0-9 _ . -")
        }
        Kind::Room if suffix.starts_with("room_") => {
            invalid("A channel has the id without its prefix: room_123 is room:123.")
        }
        Kind::Conversation if suffix.starts_with("conversation_") => {
            invalid("A channel has the id without its prefix: conversation_123 is conversation:123.")
        }
        _ => Ok(()),
    }
}

fn is_suffix_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// User ids are often mail addresses or `provider|number`; ids of meetings are whatever their makers choose.
fn is_user_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

/// The id of what a channel is for: `room_123` or `conversation_123`.
#[derive(Clone, Copy)]
pub struct Id<'a> {
    prefix: &'static str,
    suffix: &'a str,
}

impl<'a> Id<'a> {
    /// The id with the prefix of its kind.
    pub fn new(kind: Kind, suffix: &'a str) -> Self {
        Self { prefix: kind.id_prefix(), suffix }
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        f.write_str(self.suffix)
    }
}

impl serde::Serialize for Id<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(name: &str) -> FaultCode {
        channel(name).expect_err(name).code
    }

    #[test]
    fn channels_of_the_page_are_accepted() {
        for (name, kind) in [
            ("room:123", Kind::Room),
            ("conversation:a.b-c_d", Kind::Conversation),
            ("user:123", Kind::User),
            ("meeting:{1}", Kind::Meeting),
        ] {
            let (found, channel) = channel(name).expect(name);
            assert_eq!((found, channel.as_str()), (kind, name));
        }
        assert!(channel("user:auth0|a@b.example").is_ok());
        assert!(channel("user:user_1").is_ok());
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            ":",
            "room",
            "room:",
            ":123",
            "Room:1",
            "rooms:1",
            "room:a b",
            "room:a:b",
            "room:ü",
            "room:a/b",
            "room:..",
            "room:.",
            "room:\u{0}",
            "room:%31",
            "user:",
            "user:a b",
            "user:a\"",
            "user:é",
            "user:\u{7f}",
            "room:room_1",
            "conversation:conversation_1",
            " room:1",
        ] {
            assert_eq!(refused(name), FaultCode::InvalidChannel, "{name:?}");
        }
    }

    #[test]
    fn a_name_has_at_most_128_bytes() {
        assert!(channel(&format!("room:{}", "a".repeat(123))).is_ok());
        assert!(channel(&format!("room:{}", "a".repeat(124))).is_err());
        assert!(channel(&format!("user:{}", "a".repeat(124))).is_err());
        assert!(channel_of_id(Kind::Room, &format!("room_{}", "a".repeat(123))).is_ok());
    }

    #[test]
    fn both_forms_of_an_id_name_one_channel() {
        for id in ["123", "room_123"] {
            assert_eq!(channel_of_id(Kind::Room, id).expect(id).as_str(), "room:123");
        }
        for (id, name) in [("user_1", "user:1"), ("1", "user:1"), ("user_user_1", "user:user_1")] {
            let channel = channel_of_id(Kind::User, id).expect(id);
            assert_eq!(channel.as_str(), name);
            assert_eq!(channel, ChannelName::of_user(id));
        }
        for id in ["", "room_", "room_room_1", "a/b", ".."] {
            assert_eq!(channel_of_id(Kind::Room, id).expect_err(id).code, FaultCode::InvalidRequest, "{id}");
        }
    }

    proptest! {
        #[test]
        fn an_id_that_is_shown_is_understood(suffix in "[A-Za-z0-9_.-]{1,20}") {
            for kind in [Kind::Room, Kind::Conversation] {
                let Ok((_, name)) = channel(&format!("{}:{suffix}", kind.namespace())) else { continue };
                let shown = Id::new(kind, name.suffix()).to_string();
                prop_assert_eq!(&channel_of_id(kind, &shown).expect("shown"), &name);
                prop_assert_eq!(&channel_of_id(kind, name.suffix()).expect("suffix"), &name);
            }
        }

        #[test]
        fn accepted_names_are_short_and_printable(name in "(room|conversation|user|meeting)?:?.{0,140}") {
            if let Ok((kind, channel)) = channel(&name) {
                prop_assert!(name.len() <= CHANNEL_BYTES_MAX);
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(channel.namespace(), kind.namespace());
            }
        }
    }
}
