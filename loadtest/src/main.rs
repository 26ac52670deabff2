//! `loadtest`: loads a realtime broker, checks every message, and says what a delivery costs.
//!
//! - [`scenario`]: what a run does, as data; [`target`]: how a server's messages are spelled.
//! - [`engine`]: one thread that opens connections, publishes and drains; [`oracle`] judges each receipt.
//! - [`mod@reference`]: the echo and the bare send loop that figures are compared with; [`launch`] starts them.
//! - [`figures`]: the interleaved series; [`outcome`]: one run's result; [`sample`]: the server's CPU and memory.
//! - [`wire`]: frames, handshake, stamp; [`sys`]: the kernel, and the only `unsafe`.

mod cli;
mod engine;
mod failure;
mod figures;
mod launch;
mod oracle;
mod outcome;
mod reference;
mod run;
mod sample;
mod scenario;
mod sys;
mod target;
mod wire;

use clap::Parser;
use cli::{Cli, Command};
use failure::Failure;
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    sys::on_interrupt();
    let result = match cli.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Figures(arguments) => figures::run(&arguments),
        Command::EchoServer => reference::echo::serve().map_err(Failure::from),
        Command::LimitServer(arguments) => reference::limit::serve(&reference::limit::Job {
            subscribers: arguments.subscribers,
            rate: arguments.rate,
            burst: arguments.burst,
            payload_bytes: arguments.payload,
            frame_bytes: arguments.frame_bytes,
        })
        .map_err(Failure::from),
    };
    let Err(failure) = result else { return ExitCode::SUCCESS };
    if std::io::stderr().is_terminal() {
        eprintln!("\x1b[31mloadtest: {failure}\x1b[0m");
    } else {
        eprintln!("loadtest: {failure}");
    }
    ExitCode::from(failure.code())
}
