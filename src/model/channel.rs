//! Names of channels and positions in them.

use super::access::{CONVERSATION_NAMESPACE, channel_id};
use crate::base::split::split_at_byte;
use rkyv::{Archive, Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The namespace of users' channels: what is said of a user is published on the one of [`ChannelName::of_user`].
pub const USER_NAMESPACE: &str = "user";

/// The name of a channel as the broker knows it. Cheap to clone; shared between cores.
///
/// A surface builds it from what its wire says and has checked its form. By convention the part before the
/// first `:` is the namespace.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// Takes a name whose form the surface has checked.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The channel of a user; see [`channel_id`].
    pub fn of_user(user: &str) -> Self {
        Self(Arc::from(format!("{USER_NAMESPACE}:{}", channel_id(user))))
    }

    /// The channel of a conversation. Its group is who belongs to the conversation.
    pub fn of_conversation(id: &str) -> Self {
        with_conversation(id, Self::new)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first `:`, or the whole name.
    pub fn namespace(&self) -> &str {
        split_at_byte(&self.0, b':').map_or(&self.0, |(namespace, _)| namespace)
    }

    /// Whether it only names a ring, of a circle or of a group of connections: who is there is counted apart from
    /// subscribers, and no surface's channel has such a name, which begin with a letter or a digit.
    pub fn is_ring_only(&self) -> bool {
        self.0.starts_with('~')
    }

    /// What stands after the first `:`, or nothing.
    pub fn suffix(&self) -> &str {
        split_at_byte(&self.0, b':').map_or("", |(_, suffix)| suffix)
    }
}

/// Bytes of a name that is made on the stack: the namespace of conversations with the longest id that a surface takes,
/// rounded up.
const STACKED_BYTES_MAX: usize = 160;

/// Does something with the name of a conversation's channel, which is asked for with every message: it is made on the
/// stack.
pub fn with_conversation<T>(id: &str, act: impl FnOnce(&str) -> T) -> T {
    const NAMESPACE_BYTES: usize = CONVERSATION_NAMESPACE.len();
    let mut stacked = [0; STACKED_BYTES_MAX];
    let Some(name) = stacked.get_mut(..NAMESPACE_BYTES + 1 + id.len()) else {
        return act(&format!("{CONVERSATION_NAMESPACE}:{id}"));
    };
    name[..NAMESPACE_BYTES].copy_from_slice(CONVERSATION_NAMESPACE.as_bytes());
    name[NAMESPACE_BYTES] = b':';
    name[NAMESPACE_BYTES + 1..].copy_from_slice(id.as_bytes());
    act(std::str::from_utf8(name).expect("two texts and a colon are a text"))
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for ChannelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A place in a channel's order. Offsets rise by one within an epoch; a new epoch says that the order
/// started anew and no position of an older one can be continued.
#[derive(
    Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default,
)]
pub struct Position {
    /// Which life of the channel: below 2^53, so that JSON numbers carry it exactly.
    pub epoch: u64,
    /// Publications of this epoch so far; the first publication has offset 1.
    pub offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_has_its_channel_however_long_its_id_is() {
        for id in ["c1", "c:1", "é", &"x".repeat(146), &"x".repeat(147), &"é".repeat(200)] {
            let channel = ChannelName::of_conversation(id);
            assert_eq!((channel.namespace(), channel.suffix()), (CONVERSATION_NAMESPACE, id));
        }
    }
}
