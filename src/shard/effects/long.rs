//! Input so long that to find out what it asks for would hold up a core: that is done on a thread beside the cores.

use crate::base::limits::Limits;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::session::Session;
use crate::protocol::http::parse_head;
use crate::protocol::websocket::Violation;
use crate::protocol::websocket::deflate::Inflater;
use crate::surface::{Dialect, Endpoint, Incoming, Payload, Request};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Input that is too long to be decoded on a core. Decoding it is a pure function of it.
pub struct Long(Input);

enum Input {
    Message {
        dialect: &'static Dialect,
        payload: Owned,
        session: Arc<Session>,
    },
    Request {
        endpoint: &'static Endpoint,
        head: Vec<u8>,
        parameters: Vec<(&'static str, Cow<'static, str>)>,
        body: Vec<u8>,
        session: Option<Arc<Session>>,
        limits: Arc<Limits>,
        public_url: Box<str>,
        fresh: u64,
    },
}

/// A message's payload.
enum Owned {
    Text(String),
    Binary(Vec<u8>),
    /// As it came, and how long it may be.
    Compressed {
        is_text: bool,
        bytes: Vec<u8>,
        bytes_max: usize,
    },
}

/// What long input asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Decoded {
    /// A message.
    Message(Incoming),
    /// A compressed message that does not become a valid one.
    Violation(Violation),
    /// A request.
    Request(Result<Command, Fault>),
}

impl Long {
    pub(in crate::shard) fn message(
        dialect: &'static Dialect,
        payload: Payload<'_>,
        session: &Arc<Session>,
    ) -> Self {
        let payload = match payload {
            Payload::Text(text) => Owned::Text(text.to_owned()),
            Payload::Binary(bytes) => Owned::Binary(bytes.to_vec()),
        };
        Self(Input::Message { dialect, payload, session: session.clone() })
    }

    /// A message that is inflated first, to so many bytes at most.
    pub(in crate::shard) fn compressed(
        dialect: &'static Dialect,
        is_text: bool,
        payload: &[u8],
        bytes_max: usize,
        session: &Arc<Session>,
    ) -> Self {
        let payload = Owned::Compressed { is_text, bytes: payload.to_vec(), bytes_max };
        Self(Input::Message { dialect, payload, session: session.clone() })
    }

    /// A request, with what it borrows copied.
    pub(in crate::shard) fn request(
        endpoint: &'static Endpoint,
        request: &Request<'_>,
        session: Option<Arc<Session>>,
        limits: Arc<Limits>,
    ) -> Self {
        let parameters =
            request.parameters.iter().map(|(name, value)| (*name, value.clone().into_owned().into()));
        Self(Input::Request {
            endpoint,
            head: request.head.bytes().to_vec(),
            parameters: parameters.collect(),
            body: request.body.to_vec(),
            session,
            limits,
            public_url: request.public_url.into(),
            fresh: request.fresh,
        })
    }

    /// Bytes of the message, as it came, or of the body.
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Input::Message { payload, .. } => payload.bytes(),
            Input::Request { body, .. } => body.len(),
        }
    }

    /// Finds out what it asks for.
    pub fn decode(&self) -> Decoded {
        match &self.0 {
            Input::Message { dialect, payload, session } => {
                let mut inflater = Inflater::default();
                match payload.read(&mut inflater) {
                    Ok(payload) => Decoded::Message((dialect.decode)(payload, session)),
                    Err(violation) => Decoded::Violation(violation),
                }
            }
            Input::Request { endpoint, head, parameters, body, session, limits, public_url, fresh } => {
                let decoded = parse_head(head, |head| {
                    let session = session.as_deref();
                    let request = Request {
                        head,
                        parameters,
                        body,
                        session,
                        limits,
                        public_url,
                        words: &[],
                        fresh: *fresh,
                    };
                    Ok((endpoint.decode)(&request))
                });
                // It was parsed before.
                let unreadable =
                    |_| Err(Fault::new(FaultCode::InvalidRequest, "The request cannot be read."));
                Decoded::Request(decoded.unwrap_or_else(unreadable))
            }
        }
    }
}

impl Owned {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Compressed { bytes, .. } => bytes.len(),
        }
    }

    fn read<'a>(&'a self, inflater: &'a mut Inflater) -> Result<Payload<'a>, Violation> {
        match self {
            Self::Text(text) => Ok(Payload::Text(text)),
            Self::Binary(bytes) => Ok(Payload::Binary(bytes)),
            Self::Compressed { is_text, bytes, bytes_max } => {
                let message = inflater.inflate(bytes, *bytes_max)?.ok_or(Violation::MESSAGE_TOO_BIG)?;
                Payload::of(*is_text, message).ok_or(Violation::INVALID_UTF8)
            }
        }
    }
}

/// Never what it says, which may be secret.
impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Long({} bytes)", self.bytes())
    }
}

/// Equal is only what is the very same: input may be secret, and long.
impl PartialEq for Long {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Long {}
