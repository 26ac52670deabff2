//! Huddles: people who talk without having been rung.

use super::UserId;
use super::signal::{Medium, Signal};
use crate::model::fault::Fault;
use std::sync::Arc;

/// Somebody in a huddle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HuddleParticipant {
    /// Who.
    pub user: UserId,
    /// Since when, milliseconds since 1970.
    pub joined_ms: u64,
    /// Whether it sends sound.
    pub audio: bool,
    /// Whether it sends pictures.
    pub video: bool,
    /// Whether it has raised its hand.
    pub hand: bool,
}

/// A huddle as those who are of it see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HuddleView {
    /// Its id.
    pub id: Arc<str>,
    /// What it is called.
    pub name: Arc<str>,
    /// The conversation that it belongs to.
    pub conversation: Option<Arc<str>>,
    /// Who made it.
    pub creator: UserId,
    /// When, milliseconds since 1970.
    pub created_ms: u64,
    /// Who is in it.
    pub participants: Vec<HuddleParticipant>,
    /// Who shows its screen.
    pub screen: Option<UserId>,
    /// How many may be in it.
    pub participants_max: u32,
}

/// What is asked of a huddle that exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HuddleAct {
    /// What it is.
    Get,
    /// Join it, without a socket.
    Join,
    /// Leave it.
    Leave,
    /// Let others know of it, and in.
    Invite {
        /// Whom.
        users: Vec<Box<str>>,
    },
    /// Begin or stop to send sound or pictures.
    Toggle {
        /// Which of them.
        medium: Medium,
        /// Begin.
        enabled: bool,
    },
    /// Begin or stop to show one's screen. One at a time.
    Screen {
        /// Begin.
        enabled: bool,
    },
    /// Raise the hand or take it down.
    Hand {
        /// Raise it.
        raised: bool,
    },
    /// Say something to all.
    Say {
        /// The text.
        content: Box<str>,
    },
    /// Say something to another person's program.
    Signal(Box<Signal>),
    /// Something that makes no sense. Whoever may ask for anything here is told so.
    Wrong(Box<Fault>),
}
