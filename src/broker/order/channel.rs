//! One channel, as its home core keeps it.

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
