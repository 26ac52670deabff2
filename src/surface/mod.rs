//! Floor 2: the published APIs. A surface is a folder here, a line in [`list`], a config table. It decodes one
//! request to one [`Command`] and encodes one [`Reply`]; it keeps no state and awaits nothing.

mod bearer;
mod json;
pub mod list;
mod mdaemon;
pub mod node;
pub mod quikapp;
mod retrochat;
pub mod router;
pub mod skapi;
#[cfg(test)]
mod testing;
pub mod xano;

use crate::base::limits::Limits;
use crate::model::channel::ChannelName;
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::reply::{Notice, Push, Reply};
use crate::model::session::{Scopes, Session};
use crate::protocol::http::{Head, Method, Response};
use std::borrow::Cow;

/// One published API.
pub struct Surface {
    /// Its name in config and docs.
    pub name: &'static str,
    /// Paths that start with one of these belong to it: a path below that matches no endpoint is answered
    /// in this surface's error shape. A prefix is whole segments: `/v1` covers `/v1` and `/v1/x`, not `/v10`.
    pub prefixes: &'static [&'static str],
    /// Where this surface's requests, with their bodies, carry their credentials: a bearer token or key, not yet
    /// verified.
    pub credentials: for<'a> fn(&Head<'a>, &'a [u8]) -> Option<Cow<'a, str>>,
    /// Names of query parameters in which its clients carry credentials. Answers to a request that has one of them, of
    /// whatever surface, are not to be kept by a cache.
    pub secret_parameters: &'static [&'static str],
    /// Whether slashes at the end of a path say nothing.
    pub ignores_last_slash: bool,
    /// Its HTTP endpoints.
    pub endpoints: &'static [Endpoint],
    /// Its WebSocket endpoints.
    pub sockets: &'static [Socket],
    /// A fault in its HTTP error shape.
    pub encode_fault: fn(&Fault) -> Response,
}

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndpointAccess {
    /// Anyone.
    Open,
    /// Anyone: the request carries its own proof, a password, the session that it ends, or a signed link.
    Proof,
    /// A session with these scopes.
    Scoped(Scopes),
}

/// A method on a path template (`/v1/rooms/{id}`, the syntax of `matchit`).
pub struct Endpoint {
    /// The method. `HEAD` is served by the endpoint for `GET`.
    pub method: Method,
    /// The path template.
    pub path: &'static str,
    /// Who may call.
    pub access: EndpointAccess,
    /// The request as a command.
    pub decode: fn(&Request<'_>) -> Result<Command, Fault>,
    /// The reply as a response; never called with [`Reply::Fault`].
    pub encode: fn(&Reply) -> Response,
}

/// A path where a WebSocket can be opened.
pub struct Socket {
    /// The path template.
    pub path: &'static str,
    /// Who may open it.
    pub access: EndpointAccess,
    /// The language spoken on it, where the request chooses no other.
    pub language: Language,
    /// The languages that a request may choose.
    pub choices: Choices,
    /// The template's parameter that carries a realm's key, where sockets of this path belong to a realm: whoever
    /// opens one gets a place there. A key that no realm has is answered with 404.
    pub realm: Option<&'static str>,
    /// Whether credentials that are missing or do not hold open the socket nevertheless, as a guest's.
    pub guests: bool,
    /// Which of the subprotocols that a client offers is accepted.
    pub protocol: Subprotocol,
    /// The device that a request speaks for, where sockets of this path are people's: by it they are told of each other.
    /// Gets a number that no other request has.
    pub device: Option<for<'a> fn(&Head<'a>, u64) -> String>,
    /// Whether others can reach its connections, by their handles and by their users.
    pub reachable: bool,
    /// A refusal to open the socket, where that is not told as any other fault of the surface.
    pub encode_refusal: Option<fn(&Fault) -> Response>,
}

/// Which subprotocol is accepted. Browsers give up on a connection that accepts none of those that were offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subprotocol {
    /// None.
    None,
    /// The one that is offered first: of clients that send their credentials in its place.
    First,
    /// This one, if it is offered. Beside it credentials may be offered, which are never accepted; see `bearer`.
    Named(&'static str),
}

impl Subprotocol {
    /// The one of these that is accepted.
    pub fn accepted<'a>(self, mut offered: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        match self {
            Self::None => None,
            Self::First => offered.next(),
            Self::Named(name) => offered.find(|offer| *offer == name),
        }
    }
}

impl Socket {
    /// A socket outside of realms, without subprotocols.
    pub const fn open(path: &'static str, access: EndpointAccess, language: Language) -> Self {
        Self {
            path,
            access,
            language,
            choices: Choices::NONE,
            realm: None,
            guests: false,
            protocol: Subprotocol::None,
            device: None,
            reachable: false,
            encode_refusal: None,
        }
    }

