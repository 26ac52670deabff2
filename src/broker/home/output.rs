//! What a home core tells the cores that have subscribers.

use crate::base::ids::{ConnectionId, CoreId};
use crate::model::access::Access;
use crate::model::channel::{ChannelName, Position};
use crate::model::fault::Fault;
use crate::model::group::Group;
use crate::model::publication::PublicationBytes;
use crate::model::session::Session;
use std::sync::Arc;

/// One message for one core. Messages for one core keep their order.
#[derive(Clone, PartialEq, Debug)]
pub enum HomeOutput {
    /// For the subscribers of a channel on a core.
    Push {
        /// The core.
        to: CoreId,
        /// The channel.
        channel: ChannelName,
        /// What they are told.
        push: HomePush,
    },
}

/// What the subscribers of a channel on one core are told.
#[derive(Clone, PartialEq, Debug)]
pub enum HomePush {
    /// The next publication.
    Publication(PublicationBytes),
    /// A member joined.
    Joined {
        /// Who.
        session: Arc<Session>,
        /// The subscription that made it a member is not told.
        except: Option<(CoreId, ConnectionId)>,
    },
    /// A member left.
    Left {
        /// Who.
        session: Arc<Session>,
        /// Who is not told; nobody, since what made it leave is no subscription any more.
        except: Option<(CoreId, ConnectionId)>,
    },
    /// Something for one subscriber alone.
    Whisper {
        /// Who says it.
        sender: Arc<Session>,
        /// The socket it is for.
        to: Box<str>,
        /// One valid JSON value.
        json: Box<str>,
        /// That socket's connection.
        connection: ConnectionId,
    },
    /// The channel is over for its subscribers: they are told. Whether their connections close depends on the fault and on
    /// their dialect. Never held back. Unless only guests are concerned, home has forgotten the channel, and what has its name
    /// next is another one.
    Ended {
        /// Why.
        fault: Fault,
        /// Only guests are concerned.
        guests: bool,
    },
    /// The channel is for the members of a group: who hears it and is none of them is told, and hears it no more.
    /// Never held back.
    NotFor {
        /// The group.
        group: Arc<Group>,
        /// For whom else it is.
        access: Access,
    },
    /// Publications that were held back while the core was congested, oldest first: with them, and those of the
    /// same kind that follow at once, nothing is missing.
    Heal(Vec<PublicationBytes>),
    /// Publications, joins or leaves were held back and are lost; the next publication comes after this
    /// position.
    Lost(Position),
}
