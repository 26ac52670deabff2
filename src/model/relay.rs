//! What connections say to each other past any channel: to those in a group, to all of a user, to one alone. Nothing of it is
//! kept, and nobody gets it later.

use super::channel::ChannelName;
use crate::base::ids::CoreId;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// What others call a connection that can be reached: nobody can guess it, and no other connection of this node's life has
/// it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Handle([u8; Handle::BYTES]);

impl Handle {
    /// Bytes of one.
    pub const BYTES: usize = 11;

    /// None is before it.
    pub const LEAST: Self = Self([0; Self::BYTES]);

    /// None is after it.
    pub const GREATEST: Self = Self([u8::MAX; Self::BYTES]);

    /// The handle of a connection of a core, with numbers that nobody can guess.
    pub fn new(core: CoreId, fresh: [u64; 2]) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes[..2].copy_from_slice(&core.0.to_be_bytes());
        bytes[2..10].copy_from_slice(&fresh[0].to_be_bytes());
        bytes[10] = fresh[1] as u8;
        Self(bytes)
    }

    /// The handle of these bytes, which may be nobody's.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The core whose connection it would be. There may be no such core.
    pub fn core(&self) -> CoreId {
        CoreId(u16::from_be_bytes([self.0[0], self.0[1]]))
    }
}

/// Who says something, and on which connection. Lists of a group are in this order: by user, then by handle.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Speaker {
    /// The user's id.
    pub user: Arc<str>,
    /// Its connection.
    pub handle: Handle,
}

/// Something that connections are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relayed {
    /// Who says it, or who came or went.
    pub from: Speaker,
    /// What.
    pub what: RelayedWhat,
}

/// What connections are told. Text is one JSON value, kept to the byte.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RelayedWhat {
    /// Said to a group.
    Message(Box<str>),
    /// Said to a user.
    Private(Box<str>),
    /// Said to one connection, so that two programs reach each other.
    Signal(Box<str>),
    /// Came to a group.
    Joined,
    /// Left a group, and stays connected.
    Left,
    /// Was in a group when its connection ended.
    Disconnected,
}

/// What a notification says to somebody who may have no connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    /// What the receiver's browser gets: JSON.
    pub payload: Box<str>,
    /// Whether receivers with a connection get it too.
    pub always: bool,
}

/// What the rings of groups begin with. No other channel has such a name: those begin with a letter or a digit.
const GROUP: &str = "~group:";

/// The name of the ring of a group; what a client calls the group is its suffix. It decides where the group is at home.
pub fn group_channel(name: &str) -> ChannelName {
    ChannelName::new(&format!("{GROUP}{name}"))
}

/// What decides on which core it is known which others have connections of a user.
pub fn address_of(user: &str) -> ChannelName {
    ChannelName::new(&format!("~user:{user}"))
}

/// A group in a list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GroupSize {
    /// Connections in it.
    pub size: u32,
    /// Which.
    pub group: ChannelName,
}

/// Which groups are listed, and from where on.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupQuery {
    /// Which, and by what they are sorted.
    pub range: GroupRange,
    /// The last one that the asker has.
    pub after: Option<GroupSize>,
    /// How the list is cut and called.
    pub slice: Slice,
}

/// A part of all groups, sorted.
#[derive(Clone, PartialEq, Debug)]
pub enum GroupRange {
    /// By name.
    Names {
        /// The first.
        from: Bound<ChannelName>,
        /// The last.
        to: Bound<ChannelName>,
        /// One in between that is left out.
        except: Option<ChannelName>,
    },
    /// By size, then by name.
    Sizes {
        /// Connections, at least.
        from: u32,
        /// Connections, at most.
        to: u32,
        /// A size in between that is left out.
        except: Option<u32>,
    },
}

impl GroupRange {
    /// Whether a group is in it.
    pub fn has(&self, group: &GroupSize) -> bool {
        match self {
            Self::Names { from, to, except } => {
                (from.as_ref(), to.as_ref()).contains(&group.group) && except.as_ref() != Some(&group.group)
            }
            Self::Sizes { from, to, except } => {
                (*from..=*to).contains(&group.size) && *except != Some(group.size)
            }
        }
    }
}

/// Which members of a group are listed, and from where on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberQuery {
    /// Only those of this user.
    pub user: Option<Arc<str>>,
    /// The last one that the asker has.
    pub after: Option<Speaker>,
    /// How the list is cut and called.
    pub slice: Slice,
}

/// How a list is cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Whether the least comes first.
    pub ascending: bool,
    /// Entries at most; with zero the list has come to its end.
    pub count_max: u32,
    /// What the asker calls the list; given back with it.
    pub label: Box<str>,
}

/// Groups as they are answered.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupList {
    /// Some of them, sorted.
    pub items: Vec<GroupSize>,
    /// Whether there are more after them.
    pub more: bool,
    /// What was asked.
    pub query: GroupQuery,
}

/// Members of a group as they are answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberList {
    /// Some of them, sorted.
    pub items: Vec<Speaker>,
    /// Whether there are more after them.
    pub more: bool,
    /// What was asked.
    pub query: MemberQuery,
}
