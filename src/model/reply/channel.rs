//! What is answered about a channel.

use super::Recovery;
use crate::model::channel::{ChannelName, Position};
use crate::model::command::Page;
use crate::model::publication::PublicationBytes;
use crate::model::session::Session;
use std::sync::Arc;

/// The answer to a [`ChannelCommand`](crate::model::command::ChannelCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum ChannelReply {
    /// To `Subscribe`; the recovered publications follow it as pushes.
    Subscribed {
        /// Which.
        channel: ChannelName,
        /// Where the channel is: the next publication has the offset after it.
        position: Position,
        /// What became of the wish to recover.
        recovery: Recovery,
        /// What history had, oldest first, if it was asked for.
        history: Option<Vec<PublicationBytes>>,
        /// Who is present, if it was asked for and may be told.
        members: Option<Vec<Arc<Session>>>,
    },
    /// To `Publish` of data.
    Published {
        /// Where.
        channel: ChannelName,
        /// The publication's place.
        position: Position,
    },
    /// To `Whisper`.
    Whispered,
    /// To `ListHistory`, oldest first.
    History {
        /// Which channel.
        channel: ChannelName,
        /// What history has.
        publications: Vec<PublicationBytes>,
    },
    /// To `ListMembers`: each member once, sorted by its id. Where users are kept, one session of each.
    Members {
        /// The slice.
        items: Vec<Arc<Session>>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Members in the whole list.
        total: u64,
    },
}
