//! `loadtest peers`: what is here, and what would bring the rest.

use crate::cli::Targets;
use crate::output::say;
use crate::target::{self, Installed};

/// Prints a line for each target.
pub fn run(arguments: &Targets) {
    for target in target::all(&arguments.options()) {
        match target.installed() {
            Installed::Version(version) => say(format_args!("{:<16} {version}", target.name())),
            Installed::Missing(install) => say(format_args!("{:<16} missing: {install}", target.name())),
        }
    }
}
