//! Floor 5: the command line. Results go to stdout, errors to stderr; exit codes are 0 for success, 1 for
//! failure, 2 for wrong usage.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "floor 5 talks to the terminal and the machine"
)]

mod arguments;
mod ask;
mod backup;
pub mod banner;
mod check;
mod config;
pub mod doctor;
mod duration;
mod export;
mod figures;
mod hash_password;
mod pages;
mod serve;
mod status;
mod token;
mod top;

use crate::base::time::Now;
use crate::config::{Config, Sources};
use arguments::{Arguments, Command};
use clap::Parser;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs the command of this process's arguments to its end.
pub fn main() -> ExitCode {
    // Wrong usage, `--help` and `--version` end the process in here, with 2, 0 and 0.
    let arguments = Arguments::parse();
    let mut sources = arguments.sources.into_sources();
    if let Some(Command::Serve { tls_self_signed: true }) = arguments.command {
        sources.flags.push("tls.self_signed=true".into());
    }
    let result = match arguments.command {
        None | Some(Command::Serve { .. }) => serve::run(&sources),
        Some(Command::Check { against, key_file }) => {
            check::run(&sources, against.as_deref(), key_file.as_deref())
        }
        Some(Command::Config { default }) => config::run(&sources, default),
        Some(Command::Token(wanted)) => token::run(&sources, wanted),
        Some(Command::Export) => export::export(&sources),
        Some(Command::Import) => export::import(&sources),
        Some(Command::Backup { out }) => backup::run(&sources, out.as_deref()),
        Some(Command::HashPassword) => hash_password::run(),
        Some(Command::Status { ready }) => status::run(&sources, ready),
        Some(Command::Top { every, count }) => top::run(&sources, Duration::from_secs(every), count),
        Some(Command::Doctor) => doctor::run(&sources),
        Some(Command::Completions { shell }) => pages::completions(shell),
        Some(Command::Man { all }) => pages::manual(all.as_deref()),
        Some(Command::Version) => print(format_args!("corecast {}", env!("CARGO_PKG_VERSION"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // It is no failure that whoever reads the output has seen enough of it, as `head` has.
        Err(Failure::Unread) => ExitCode::SUCCESS,
        Err(Failure::Said(message)) => {
            // Without stderr there is no one to tell.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

/// Why a command ends before its end.
#[derive(Debug)]
enum Failure {
    /// As it is printed.
    Said(String),
    /// Nobody reads the output any more, so there is nobody to go on for.
    Unread,
}

impl<E: Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Said(error.to_string())
    }
}

/// The configuration; what is odd about it is told on stderr.
fn load(sources: &Sources) -> Result<Config, Failure> {
    let config = Config::load(sources)?;
    config.warnings.iter().for_each(warn);
    Ok(config)
}

/// Tells of something odd on stderr.
fn warn(warning: &impl Display) {
    // Without stderr there is no one to warn.
    let _ = writeln!(io::stderr(), "warning: {warning}");
}

/// Prints to stdout.
fn print(text: impl Display) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// What came of writing to stdout.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Unread,
        _ => Failure::Said(format!("the output cannot be written: {error}")),
    })
}

/// The wall clock, for the times in tokens.
fn now() -> Now {
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Now { monotonic_us: 0, unix_ms: u64::try_from(unix_ms).unwrap_or(u64::MAX) }
}
