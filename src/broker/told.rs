//! What the parts of the broker that are about people want told, to whom. They name people, sockets and circles; the
//! shard knows on which cores those are.

use crate::model::channel::ChannelName;
use crate::model::people::UserId;
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::event::Event;
use crate::model::people::status::{Custom, Status};
use std::sync::Arc;

/// Who asks for something.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The user.
    pub user: &'a UserId,
    /// The connection that it asks on.
    pub socket: SocketId,
    /// A number that no other request of this node has, hard to guess: for ids.
    pub fresh: u64,
}

/// Something to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// To all sockets in a circle.
    Circle {
        /// The circle.
        circle: Circle,
        /// The name of its ring.
        channel: ChannelName,
        /// What.
        event: Arc<Event>,
        /// The socket that is left out.
        except: Option<SocketId>,
    },
    /// To the sockets of some people, once to each: in a circle if it is there, at its door if not.
    People {
        /// Who.
        users: Arc<[UserId]>,
        /// The circle.
        circle: Circle,
        /// The door.
        door: Circle,
        /// What.
        event: Arc<Event>,
        /// The socket that is left out.
        except: Option<SocketId>,
        /// What becomes of the ringing.
        ring: Ringing,
    },
    /// To these sockets: in a circle if it is there, at its door if not.
    Sockets {
        /// Which.
        sockets: Vec<SocketId>,
        /// The circle.
        circle: Circle,
        /// The door.
        door: Circle,
        /// What.
        event: Arc<Event>,
    },
    /// These sockets are in a circle no longer.
    Out {
        /// Which.
        sockets: Vec<SocketId>,
        /// The circle.
        circle: Circle,
    },
    /// To every core: how a person is.
    Person {
        /// Who.
        user: UserId,
        /// What is new.
        news: PersonNews,
    },
}

/// What becomes of the ringing of a call with those who are told. Who comes to the door later is told of what rings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ringing {
    /// Nothing.
    Unchanged,
    /// It begins for all who are told.
    Begins,
    /// It is over for these.
    Over(Arc<[UserId]>),
}

/// What is new of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PersonNews {
    /// It says something else of its state.
    Status(Status),
    /// It has other words for what it does.
    Custom(Option<Custom>),
    /// Its last socket is gone.
    Offline {
        /// When, seconds since 1970.
        seen_s: u64,
    },
}
