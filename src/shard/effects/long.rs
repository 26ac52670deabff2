//! Input so long that to find out what it asks for would hold up a core: that is done on a thread beside the cores.

use crate::base::limits::Limits;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::session::Session;
use crate::protocol::http::parse_head;
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
}

/// What long input asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Decoded {
    /// A message.
    Message(Incoming),
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

    /// Bytes of the message or the body.
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Input::Message { payload, .. } => payload.borrowed().bytes().len(),
            Input::Request { body, .. } => body.len(),
        }
    }

    /// Finds out what it asks for.
    pub fn decode(&self) -> Decoded {
        match &self.0 {
            Input::Message { dialect, payload, session } => {
                Decoded::Message((dialect.decode)(payload.borrowed(), session))
            }
            Input::Request { endpoint, head, parameters, body, session, limits, public_url, fresh } => {
                let decoded = parse_head(head, |head| {
                    let session = session.as_deref();
                    let request =
                        Request { head, parameters, body, session, limits, public_url, fresh: *fresh };
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
    fn borrowed(&self) -> Payload<'_> {
        match self {
            Self::Text(text) => Payload::Text(text),
            Self::Binary(bytes) => Payload::Binary(bytes),
        }
    }
}

/// Never what it says, which may be secret.
impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Long({} bytes)", self.bytes())
    }
}

/// Each is the same as itself alone.
impl PartialEq for Long {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Long {}
