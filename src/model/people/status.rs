//! What a person says of its state, and what others are told of it.

use super::UserId;
use std::sync::Arc;

/// What a person says of its state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum Status {
    /// Here; said of everybody who has a socket and said nothing else.
    #[default]
    Online,
    /// Here, but not at the screen.
    Away,
    /// Here and occupied.
    Busy,
    /// Wants not to be disturbed.
    Dnd,
    /// Here, and shown to others as if it were not.
    Invisible,
    /// Has no socket.
    Offline,
}

impl Status {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Dnd => "dnd",
            Self::Invisible => "invisible",
            Self::Offline => "offline",
        }
    }

    /// The state that a person can say it is in by this word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Online, Self::Away, Self::Busy, Self::Dnd, Self::Invisible];
        all.into_iter().find(|status| status.word() == word)
    }

    /// What others are shown.
    pub fn shown(self) -> Self {
        if self == Self::Invisible { Self::Offline } else { self }
    }

    /// Whether others see that the person is there.
    pub fn is_visible(self) -> bool {
        !matches!(self, Self::Invisible | Self::Offline)
    }
}

/// A person's own words for what it is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Custom {
    /// The words.
    pub text: Arc<str>,
    /// A picture for them, if one was chosen.
    pub emoji: Option<Arc<str>>,
}

/// What is known of a person, as one asker may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// Its state.
    pub status: Status,
    /// Its own words.
    pub custom: Option<Custom>,
    /// When it was last here, milliseconds since 1970; `None` if it never was, as far as is remembered.
    pub seen_ms: Option<u64>,
    /// Its devices that are here, each with the second since 1970 at which its socket was opened.
    pub devices: Vec<(Arc<str>, u64)>,
}
