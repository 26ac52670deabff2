//! uWebSockets' publish/subscribe, through its Python package: the script only calls it, sending is all C++.

use super::plain::Plain;
use super::{Access, Dialect, Installed, Target};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const SCRIPT: &str = include_str!("../../peers/uws.py");
const INSTALL: &str =
    "python3 -m venv target/peers-venv && target/peers-venv/bin/pip install socketify==0.0.31";

/// uWebSockets.
pub struct Uws;

impl Target for Uws {
    fn name(&self) -> &'static str {
        "uws"
    }

    fn installed(&self) -> Installed {
        let version = "import importlib.metadata as m, socketify; print('socketify', m.version('socketify'))";
        let output = python().and_then(|python| Command::new(python).args(["-c", version]).output().ok());
        match output {
            Some(output) if output.status.success() => {
                Installed::Version(String::from_utf8_lossy(&output.stdout).trim().to_owned())
            }
            _ => Installed::Missing(INSTALL.to_owned()),
        }
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let python = python().ok_or("uws: no Python environment".to_owned())?;
        let script = place.directory().join("uws.py");
        fs::write(&script, SCRIPT)?;
        let mut command = Command::new(python);
        command.arg(script).arg(place.address.port().to_string());
        place.launch("uws", command, Ready::Listening)
    }

    fn dialect(&self, _access: &Access) -> Box<dyn Dialect> {
        Box::new(Plain)
    }
}

/// The environment's Python: `peers-venv` beside the directory of this program or under `target/` here.
fn python() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok()?.ancestors().nth(2)?.join("peers-venv");
    let folders = [beside, PathBuf::from("target/peers-venv")];
    folders.into_iter().map(|folder| folder.join("bin/python")).find(|python| python.exists())
}
