//! How an answer is to be written, known when its request is read.

use crate::model::channel::ChannelName;
use crate::protocol::http::Connection as Persistence;
use crate::shard::access::Asked;
use crate::shard::requests::many::Parts;
use crate::shard::requests::vouchers::Opening;
use crate::surface::{Dialect, Endpoint, Surface};

/// How the answer to a request is to be written.
pub(in crate::shard) enum Expect {
    /// As a message of a dialect.
    Message {
        dialect: &'static Dialect,
        correlation: Option<Box<str>>,
        /// The channel, if the request is a subscribe.
        subscribes: Option<ChannelName>,
    },
    /// As the answer to a handshake.
    Opening(Box<Opening>),
    /// As the inner one says, when all parts are answered; it takes this one's place then.
    Parts(Parts),
    /// As an HTTP response.
    Response { surface: &'static Surface, endpoint: &'static Endpoint, answering: Answering },
}

/// What an answer needs to know of its request.
#[derive(Clone, Debug)]
pub(in crate::shard) struct Answering {
    pub head_only: bool,
    pub persistence: Persistence,
    /// The browser's origin, if it may read the answer.
    pub origin: Option<Box<str>>,
    /// The request or its answer has credentials where a cache would keep them.
    pub secret: bool,
    /// What the access log needs of the request, if there is one.
    pub asked: Option<Box<Asked>>,
}

impl Expect {
    /// Whether the request is a subscribe.
    pub fn subscribes(&self) -> bool {
        matches!(self, Expect::Message { subscribes: Some(_), .. })
    }

    /// Whether nothing may follow the answer.
    pub fn is_last(&self) -> bool {
        matches!(self, Expect::Response { answering, .. } if answering.is_last())
    }
}

impl Answering {
    pub fn is_last(&self) -> bool {
        self.persistence == Persistence::Close
    }
}
