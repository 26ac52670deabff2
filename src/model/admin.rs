//! What an operator sees of connections and channels, whichever core they are on.

use super::channel::{ChannelName, Position};
use super::publication::PublicationBytes;
use super::session::Session;
use super::settings::{Reloaded, SettingsInForce};
use crate::base::ids::{ConnectionId, CoreId};
use std::net::IpAddr;
use std::sync::Arc;

/// Places of a core's table that are looked at for one listing, so that no turn is long: a listing may have fewer items
/// than were asked for and go on nevertheless.
pub const LOOKED_AT_MAX: u32 = 16_384;

/// A connection of the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionName {
    /// Whose it is. There may be no such core.
    pub core: CoreId,
    /// Which of its connections.
    pub id: ConnectionId,
}

/// Where a listing goes on: everything is listed in the order of cores, and of places in the table of each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cursor {
    /// The core.
    pub core: CoreId,
    /// The first place in its table that is looked at.
    pub place: u32,
}

impl Cursor {
    /// Of a listing that begins.
    pub const START: Self = Self { core: CoreId(0), place: 0 };

    /// The first place that a core looks at; `None` if it was listed before.
    pub fn on(self, core: CoreId) -> Option<u32> {
        match core.cmp(&self.core) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(self.place),
            std::cmp::Ordering::Greater => Some(0),
        }
    }
}

/// Some items of a listing, each with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Listing<T> {
    /// The items.
    pub items: Vec<(Cursor, T)>,
    /// Where the listing goes on, if it does.
    pub next: Option<Cursor>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

impl<T> Listing<T> {
    /// What cores listed, in their order, as one listing of at most `size` items.
    pub fn merge(parts: impl IntoIterator<Item = Self>, size: usize) -> Self {
        let mut whole = Self::default();
        for part in parts {
            for (at, item) in part.items {
                if whole.items.len() == size {
                    return Self { next: Some(at), ..whole };
                }
                whole.items.push((at, item));
            }
            if part.next.is_some() {
                return Self { next: part.next, ..whole };
            }
        }
        whole
    }
}

/// A connection as an operator sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ConnectionInfo {
    /// Its name.
    pub name: ConnectionName,
    /// Whether it is a WebSocket.
    pub is_socket: bool,
    /// Who speaks on it, once that is known.
    pub session: Option<Arc<Session>>,
    /// An address of the host that it counts for; none on a Unix socket.
    pub address: Option<IpAddr>,
    /// Channels that it hears.
    pub channels: u32,
    /// Bytes that are for it alone and not written.
    pub unwritten_bytes: u64,
}

/// A channel as an operator sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelInfo {
    /// Its name, as the node has it.
    pub name: ChannelName,
    /// Where it is: the next publication has the offset after it.
    pub position: Position,
    /// Subscriptions to it.
    pub subscriptions: u64,
    /// Members, where it is kept who is there.
    pub members: u64,
    /// Publications in its history.
    pub publications: u64,
    /// Bytes of memory that its history takes, with the channel.
    pub history_bytes: u64,
}

/// Whom an operator sends away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Removal {
    /// One connection.
    Connection(ConnectionName),
    /// All WebSockets of a user.
    User(Arc<str>),
}

/// What an operator is answered.
#[derive(Clone, PartialEq, Debug)]
pub enum AdminReply {
    /// To `ListConnections`.
    Connections(Listing<ConnectionInfo>),
    /// To `Remove`: how many connections close.
    Removed(u64),
    /// To `ListChannels`.
    Channels(Listing<ChannelInfo>),
    /// To `GetChannel`.
    Channel(ChannelInfo),
    /// To `ListHistory`: the newest publications, oldest first.
    History(Vec<PublicationBytes>),
    /// To `Purge`: how many publications were deleted.
    Purged(u64),
    /// To `RevokeTokens`: up to which second after 1970.
    TokensRevoked(u64),
    /// To `Reload`.
    Reloaded(Reloaded),
    /// To `SettingsCommand::Show`.
    Settings(SettingsInForce),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(core: u16, places: &[u32], next: Option<u32>) -> Listing<u32> {
        let at = |place| Cursor { core: CoreId(core), place };
        Listing { items: places.iter().map(|place| (at(*place), *place)).collect(), next: next.map(at) }
    }

    #[test]
    fn a_listing_goes_on_at_the_first_item_that_had_no_room() {
        let merged = Listing::merge([part(0, &[1, 5], None), part(1, &[2, 3], None)], 3);
        assert_eq!(merged.items.iter().map(|(_, item)| *item).collect::<Vec<_>>(), [1, 5, 2]);
        assert_eq!(merged.next, Some(Cursor { core: CoreId(1), place: 3 }));
        assert_eq!(Listing::merge([part(0, &[1], None), part(1, &[2], None)], 2).next, None);
    }

    #[test]
    fn what_a_core_has_not_looked_at_comes_before_the_next_core() {
        let merged = Listing::merge([part(0, &[1], Some(16)), part(1, &[2], None)], 9);
        assert_eq!((merged.items.len(), merged.next), (1, Some(Cursor { core: CoreId(0), place: 16 })));
    }

    #[test]
    fn cores_that_were_listed_are_passed_over() {
        let from = Cursor { core: CoreId(1), place: 7 };
        assert_eq!([0, 1, 2].map(|core| from.on(CoreId(core))), [None, Some(7), Some(0)]);
    }
}
