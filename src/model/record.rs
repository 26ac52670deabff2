//! What the history log keeps: the changes of channels' histories, in the order in which their home core made them.

use super::channel::{ChannelName, Position};
use super::publication::PublicationBytes;
use std::borrow::Cow;
use std::sync::Arc;

/// One change of what is kept. Records of one channel keep their order; what became of messages follows from the
/// publications themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HistoryRecord {
    /// The next publication of a channel.
    Append {
        /// Which channel.
        channel: ChannelName,
        /// The publication's place.
        position: Position,
        /// Whether it is told to anybody only once it is on disk.
        committed: bool,
        /// The idempotency key it was published under, as the broker knows it.
        key: Option<Arc<str>>,
        /// The archived publication.
        bytes: PublicationBytes,
    },
    /// The whole of a channel. It stands for all records of the channel before it.
    Ring {
        /// Which channel.
        channel: ChannelName,
        /// Where the channel is.
        position: Position,
        /// As in [`HistoryRecord::Append`].
        committed: bool,
        /// What is kept, oldest first, none after the position.
        entries: Vec<PublicationBytes>,
    },
    /// The channel is over; what has its name later is another one.
    Ended {
        /// Which channel.
        channel: ChannelName,
        /// Its epoch.
        epoch: u64,
    },
    /// An idempotency key that is still remembered, with its first answer.
    Key {
        /// Which channel.
        channel: ChannelName,
        /// The key as the broker knows it.
        key: Arc<str>,
        /// When it was first used, milliseconds since 1970.
        time_ms: u64,
        /// Where the publication went.
        position: Position,
        /// The publication, if it was a message and still is one.
        message: Option<PublicationBytes>,
    },
}

/// A record as it is written and read: what it refers to is borrowed, from the staged record or from the bytes of the log.
/// Publications of an older format are not: they are copied into the present one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordView<'a> {
    /// [`HistoryRecord::Append`].
    Append {
        /// Which channel.
        channel: &'a str,
        /// The publication's place.
        position: Position,
        /// Whether it is told to anybody only once it is on disk.
        committed: bool,
        /// The idempotency key it was published under.
        key: Option<&'a str>,
        /// The archived publication.
        bytes: Cow<'a, [u8]>,
    },
    /// [`HistoryRecord::Ring`].
    Ring {
        /// Which channel.
        channel: &'a str,
        /// Where the channel is.
        position: Position,
        /// As in [`RecordView::Append`].
        committed: bool,
        /// What is kept, oldest first.
        entries: Vec<Cow<'a, [u8]>>,
    },
    /// [`HistoryRecord::Ended`].
    Ended {
        /// Which channel.
        channel: &'a str,
        /// Its epoch.
        epoch: u64,
    },
    /// [`HistoryRecord::Key`].
    Key {
        /// Which channel.
        channel: &'a str,
        /// The key as the broker knows it.
        key: &'a str,
        /// When it was first used, milliseconds since 1970.
        time_ms: u64,
        /// Where the publication went.
        position: Position,
        /// The publication, if it was a message and still is one.
        message: Option<Cow<'a, [u8]>>,
    },
}

impl<'a> RecordView<'a> {
    /// Which channel it is about.
    pub fn channel(&self) -> &'a str {
        match self {
            Self::Append { channel, .. }
            | Self::Ring { channel, .. }
            | Self::Ended { channel, .. }
            | Self::Key { channel, .. } => channel,
        }
    }

    /// The epoch it speaks of.
    pub fn epoch(&self) -> u64 {
        match self {
            Self::Append { position, .. } | Self::Ring { position, .. } | Self::Key { position, .. } => {
                position.epoch
            }
            Self::Ended { epoch, .. } => *epoch,
        }
    }
}

impl HistoryRecord {
    /// The record as it is written.
    pub fn view(&self) -> RecordView<'_> {
        match self {
            Self::Append { channel, position, committed, key, bytes } => RecordView::Append {
                channel: channel.as_str(),
                position: *position,
                committed: *committed,
                key: key.as_deref(),
                bytes: Cow::Borrowed(bytes),
            },
            Self::Ring { channel, position, committed, entries } => RecordView::Ring {
                channel: channel.as_str(),
                position: *position,
                committed: *committed,
                entries: entries.iter().map(|bytes| Cow::Borrowed(&**bytes)).collect(),
            },
            Self::Ended { channel, epoch } => RecordView::Ended { channel: channel.as_str(), epoch: *epoch },
            Self::Key { channel, key, time_ms, position, message } => RecordView::Key {
                channel: channel.as_str(),
                key,
                time_ms: *time_ms,
                position: *position,
                message: message.as_deref().map(Cow::Borrowed),
            },
        }
    }

    /// Bytes it takes in a queue, roughly: what it refers to, and a constant for itself.
    pub fn weight(&self) -> usize {
        const ITSELF: usize = 128;
        ITSELF
            + match self {
                Self::Append { channel, key, bytes, .. } => {
                    channel.as_str().len() + key.as_ref().map_or(0, |key| key.len()) + bytes.len()
                }
                Self::Ring { channel, entries, .. } => {
                    channel.as_str().len() + entries.iter().map(|bytes| 16 + bytes.len()).sum::<usize>()
                }
                Self::Ended { channel, .. } => channel.as_str().len(),
                Self::Key { channel, key, message, .. } => {
                    channel.as_str().len() + key.len() + message.as_ref().map_or(0, |bytes| bytes.len())
                }
            }
    }
}
