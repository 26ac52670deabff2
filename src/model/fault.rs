//! Faults of the outside: one table of codes, mapped by each surface to its own shape.

use std::borrow::Cow;

/// What kind of fault it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FaultCode {
    /// The bytes are not the JSON (or form) they should be.
    InvalidSyntax,
    /// A message of a type that the dialect does not have.
    UnknownType,
    /// The channel's name is malformed or of no known namespace.
    InvalidChannel,
    /// The channel has no such event.
    InvalidEvent,
    /// A field is missing or out of range.
    InvalidRequest,
    /// A field that is needed is not there.
    MissingField,
    /// Credentials that do not hold.
    Unauthenticated,
    /// No credentials.
    NoCredentials,
    /// The user is not known, or the password is another one.
    WrongPassword,
    /// Known, but not allowed.
    Forbidden,
    /// Guests may not subscribe here.
    GuestsRefused,
    /// Clients may not say this here: public or private messages are switched off.
    MessagingOff,
    /// Only those who proved who they are may say this here.
    GuestsMuted,
    /// This needs a subscription to the channel first.
    NotSubscribed,
    /// Whom a message is for does not hear the channel.
    NoSuchMember,
    /// The realm has no such channel, or it is not active.
    NoSuchChannel,
    /// The channel was deleted or switched off while it was heard.
    ChannelDeleted,
    /// The name is taken.
    NameTaken,
    /// No such thing, or no such path.
    NotFound,
    /// The path exists, the method does not; the detail lists the allowed methods for `Allow`.
    MethodNotAllowed,
    /// The thing exists already, or its state does not allow this.
    Conflict,
    /// More bytes than the limit.
    TooLarge,
    /// A quota is used up; try later.
    RateLimited,
    /// A table is full; trying again at once will not help.
    LimitExceeded,
    /// A core's queue is full; try again.
    Overloaded,
    /// The node is going away or not ready.
    Unavailable,
}

impl FaultCode {
    /// Every code.
    pub const ALL: [Self; 26] = [
        Self::InvalidSyntax,
        Self::UnknownType,
        Self::InvalidChannel,
        Self::InvalidEvent,
        Self::InvalidRequest,
        Self::MissingField,
        Self::Unauthenticated,
        Self::NoCredentials,
        Self::WrongPassword,
        Self::Forbidden,
        Self::GuestsRefused,
        Self::MessagingOff,
        Self::GuestsMuted,
        Self::NotSubscribed,
        Self::NoSuchMember,
        Self::NoSuchChannel,
        Self::ChannelDeleted,
        Self::NameTaken,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::RateLimited,
        Self::LimitExceeded,
        Self::Overloaded,
        Self::Unavailable,
    ];
}

const _: () = assert!(FaultCode::Unavailable as usize + 1 == FaultCode::ALL.len());

/// A fault with its sentence for the person who meets it: what happened, why, what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The kind.
    pub code: FaultCode,
    /// The sentence. Never contains a secret.
    pub message: Cow<'static, str>,
    /// Where in the request it is, if one place is to blame.
    pub place: Option<FaultPlace>,
    /// What it is about, where a code is told of more than one kind of thing.
    pub subject: Option<Subject>,
    /// Seconds after which the same may succeed, if it is known that waiting helps.
    pub retry_after_s: Option<u32>,
}

/// What a fault is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// A call.
    Call,
    /// A circle that the socket is not in, or has too many of.
    Circle,
    /// A conversation.
    Conversation,
    /// A chat message.
    Message,
    /// A device.
    Device,
    /// A browser that can be sent messages.
    PushSubscription,
    /// A huddle.
    Huddle,
    /// Whose screen is shown.
    Screen,
    /// A recording.
    Recording,
    /// The TURN servers' credentials.
    Turn,
    /// What a person says of its state.
    Status,
}

/// A place in a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultPlace {
    /// A parameter or field, by its name.
    Parameter(&'static str),
    /// A character of a text.
    Text {
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
}

impl Fault {
    /// A fault with its sentence. Queues have room again within a second, and what failed is tried again every second, so that
    /// is how long to wait where nobody says otherwise.
    pub fn new(code: FaultCode, message: impl Into<Cow<'static, str>>) -> Self {
        let soon = matches!(code, FaultCode::RateLimited | FaultCode::Overloaded | FaultCode::Unavailable);
        Self { code, message: message.into(), place: None, subject: None, retry_after_s: soon.then_some(1) }
    }

    /// The fault with the seconds after which the same may succeed; `None` if waiting does not help, or nobody knows for
    /// how long.
    pub fn retry_after(self, retry_after_s: impl Into<Option<u32>>) -> Self {
        Self { retry_after_s: retry_after_s.into(), ..self }
    }

    /// The fault with what it is about.
    pub fn about(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// The fault with the place that is to blame.
    pub fn at(self, place: FaultPlace) -> Self {
        Self { place: Some(place), ..self }
    }
}
