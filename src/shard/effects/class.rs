//! Classes of effects. Who does them differs, and so does how long that may take and what is said if they are not done.

use super::effect::Effect;
use crate::model::fault::{Fault, FaultCode};

/// Who does an effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) enum Class {
    /// The store's thread writes or reads.
    Store,
    /// The store's thread copies all there is, between its other work.
    Copy,
    /// A thread checks a password.
    Password,
    /// A thread calls somebody outside.
    Outbound,
    /// Finding out what long input asks for.
    Decode,
    /// A thread reads the node's settings.
    Settings,
    /// The recorder begins or ends a recording.
    Recorder,
    /// A thread reads or deletes files of recordings.
    File,
}

/// How many classes there are; named by the last.
pub(super) const CLASSES: usize = Class::File as usize + 1;

/// Passwords of the whole node that wait for their check, or are checked. One check takes some 20 ms.
pub(super) const CHECKS_MAX: usize = 64;

impl Class {
    /// The class of an effect.
    pub fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Write(_) | Effect::Replace(..) | Effect::Find(..) | Effect::Read(_) => Self::Store,
            Effect::Backup { .. } => Self::Copy,
            Effect::Verify { .. } => Self::Password,
            Effect::Push(_) => Self::Outbound,
            Effect::Decode(_) => Self::Decode,
            Effect::Settings(_) => Self::Settings,
            Effect::Recorder(_) => Self::Recorder,
            Effect::File(_) => Self::File,
        }
    }

    /// Microseconds within which one is done; whoever waits for longer is answered with [`Class::late`].
    /// `call_us_max` is the longest that a call takes.
    pub fn deadline_us(self, call_us_max: u64) -> Option<u64> {
        match self {
            // A disk that is slower than this is one that failed.
            Self::Store | Self::Recorder => Some(5_000_000),
            // A copy takes as long as there is much to copy. Whoever fetches a file waits as long as it likes.
            Self::Copy | Self::File => None,
            // Files on a disk that is slower than this are on one that failed.
            Self::Settings => Some(30_000_000),
            // Nothing is answered before, and the connection is not read: it waits in order.
            Self::Decode => None,
            // Everybody before it in a full queue is checked in less.
            Self::Password => Some(5_000_000),
            // The thread gives a call up at its time, and tells that as soon as it comes to it.
            Self::Outbound => Some(call_us_max + 5_000_000),
        }
    }

    /// What is said while as many are under way as may be.
    pub fn full(self) -> Fault {
        match self {
            Self::Store => Fault::new(
                FaultCode::Overloaded,
                "More changes wait for the disk of this node than its queue holds, so this was not done. Try again shortly.",
            ),
            Self::Copy => Fault::new(
                FaultCode::Conflict,
                "A backup of this node is under way. Wait for its end, or try again later.",
            ),
            Self::Password => Fault::new(
                FaultCode::Overloaded,
                "More logins wait for their check than this node's queue holds. Try again shortly.",
            ),
            Self::Outbound => Fault::new(
                FaultCode::Overloaded,
                "As many calls to servers outside are under way as this node makes at a time, so this one was not made. \
                 Try again shortly.",
            ),
            Self::Decode => Fault::new(
                FaultCode::Overloaded,
                "More long messages wait to be read than this node's queue holds. Try again shortly.",
            ),
            Self::Settings => Fault::new(
                FaultCode::Conflict,
                "The settings of this node are being read for somebody else. Try again shortly.",
            ),
            Self::File => Fault::new(
                FaultCode::Overloaded,
                "More files wait to be read than this node's queue holds. Try again shortly.",
            ),
            Self::Recorder => Fault::new(
                FaultCode::Overloaded,
                "More recordings are about to begin or end than this node's queue holds. Try again shortly.",
            ),
        }
    }

    /// What is said to a user that has its share of those under way.
    pub fn share_taken(self) -> Fault {
        let sentence = match self {
            Self::Decode => {
                "As many of your long messages wait to be read as your share of this node's queue holds, so this one was not. Try \
                 again shortly."
            }
            _ => {
                "As many of your changes wait for the disk of this node as your share of its queue holds, so this was not done. \
                 Try again shortly."
            }
        };
        Fault::new(FaultCode::Overloaded, sentence)
    }

    /// What is said of one that takes too long.
    pub fn late(self) -> Fault {
        let sentence = match self {
            Self::Store | Self::Copy | Self::File => {
                "The disk of this node does not answer, so it is not known whether this could be stored. \
                 Look at it again later before you repeat it."
            }
            Self::Decode => "The message could not be read in time, so nothing was done. Try again shortly.",
            Self::Password => {
                "The password could not be checked in time, so nobody was logged in. Try again shortly."
            }
            Self::Settings => {
                "The files of this node's configuration could not be read in time, so it is not known whether it is taken over. \
                 Its log will say."
            }
            Self::Recorder => {
                "The recorder of this node does not answer, so it is not known what became of the recording. Ask for its status \
                 later."
            }
            Self::Outbound => {
                "The server outside did not answer in time, so it is not known whether it did what it was asked for."
            }
        };
        Fault::new(FaultCode::Unavailable, sentence)
    }
}
