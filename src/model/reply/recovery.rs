//! What a subscriber gets of what it missed.

use crate::model::publication::PublicationBytes;

/// What became of a wish to recover.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// None was asked for.
    NotAsked,
    /// What came after the given position, oldest first; nothing is missing.
    Complete(Vec<PublicationBytes>),
    /// The position cannot be continued: publications are missing. What history has follows, oldest first.
    Gap(Vec<PublicationBytes>),
}
