//! Calls: somebody rings others, and they talk.

use super::UserId;
use super::signal::{Medium, Signal};
use crate::model::fault::Fault;
use std::sync::Arc;

/// What a call was begun with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// Sound.
    Audio,
    /// Sound and pictures.
    Video,
}

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallState {
    /// Nobody has answered.
    Ringing,
    /// Somebody has answered.
    Active,
    /// It is over.
    Ended,
}

/// Somebody who talks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Participant {
    /// Who.
    pub user: UserId,
    /// Since when, milliseconds since 1970.
    pub joined_ms: u64,
    /// Whether it sends sound.
    pub audio: bool,
    /// Whether it sends pictures.
    pub video: bool,
}

/// A call as those who are of it see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallView {
    /// Its id.
    pub id: Arc<str>,
    /// The conversation that it belongs to.
    pub conversation: Option<Arc<str>>,
    /// Who began it.
    pub initiator: UserId,
    /// With what.
    pub kind: CallKind,
    /// How far it is.
    pub state: CallState,
    /// When it began, milliseconds since 1970.
    pub started_ms: u64,
    /// Who talks.
    pub participants: Vec<Participant>,
}

/// What is asked of a call that exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallAct {
    /// Take part.
    Answer,
    /// Do not.
    Reject,
    /// End it for all.
    End,
    /// Ring somebody else; by somebody who talks.
    Invite {
        /// Whom.
        user: Box<str>,
    },
    /// Begin or stop to send sound or pictures.
    Toggle {
        /// Which of them.
        medium: Medium,
        /// Begin.
        enabled: bool,
    },
    /// Say something to another person's program.
    Signal(Box<Signal>),
    /// Who talks.
    Participants,
    /// What its people's programs reach each other by.
    IceServers,
    /// Whether it is recorded.
    Recording,
    /// Record it.
    StartRecording,
    /// Record it no longer.
    StopRecording,
    /// Something that makes no sense. Whoever may ask for anything here is told so.
    Wrong(Box<Fault>),
}
