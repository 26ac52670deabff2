//! What is told unasked.

use crate::model::channel::Position;
use crate::model::fault::Fault;
use crate::model::people::event::Event;
use crate::model::people::shown::Shown;
use crate::model::publication::{ArchivedPublication, Client, PublicationBytes};
use crate::model::relay::Relayed;
use crate::model::session::Session;
use std::sync::Arc;

/// What a client is told about its own connection, unasked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Its credentials end: it is heard and told nothing more then.
    TokenEnds {
        /// Seconds from now, rounded up.
        in_s: u64,
    },
}

/// What subscribers of a channel are told unasked. Encoded once per dialect and core.
#[derive(Clone, Copy)]
pub enum Push<'a> {
    /// Something was published.
    Publication(&'a ArchivedPublication),
    /// What history had when the subscriber came, or asked: oldest first.
    History(&'a [PublicationBytes]),
    /// Who was present when the subscriber came.
    Members(&'a [Arc<Session>]),
    /// A member joined (presence).
    Joined(&'a Session),
    /// A member left (presence).
    Left(&'a Session),
    /// Somebody said something to this subscriber alone.
    Whisper {
        /// Who.
        sender: &'a Client,
        /// This subscriber's socket.
        to: &'a str,
        /// One valid JSON value.
        json: &'a str,
    },
    /// The channel is over for this subscriber, whose connection closes after this.
    Ended(&'a Fault),
    /// Publications were lost for this subscriber; the next one comes after this position.
    Gap(Position),
    /// Who is in the circle that a socket has come to. Some of it: what is appended belongs to what was appended before.
    Shown {
        /// All of them, sorted by user, so that those of one user follow each other.
        cards: &'a Shown,
        /// The first of those that are told with this.
        from: usize,
        /// The one after the last.
        to: usize,
    },
    /// People are told something.
    People(&'a Event),
    /// Connections are told something past any channel: those of a group, or this one alone.
    Relayed(&'a Relayed),
    /// The socket's stay in a circle, which it calls so, is over.
    Closed(Option<&'a str>),
    /// Something is lost of a circle, so the socket's stay there, which it calls so, is over. It may come again at once.
    Failed(Option<&'a str>),
}
