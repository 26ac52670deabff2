//! How an answer is to be written, known when its request is read.

use crate::model::channel::ChannelName;
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::protocol::http::Connection as Persistence;
use crate::protocol::websocket::deflate::Agreement;
use crate::shard::access::record::Asked;
use crate::surface::{Dialect, Endpoint, Language, Socket, Surface};

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

/// A WebSocket that opens when its voucher holds.
pub(in crate::shard) struct Opening {
    pub surface: &'static Surface,
    pub socket: &'static Socket,
    pub language: &'static Language,
    /// Of the handshake.
    pub key: Box<str>,
    pub protocol: Option<Box<str>>,
    pub agreement: Option<Agreement>,
    /// How it is refused.
    pub refused: Answering,
}

/// A request of several parts: what is answered so far.
pub(in crate::shard) struct Parts {
    /// How the whole answer is to be written.
    expect: Box<Expect>,
    answers: Vec<(ChannelName, Option<Reply>)>,
    missing: usize,
}

impl Parts {
    /// Nothing is answered yet of one part about each of these channels.
    pub fn new(expect: Expect, channels: &[ChannelName]) -> Self {
        let answers = channels.iter().map(|channel| (channel.clone(), None)).collect();
        Self { expect: Box::new(expect), answers, missing: channels.len() }
    }

    /// Takes the answer to one part.
    pub fn take(&mut self, part: u16, reply: Reply) {
        if let Some((_, answer)) = self.answers.get_mut(usize::from(part))
            && answer.replace(reply).is_none()
        {
            self.missing -= 1;
        }
    }

    /// Whether every part is answered.
    pub fn are_whole(&self) -> bool {
        self.missing == 0
    }

    /// The whole answer, and how it is to be written.
    pub fn into_whole(self) -> (Expect, Reply) {
        let answers = self.answers.into_iter().filter_map(|(channel, answer)| Some((channel, answer?)));
        (*self.expect, Reply::Many(answers.collect()))
    }
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
    /// Of a message that was not read, so that nobody knows what it asked for.
    pub fn unread(dialect: &'static Dialect) -> Self {
        Self::Message { dialect, correlation: None, subscribes: None }
    }

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
    /// It is known who asks.
    pub fn note_user(&mut self, session: &Session) {
        if let Some(asked) = self.asked.as_mut().filter(|_| !session.is_guest()) {
            asked.user = Some(session.user.clone());
        }
    }

    pub fn is_last(&self) -> bool {
        self.persistence == Persistence::Close
    }
}
