//! `loadtest`: loads realtime brokers, checks every message, and says what a delivery costs.
//!
//! - [`scenario`]: what a run does, as data; [`target`]: the servers, and how their messages are spelled.
//! - [`engine`]: opens connections, publishes and drains; [`oracle`] judges each receipt.
//! - [`launch`] starts servers; [`mod@reference`] is one of them, the bare send loop.
//! - [`outcome`]: one run's result; [`figure`]: its figures, over rounds; [`mod@plots`] draws them; [`histograms`]: its raw form; [`sample`]: the server as the kernel sees it.
//! - [`output`]: what is printed.
//! - [`run`], [`slo`], [`compare`], [`hostile`], [`peers`]: the commands.
//! - [`wire`]: framings, handshake, stamp; [`sys`]: the kernel, and the only `unsafe`.

mod cli;
mod compare;
mod engine;
mod failure;
mod figure;
mod histograms;
mod hostile;
mod launch;
mod oracle;
mod outcome;
mod output;
mod peers;
mod plots;
mod reference;
mod run;
mod sample;
mod scenario;
mod slo;
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
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Hostile(arguments) => hostile::run(&arguments),
        Command::Peers(arguments) => {
            peers::run(&arguments);
            Ok(())
        }
        Command::Scenarios => {
            list_scenarios();
            Ok(())
        }
        Command::LimitServer(arguments) => {
            reference::serve(arguments.address, arguments.frame_bytes).map_err(Failure::from)
        }
    };
    let Err(failure) = result else { return ExitCode::SUCCESS };
    if std::io::stderr().is_terminal() {
        output::note(format_args!("\x1b[31mloadtest: {failure}\x1b[0m"));
    } else {
        output::note(format_args!("loadtest: {failure}"));
    }
    ExitCode::from(failure.code())
}

fn list_scenarios() {
    for name in scenario::names() {
        if let Ok(scenario) = scenario::Scenario::load(name, &[]) {
            output::say(format_args!("{name:<20} {}", scenario.about));
        }
    }
}
