//! `loadtest compare`: several targets under the same scenarios, round by round, and the reports.
//!
//! Each run has a server started for it on one CPU, and the generator on another. Within a round every target runs
//! each scenario once, one right after the other, so that a change in the machine touches all of them alike; ratios
//! are taken within a round, then their median.

mod bars;
mod environment;
mod files;
mod html;
mod markdown;
mod report;
mod series;

use crate::cli::Compare;
use crate::engine;
use crate::failure::Failure;
use crate::output::{note, say};
use crate::scenario::{Load, Scenario};
use crate::sys;
use crate::target::{self, Installed};
use environment::Peer;
use report::Report;
use series::Series;

/// The scenarios of `--quick`.
const QUICK: [&str; 7] =
    ["fanout", "fanout-burst", "fanout-saturated", "chat", "chat-saturated", "idle", "round-trip"];
/// Those of a whole comparison.
const WHOLE: [&str; 14] = [
    "fanout",
    "fanout-burst",
    "fanout-saturated",
    "fanout-saturated-burst",
    "fanout-saturated-1k",
    "chat",
    "chat-paced",
    "chat-saturated",
    "round-trip",
    "idle",
    "idle-distinct",
    "connect-storm",
    "reconnect-storm",
    "slow-consumer",
];
const ROUNDS: u32 = 5;
const ROUNDS_QUICK: u32 = 2;

/// Runs the series and writes the reports, partial ones too. An error says what is wrong with the result.
pub fn run(arguments: &Compare) -> Result<(), Failure> {
    let scenarios = scenarios(arguments)?;
    for scenario in &scenarios {
        engine::check_files(scenario)?;
    }
    let bars = arguments.bars.as_deref().map_or(Ok(Vec::new()), bars::load).map_err(Failure::Usage)?;
    let mut peers = Vec::new();
    for name in &arguments.targets {
        let target = target::by_name(name, &arguments.starting.options())?;
        peers.push(Peer::new(target.name(), &target.installed()));
        if let Installed::Missing(install) = target.installed() {
            note(format_args!("{name} is missing: {install}"));
        }
    }
    if peers.iter().all(|peer| peer.missing.is_some()) {
        return Err(Failure::Failed("none of these targets is installed".to_owned()));
    }
    let cpu = arguments.cpu.first().copied().unwrap_or(0);
    sys::pin_to(cpu).map_err(|error| Failure::Usage(format!("cannot run on CPU {cpu}: {error}")))?;
    let rounds = arguments.rounds.unwrap_or(if arguments.quick { ROUNDS_QUICK } else { ROUNDS });
    let mut series = Series::new(arguments, scenarios, rounds, peers);
    let ended = series.run();
    let report = Report::new(series, &bars, ended.is_ok());
    files::write(&report, &arguments.out)?;
    say(markdown::page(&report));
    say(format_args!(
        "written: {0}/report.json, report.md, report.html, plots/, hdr/",
        arguments.out.display()
    ));
    ended?;
    report.verdict()
}

/// The scenarios asked for, with the changes asked for.
fn scenarios(arguments: &Compare) -> Result<Vec<Scenario>, Failure> {
    let default: &[&str] = if arguments.quick { &QUICK } else { &WHOLE };
    let names: Vec<String> = if arguments.scenarios.is_empty() {
        default.iter().map(|&name| name.to_owned()).collect()
    } else {
        arguments.scenarios.clone()
    };
    let scenarios =
        names.iter().map(|name| scenario(name, arguments)).collect::<Result<Vec<Scenario>, Failure>>()?;
    let named = |change: &str| scenarios.iter().any(|scenario| scenario.name == change);
    match arguments.set.iter().find(|change| only(change).is_some_and(|name| !named(name))) {
        Some(change) => Err(Failure::Usage(format!("--set {change}: that scenario is not run"))),
        None => Ok(scenarios),
    }
}

/// The scenario that a change is for, if it names one.
fn only(change: &str) -> Option<&str> {
    change.split_once(':').map(|(name, _)| name).filter(|name| !name.contains('='))
}

fn scenario(name: &str, arguments: &Compare) -> Result<Scenario, Failure> {
    let plain = Scenario::load(name, &[]).map_err(Failure::Usage)?;
    let times: &[&str] = match (arguments.quick, plain.load) {
        (true, Load::Idle) => &["warmup=500ms", "duration=500ms"],
        (true, _) => &["warmup=300ms", "duration=1200ms"],
        (false, Load::Idle) => &[],
        (false, _) => &["warmup=1s", "duration=5s"],
    };
    let mut changes: Vec<String> = times.iter().map(|&time| time.to_owned()).collect();
    for change in &arguments.set {
        match only(change) {
            Some(name) if name == plain.name => changes.push(change[name.len() + 1..].to_owned()),
            Some(_) => {}
            // One client is what a scenario of one client is about.
            _ if plain.clients == 1 && change.starts_with("clients=") => {}
            _ => changes.push(change.clone()),
        }
    }
    Scenario::load(name, &changes).map_err(Failure::Usage)
}
