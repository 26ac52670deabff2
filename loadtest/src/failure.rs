//! How a command ends other than well.

use std::fmt;
use std::io;

/// Why a command ended, and with it the exit code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The command line asks for something impossible.
    Usage(String),
    /// It could not be done.
    Failed(String),
    /// It was done, and a message was lost, repeated, reordered, misrouted or refused.
    Red(String),
    /// It was done without a fault, and a figure misses its bar.
    BarMissed(String),
    /// It was done, and says nothing about the server: the generator did not keep the schedule.
    Refused(String),
    /// The user stopped it.
    Interrupted,
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Failed(_) | Failure::Red(_) => 1,
            Failure::Usage(_) => 2,
            Failure::BarMissed(_) => 3,
            Failure::Refused(_) => 4,
            Failure::Interrupted => 130,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(why)
            | Failure::Failed(why)
            | Failure::Red(why)
            | Failure::BarMissed(why)
            | Failure::Refused(why) => out.write_str(why),
            Failure::Interrupted => out.write_str("interrupted"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Failed(error.to_string())
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure::Failed(why)
    }
}
