//! What two programs say to each other so that their people hear and see each other.

/// What kind it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignalKind {
    /// What one side proposes.
    Offer,
    /// What the other side takes of it.
    Answer,
    /// A way by which one side can be reached.
    Candidate,
}

/// Something for another person of the same call or huddle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signal {
    /// For whom.
    pub to: Box<str>,
    /// Of which kind.
    pub kind: SignalKind,
    /// One JSON value, handed on to the byte.
    pub json: Box<str>,
}

/// What somebody sends of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Medium {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}
