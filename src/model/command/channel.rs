//! Commands about a channel.

use super::Page;
use crate::model::channel::{ChannelName, Position};
use crate::model::publication::Body;

/// What a client asks of a channel.
#[derive(Clone, PartialEq, Debug)]
pub enum ChannelCommand {
    /// Hear a channel from now on, or from a position.
    Subscribe {
        /// Which.
        channel: ChannelName,
        /// The last position the client has, if it wants what came after it.
        recover: Option<Position>,
        /// What else the client wants with the answer.
        with: Attachments,
    },
    /// Say something to a channel.
    Publish {
        /// Where.
        channel: ChannelName,
        /// What.
        body: Body,
        /// A repeated key of the same user on the same channel gives the first answer again.
        idempotency_key: Option<Box<str>>,
    },
    /// Say something to one other subscriber of a channel. Not kept in history.
    Whisper {
        /// Where both are.
        channel: ChannelName,
        /// The socket of who is to hear it.
        to: Box<str>,
        /// One valid JSON value.
        json: Box<str>,
    },
    /// What a channel's history has; by a subscriber.
    ListHistory {
        /// Which channel.
        channel: ChannelName,
    },
    /// Who is subscribed to a channel with presence, by their ids.
    ListMembers {
        /// Which channel.
        channel: ChannelName,
        /// Which slice.
        page: Page,
    },
}

/// What a client wants with the answer to its subscribe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attachments {
    /// What history has, as of the subscribe.
    pub history: bool,
    /// Who is present, itself included, if the channel's rules let that be told.
    pub members: bool,
}
