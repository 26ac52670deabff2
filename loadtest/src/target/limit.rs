//! The physical limit: a bare loop of sends, built in (see [`mod@crate::reference`]).

use super::plain::Plain;
use super::{Access, Dialect, Installed, Target};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use std::process::Command;

/// The bare send loop.
pub struct Limit {
    /// Length of the frames it sends, in bytes, so that they are as long as those of whom it is compared with.
    pub frame_bytes: usize,
}

impl Target for Limit {
    fn name(&self) -> &'static str {
        "limit"
    }

    fn installed(&self) -> Installed {
        Installed::Version(format!("built in, {}", env!("CARGO_PKG_VERSION")))
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["limit-server", &place.address.to_string()]);
        command.arg(format!("--frame-bytes={}", self.frame_bytes));
        place.launch("limit", command, Ready::Listening)
    }

    fn dialect(&self, _access: &Access) -> Box<dyn Dialect> {
        Box::new(Plain)
    }
}
