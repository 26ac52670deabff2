//! The id of a message: `msg_{kind}.{suffix}.{epoch}.{offset}`, numbers in base 36.
//!
//! A message is known by its channel and position; its id says both, so that it leads to the channel's home
//! core without a table. A suffix may contain dots, so the id is read from the right.

use super::names::{Kind, channel_of_id};
use crate::model::channel::{ChannelName, Position};
use std::fmt;

const PREFIX: &str = "msg_";

/// The id of the message at a position of a channel.
#[derive(Clone, Copy)]
pub struct MessageId<'a> {
    /// The message's channel.
    pub channel: &'a ChannelName,
    /// The position of its publication.
    pub position: Position,
}

impl fmt::Display for MessageId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (namespace, suffix) = (self.channel.namespace(), self.channel.suffix());
        let (epoch, offset) = (Base36::new(self.position.epoch), Base36::new(self.position.offset));
        write!(f, "{PREFIX}{namespace}.{suffix}.{}.{}", epoch.as_str(), offset.as_str())
    }
}

impl serde::Serialize for MessageId<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads an id. `None` if no message can have it: each message has exactly one id, so other spellings of the
/// numbers are refused.
pub fn parse(id: &str) -> Option<(ChannelName, Position)> {
    let (rest, offset) = id.strip_prefix(PREFIX)?.rsplit_once('.')?;
    let (rest, epoch) = rest.rsplit_once('.')?;
    let (namespace, suffix) = rest.split_once('.')?;
    let kind = Kind::of(namespace).filter(|kind| matches!(kind, Kind::Room | Kind::Conversation))?;
    let channel = channel_of_id(kind, suffix).ok().filter(|channel| channel.suffix() == suffix)?;
    Some((channel, Position { epoch: parse_base36(epoch)?, offset: parse_base36(offset)? }))
}

/// A number in base 36, lower case, without leading zeros.
pub struct Base36 {
    digits: [u8; Self::DIGITS_MAX],
    start: usize,
}

impl Base36 {
    /// Digits of the largest `u64`.
    const DIGITS_MAX: usize = 13;

    /// The digits of a number.
    pub fn new(mut number: u64) -> Self {
        let mut base36 = Self { digits: [b'0'; Self::DIGITS_MAX], start: Self::DIGITS_MAX };
        loop {
            base36.start -= 1;
            base36.digits[base36.start] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
            number /= 36;
            if number == 0 {
                return base36;
            }
        }
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[self.start..]).expect("digits are ASCII")
    }
}

fn parse_base36(text: &str) -> Option<u64> {
    let number = u64::from_str_radix(text, 36).ok()?;
    (Base36::new(number).as_str() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(channel: &str, epoch: u64, offset: u64) -> String {
        let channel = ChannelName::new(channel);
        MessageId { channel: &channel, position: Position { epoch, offset } }.to_string()
    }

    #[test]
    fn an_id_says_channel_and_position() {
        assert_eq!(shown("room:123", 36, 35), "msg_room.123.10.z");
        assert_eq!(shown("conversation:a.b.", 0, u64::MAX), "msg_conversation.a.b..0.3w5e11264sgsf");
    }

    #[test]
    fn ids_of_no_message_are_refused() {
        for id in [
            "",
            "msg_",
            "msg_123",
            "123",
            "msg_room.1.1",
            "msg_room..1.1",
            "msg_user.1.1.1",
            "msg_rooms.1.1.1",
            "msg_room.1.01.1",
            "msg_room.1.A.1",
            "msg_room.1.+1.1",
            "msg_room.1..1",
            "msg_room.1.1.",
            "msg_room.1.1.3w5e11264sgsg",
            "msg_room.room_1.1.1",
            "msg_room.a/b.1.1",
            "msg_room.1.1.1 ",
        ] {
            assert_eq!(parse(id), None, "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn ids_read_back(
            kind in "(room|conversation)",
            suffix in "[A-Za-z0-9_.-]{1,40}",
            epoch in any::<u64>(),
            offset in any::<u64>(),
        ) {
            prop_assume!(suffix != "." && suffix != ".." && !suffix.starts_with(&format!("{kind}_")));
            let name = format!("{kind}:{suffix}");
            let expected = (ChannelName::new(&name), Position { epoch, offset });
            prop_assert_eq!(parse(&shown(&name, epoch, offset)), Some(expected));
        }

        #[test]
        fn what_is_read_is_written_the_same(id in "msg_room\\.[a-z0-9.]{1,9}") {
            if let Some((channel, position)) = parse(&id) {
                prop_assert_eq!(shown(channel.as_str(), position.epoch, position.offset), id);
            }
        }
    }
}
