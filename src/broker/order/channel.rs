//! One channel, as its home core keeps it.

use crate::base::heap::{allocated, shared};
use crate::base::list::{Link, Linked};
use crate::broker::order::history::History;
use crate::broker::order::members::Members;
use crate::broker::order::shares::Shares;
use crate::model::channel::{ChannelName, Position};

/// What a home core keeps of a channel. Small, because there are many with a subscriber and nothing said:
/// what such a channel does not need is allocated when it does.
#[derive(Debug)]
pub struct Channel {
    /// Its name.
    pub name: ChannelName,
    /// Which life of the channel this is; no other channel of this core ever had it.
    pub epoch: u64,
    /// Offset of the newest publication; 0 before the first.
    pub head: u64,
    /// Who is to be told.
    pub shares: Shares,
    /// What is kept, if anything is.
    pub history: Option<Box<History>>,
    /// Who is there, if presence is kept and anyone is.
    pub members: Option<Box<Members>>,
    /// The set of rules it is under, in [`crate::broker::rules::sets::Rules`].
    pub rules: u32,
    /// Who pays for it, in [`crate::broker::order::channels::Channels`].
    pub payer: u32,
}

impl Channel {
    /// Where the channel is: the next publication has the offset after it.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, offset: self.head }
    }

    /// Whether nobody hears it and it keeps nothing: only its place in the order would be lost with it.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty() && self.history.is_none() && self.members.is_none()
    }
}

/// The list of the histories that somebody pays for, the one last published to at the end.
pub const KEPT: usize = 0;

/// Bytes that the tables of a core have for a channel beside its record: its numbers by name, who pays, who is told.
const TABLES_BYTES: usize = 64;

impl Linked<KEPT> for Channel {
    fn link(&mut self) -> &mut Link {
        &mut self.history.as_mut().expect("only what is kept is listed").link
    }

    fn linked(&self) -> Link {
        self.history.as_ref().map(|history| history.link).unwrap_or_default()
    }
}

impl Channel {
    /// Bytes of memory that are taken because something is kept of it; all that the channel takes, for without that it
    /// might not be there.
    pub fn kept_bytes(&self) -> usize {
        match self.history.as_ref().map_or(0, |history| history.held_bytes()) {
            0 => 0,
            held => held + allocated(size_of::<Self>()) + shared(self.name.as_str().len()) + TABLES_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_without_publications_is_small() {
        // With 16 bytes for its one share, 16 for the name's counts, the name, and 25 to 50 in the map of
        // names, a channel stays under 250 bytes.
        assert!(size_of::<Channel>() <= 72, "{}", size_of::<Channel>());
        assert_eq!(size_of::<Channel>(), size_of::<Option<Channel>>());
        assert!(size_of::<crate::broker::order::history::Entry>() <= 40);
    }
}
