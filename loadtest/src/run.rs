//! `loadtest run`: one scenario on one target, once, or as often as a search for a rate needs.

use crate::cli;
use crate::engine::{self, Plan, Run, Shared};
use crate::failure::Failure;
use crate::launch::{Place, Server};
use crate::output::{note, say};
use crate::plots::{self, Plotted};
use crate::scenario::Scenario;
use crate::slo::{self, Objective};
use crate::target::{self, Access, Installed, Target};
use crate::{histograms, sys};
use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::Ordering;

/// Runs it, prints the result, and fails if a message did not arrive as it should, or if the result says nothing.
pub fn run(arguments: &cli::Run) -> Result<(), Failure> {
    let name = arguments.scenario.as_ref().or(arguments.file.as_ref()).map_or("", String::as_str);
    let scenario = Scenario::load(name, &arguments.set).map_err(Failure::Usage)?;
    let objective = arguments.slo.as_deref().map(Objective::parse).transpose().map_err(Failure::Usage)?;
    let target = target::by_name(&arguments.target, &arguments.targets.options())?;
    if let Some(&cpu) = arguments.cpu.first() {
        sys::pin_to(cpu).map_err(|error| Failure::Usage(format!("cannot run on CPU {cpu}: {error}")))?;
    }
    let once = |scenario: &Scenario| -> Result<Run, Failure> {
        let run = match &arguments.url {
            Some(url) => against(url, arguments, scenario, &*target)?,
            None => {
                let place = Place::new(arguments.targets.server_cpu, arguments.targets.port)?;
                started(&*target, place, scenario, 1, &arguments.cpu, &tell)?.0
            }
        };
        say(run.outcome.summary());
        if let Some(directory) = &arguments.hdr {
            histograms::write(directory, &run)?;
        }
        Ok(run)
    };
    let (run, unbounded) = match &objective {
        Some(objective) => {
            let found = slo::search(objective, &scenario, once)?;
            (found.run, found.unbounded)
        }
        None => (once(&scenario)?, None),
    };
    write(arguments, &scenario, &run)?;
    let outcome = &run.outcome;
    if let Some(red) = outcome.red() {
        return Err(Failure::Red(format!("RED: {red}")));
    }
    if let Some(why) = outcome.refused() {
        return Err(Failure::Refused(format!("refused, there is no result: {why}")));
    }
    unbounded.map_or(Ok(()), |why| {
        Err(Failure::Refused(format!(
            "the highest rate is not known: {why}, which says nothing of the server"
        )))
    })
}

/// Writes what was asked for of a result.
fn write(arguments: &cli::Run, scenario: &Scenario, run: &Run) -> Result<(), Failure> {
    let outcome = &run.outcome;
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(outcome).map_err(|error| error.to_string())?;
        fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let Some(directory) = &arguments.plots else { return Ok(()) };
    let latency = run.histograms.iter().find(|(name, histogram)| *name == "latency" && !histogram.is_empty());
    let key = (scenario.name.clone(), outcome.target.clone());
    let counting = latency.filter(|_| outcome.counts());
    let latency: BTreeMap<_, _> =
        counting.map(|(_, histogram)| (key, histogram.clone())).into_iter().collect();
    let targets = vec![&*outcome.target];
    let results = std::slice::from_ref(outcome);
    let plotted = Plotted { targets: targets.clone(), present: targets, results, latency: &latency };
    plots::write(directory, &plotted, scenario)
}

