//! Commands about Web Push.

use crate::model::web_push::{Endpoint, PushAudience, PushKeys, Urgency};

/// What a client asks for about messages to browsers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WebPushCommand {
    /// By which key push services know this node, as a browser needs it to subscribe.
    GetKey,
    /// Send messages for the session's user there from now on.
    Subscribe {
        /// Where.
        endpoint: Endpoint,
        /// What they are encrypted with.
        keys: PushKeys,
    },
    /// Send no more messages for the session's user there.
    Unsubscribe {
        /// Where.
        endpoint: Endpoint,
        /// The keys that it was stored with.
        keys: PushKeys,
    },
    /// Send a message. It is answered when the message is stored, and sent then.
    Send {
        /// To whom.
        audience: PushAudience,
        /// What.
        draft: Box<PushDraft>,
    },
}

/// A message to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushDraft {
    /// What the browser's program gets.
    pub payload: Box<[u8]>,
    /// How soon it is wanted.
    pub urgency: Urgency,
    /// A message that a device has not seen is replaced by a later one of the same key.
    pub collapse_key: Option<Box<str>>,
}