    /// The language that a request asks for; `None` if it asks for one that there is not.
    pub fn language_for(&'static self, head: &Head<'_>) -> Option<&'static Language> {
        let wanted =
            if self.choices.languages.is_empty() { None } else { head.query_value(self.choices.parameter) };
        let Some(wanted) = wanted else { return Some(&self.language) };
        let mut languages = self.choices.languages.iter();
        languages.find(|(value, _)| *value == wanted).map(|(_, language)| language)
    }
}

/// Languages of a socket that the request chooses by a parameter of its query, such as a version.
#[derive(Clone, Copy)]
pub struct Choices {
    /// The parameter's name.
    pub parameter: &'static str,
    /// Its values, and what is spoken then. A request without the parameter gets the socket's own language, one with
    /// another value is refused.
    pub languages: &'static [(&'static str, Language)],
}

impl Choices {
    /// One language for everybody.
    pub const NONE: Self = Self { parameter: "", languages: &[] };
}

/// What is spoken on a socket.
#[derive(Clone, Copy)]
pub enum Language {
    /// Messages are commands in this dialect.
    Dialect(&'static Dialect),
    /// Every message goes back as it came, text or binary. `shard` does it; served only where the operator
    /// has switched it on.
    Echo,
}

/// A whole request, as an endpoint decodes it.
pub struct Request<'a> {
    /// Request line and headers.
    pub head: &'a Head<'a>,
    /// Values of the template's parameters, percent-decoded, in order of appearance.
    pub parameters: &'a [(&'static str, Cow<'a, str>)],
    /// The body, whole.
    pub body: &'a [u8],
    /// Who asks; always there on endpoints that are not open.
    pub session: Option<&'a Session>,
    /// The bounds of this node.
    pub limits: &'a Limits,
    /// Where the surface is reached from outside, without a slash at the end; empty where the configuration does not say.
    pub public_url: &'a str,
    /// What authorities of certificates are told, by the tokens that they ask for.
    pub words: &'a [(Box<str>, Box<str>)],
    /// A number that no other request of this node's life has, hard to guess: for ids made by a surface.
    pub fresh: u64,
}

impl Request<'_> {
    /// The value of a template parameter; empty if the template has none of that name.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }
}

/// A surface's WebSocket language. Pure functions; everything is JSON text unless a dialect says otherwise.
pub struct Dialect {
    /// Index into [`list::DIALECTS`].
    pub index: usize,
    /// One message as a command.
    pub decode: fn(message: Payload<'_>, session: &Session) -> Incoming,
    /// Appends the text of a reply to a session, a fault included; nothing if the dialect does not tell this.
    pub encode_reply: fn(out: &mut Vec<u8>, reply: &Reply, correlation: Option<&str>, session: &Session),
    /// Appends the text of a push; nothing if the dialect does not tell this.
    pub encode_push: fn(out: &mut Vec<u8>, channel: &ChannelName, push: Push<'_>),
    /// Appends the text of a notice about the connection; nothing if the dialect does not tell this.
    pub encode_notice: fn(out: &mut Vec<u8>, notice: Notice),
    /// Whether the connection closes when a channel is over that it hears. If not, [`Push::Ended`] tells it that
    /// this one subscription is, and the others go on.
    pub closes_at_end: bool,
    /// Whether its clients try once to come back, some seconds after their socket closed, and then never: at the end of
    /// the process these sockets close last.
    pub returns_once: bool,
}

/// A whole message as its socket carried it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload<'a> {
    /// Of text.
    Text(&'a str),
    /// Of bytes.
    Binary(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// Of these bytes; `None` if they should be text and are not UTF-8.
    pub fn of(is_text: bool, bytes: &'a [u8]) -> Option<Self> {
        if !is_text {
            return Some(Self::Binary(bytes));
        }
        str::from_utf8(bytes).ok().map(Self::Text)
    }

    /// Its bytes, whatever it is of.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// A decoded message.
#[derive(Clone, PartialEq, Debug)]
pub struct Incoming {
    /// What the client asks for, or what is wrong with it.
    pub command: Result<Command, Fault>,
    /// The client's own name for this request, as raw JSON, given back with the reply.
    pub correlation: Option<Box<str>>,
    /// Where the message cannot even be answered: how the connection ends.
    pub unreadable: Option<Unreadable>,
}

impl Incoming {
    /// A message that is answered with a fault.
    pub fn refused(fault: Fault, correlation: Option<Box<str>>) -> Self {
        Self { command: Err(fault), correlation, unreadable: None }
    }
}

/// Why a message ends its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// It is not of the dialect.
    Malformed,
    /// It is longer than the dialect allows.
    TooLarge,
}