/// Starts `target` in `place`, runs a scenario on it, and stops it. With the result, the server's configuration.
pub fn started(
    target: &dyn Target,
    place: Place,
    scenario: &Scenario,
    round: u32,
    cpus: &[usize],
    progress: &(dyn Fn(&Shared, u64) + Sync),
) -> Result<(Run, String), Failure> {
    if let Installed::Missing(install) = target.installed() {
        return Err(Failure::Failed(format!("{} is not installed: {install}", target.name())));
    }
    engine::check_files(scenario)?;
    let mut server = target.start(&place)?.keep(place);
    let dialect = target.dialect(&server.access);
    let plan = Plan {
        scenario,
        target: target.name(),
        dialect: &*dialect,
        management: dialect.management(),
        address: server.address,
        host: server.address.to_string(),
        server_pid: Some(server.pid()),
        round,
        cpus: cpus.to_vec(),
        progress,
    };
    let run = engine::run(&plan);
    let configuration = server.configuration.clone();
    match run {
        Err(Failure::Failed(why)) => Err(Failure::Failed(explain(&mut server, &why))),
        Ok(mut run) => {
            run.outcome.failure = run.outcome.failure.map(|why| explain(&mut server, &why));
            Ok((run, configuration))
        }
        other => Ok((other?, configuration)),
    }
}

/// A failure with what became of the server.
fn explain(server: &mut Server, why: &str) -> String {
    // A process that has just died may take a moment to be seen dead.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let state = server.ended().map_or("it still runs".to_owned(), |status| format!("it ended with {status}"));
    format!("{why}; {state}; since its start it said: {}", server.last_words())
}

fn against(
    url: &str,
    arguments: &cli::Run,
    scenario: &Scenario,
    target: &dyn Target,
) -> Result<Run, Failure> {
    let (host, address, path) = parse_url(url)?;
    let access = Access { key: arguments.key.clone(), path };
    let dialect = target.dialect(&access);
    if dialect.upgrade().is_some() != url.starts_with("ws:") {
        return Err(Failure::Usage(format!("{url} does not fit {}", target.name())));
    }
    engine::run(&Plan {
        scenario,
        target: target.name(),
        dialect: &*dialect,
        management: dialect.management(),
        address,
        host,
        server_pid: arguments.server_pid,
        round: 1,
        cpus: arguments.cpu.clone(),
        progress: &tell,
    })
}

/// A line on standard error about once a second.
fn tell(shared: &Shared, left_ns: u64) {
    let ticks = shared.ticks.fetch_add(1, Ordering::Relaxed);
    if ticks % 4 == 3 {
        let (ready, deliveries) =
            (shared.ready.load(Ordering::Relaxed), shared.deliveries.load(Ordering::Relaxed));
        let left = left_ns / 1_000_000_000;
        match shared.begin_ns.load(Ordering::Relaxed) {
            0 => note(format_args!("{ready} connections stand")),
            _ => note(format_args!("{deliveries} deliveries, {left} s left")),
        }
    }
}

/// Host, address and path (if it says one) of a `ws://` or `tcp://` URL.
fn parse_url(url: &str) -> Result<(String, SocketAddr, Option<String>), Failure> {
    let usage = |why: &str| Failure::Usage(format!("{url}: {why}"));
    let rest = url.strip_prefix("ws://").or_else(|| url.strip_prefix("tcp://"));
    let rest = rest.ok_or_else(|| usage("only ws:// and tcp:// are supported"))?;
    let (host, path) = match rest.find('/') {
        Some(at) => (&rest[..at], Some(rest[at..].to_owned())),
        None => (rest, None),
    };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let with_port = if has_port { host.to_owned() } else { format!("{host}:80") };
    let mut addresses = with_port.to_socket_addrs().map_err(|error| usage(&error.to_string()))?;
    let address = addresses.next().ok_or_else(|| usage("the host has no address"))?;
    Ok((host.to_owned(), address, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let parts = parse_url("ws://127.0.0.1:8080/v1/realtime?x=1").unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        assert_eq!(parts, ("127.0.0.1:8080".to_owned(), address, Some("/v1/realtime?x=1".to_owned())));
        assert_eq!(parse_url("ws://[::1]").unwrap().1.port(), 80);
        assert_eq!(parse_url("tcp://127.0.0.1:4222").unwrap().2, None);
        for bad in ["wss://localhost/", "http://localhost/", "ws://", "localhost"] {
            assert!(matches!(parse_url(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
