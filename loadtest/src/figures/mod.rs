//! `loadtest figures`: the scenarios and their references, interleaved round by round on servers started fresh for
//! each run, and the five figures that corecast is held to.
//!
//! Servers run on one CPU, the generator on another. Within a round everything runs once, so that a change in the
//! machine touches a scenario and its reference alike; ratios are taken within a round, then their median.

mod bars;
mod report;

use crate::cli::Figures;
use crate::engine::{self, Plan};
use crate::failure::Failure;
use crate::launch::Server;
use crate::outcome::Outcome;
use crate::run::limit_job;
use crate::scenario::{Load, Overrides, Publishers, Scenario};
use crate::{sys, target};
use report::Report;

/// What runs in a round, in this order: the references imitate the frames that the first one saw.
const STEPS: [(&str, &str); 8] = [
    ("fanout", "corecast"),
    ("fanout", "limit"),
    ("fanout-saturated", "corecast"),
    ("chat-saturated", "corecast"),
    ("round-trip", "corecast"),
    ("round-trip", "echo"),
    ("idle", "corecast"),
    ("idle-distinct", "corecast"),
];
/// The length of a publication's frame, until one was seen.
const FRAME_BYTES: usize = 180;

/// Runs the series and writes the report, a partial one too. An error says what is wrong with the result.
pub fn run(arguments: &Figures) -> Result<(), Failure> {
    if !arguments.server.is_file() {
        return Err(Failure::Usage(format!("{} is no file", arguments.server.display())));
    }
    sys::pin_to(arguments.cpu)
        .map_err(|error| Failure::Usage(format!("cannot run on CPU {}: {error}", arguments.cpu)))?;
    let mut results = Vec::new();
    let ended = series(arguments, &mut results);
    let report = Report::new(arguments.rounds, ended.is_ok(), results);
    report.write(&arguments.out)?;
    eprintln!("{}", report.markdown());
    eprintln!("written: {0}/report.json, {0}/report.md", arguments.out.display());
    ended?;
    if let Some(red) = report.results.iter().find_map(|outcome| Some((outcome, outcome.red()?))) {
        let (Outcome { scenario, target, round, .. }, why) = red;
        return Err(Failure::Red(format!("RED: {scenario} on {target}, round {round}: {why}")));
    }
    let missed: Vec<&str> =
        report.figures.iter().filter(|figure| !figure.met()).map(|figure| figure.name).collect();
    if missed.is_empty() {
        Ok(())
    } else {
        Err(Failure::BarMissed(format!("not met: {}", missed.join(", "))))
    }
}

fn series(arguments: &Figures, results: &mut Vec<Outcome>) -> Result<(), Failure> {
    for round in 1..=arguments.rounds {
        let mut frame_bytes = FRAME_BYTES;
        for (name, target) in STEPS {
            let scenario = scenario(name, arguments)?;
            let server = start(arguments, target, &scenario, frame_bytes)?;
            let outcome = step(&scenario, target, &server, frame_bytes, round);
            let last_words = server.last_words();
            drop(server);
            let outcome = match outcome {
                Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                Err(failure) => failed(name, target, round, &failure),
                Ok(outcome) => outcome,
            };
            if name == "fanout" && target == "corecast" && outcome.deliveries > 0 {
                frame_bytes = outcome.frame_bytes.round() as usize;
            }
            eprintln!("round {round}/{}: {}", arguments.rounds, outcome.summary());
            if let Some(red) = outcome.red() {
                eprintln!("RED: {red}");
                eprintln!("the server said last: {}", last_words.as_deref().unwrap_or("nothing"));
            }
            results.push(outcome);
        }
    }
    Ok(())
}

fn scenario(name: &str, arguments: &Figures) -> Result<Scenario, Failure> {
    let scenario = Scenario::named(name).ok_or_else(|| Failure::Failed(format!("no scenario {name}")))?;
    let idle = scenario.load == Load::Idle;
    let clients = match scenario.clients {
        1 => None,
        _ if idle => arguments.idle_clients,
        _ => arguments.clients,
    };
    // Rooms keep their ten members.
    let channels = clients.filter(|_| scenario.channels > 1 && !idle).map(|clients| (clients / 10).max(1));
    let timed = !idle;
    let changes = Overrides {
        clients,
        channels,
        duration: arguments.duration.filter(|_| timed),
        warmup: arguments.warmup.filter(|_| timed),
        ..Overrides::default()
    };
    scenario.with(&changes).map_err(Failure::Usage)
}

fn start(
    arguments: &Figures,
    target: &str,
    scenario: &Scenario,
    frame_bytes: usize,
) -> Result<Server, Failure> {
    match (target, scenario.load) {
        ("echo", _) => Server::echo(arguments.server_cpu),
        ("limit", Load::Paced { rate, burst }) => {
            Server::limit(&limit_job(scenario, (rate, burst), frame_bytes), arguments.server_cpu)
        }
        _ => Server::corecast(&arguments.server, &arguments.server_arg, arguments.server_cpu),
    }
}

fn step(
    scenario: &Scenario,
    target: &str,
    server: &Server,
    frame_bytes: usize,
    round: u32,
) -> Result<Outcome, Failure> {
    let mut scenario = scenario.clone();
    if target == "limit" {
        scenario.publishers = Publishers::Server;
    }
    let target = target::by_name(target, server.key.as_deref(), frame_bytes);
    let target = target.ok_or_else(|| Failure::Failed("a step without a target".to_owned()))?;
    engine::run(&Plan {
        scenario: &scenario,
        target: target.as_ref(),
        address: server.address,
        host: server.address.to_string(),
        path: "/v1/realtime".to_owned(),
        server_pid: Some(server.pid()),
        round,
    })
}

fn failed(scenario: &str, target: &str, round: u32, failure: &Failure) -> Outcome {
    Outcome {
        scenario: scenario.to_owned(),
        target: target.to_owned(),
        round,
        failure: Some(failure.to_string()),
        ..Outcome::default()
    }
}
