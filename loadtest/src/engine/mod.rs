//! The engine: runs a scenario against a server that is up. One worker, or several with a part of the connections
//! each; what they counted is merged.

mod connect;
mod connection;
mod judge;
mod layout;
mod manage;
mod moves;
mod publish;
mod receive;
mod sampler;
mod shared;
mod tally;
mod worker;

pub use sampler::Sample;
pub use shared::Shared;

use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::sys;
use crate::target::Dialect;
use hdrhistogram::Histogram;
use layout::Layout;
use moves::Moves;
use sampler::Sampler;
use std::net::SocketAddr;
use std::thread;
use tally::Tally;
use worker::Worker;

/// Descriptors that are not connections.
const OTHER_FILES: u64 = 64;

/// One run.
pub struct Plan<'a> {
    /// What to do.
    pub scenario: &'a Scenario,
    /// The target's name.
    pub target: &'a str,
    /// How to talk to it.
    pub dialect: &'a dyn Dialect,
    /// Its management calls.
    pub management: Vec<Vec<u8>>,
    /// Where the server listens.
    pub address: SocketAddr,
    /// The value of `Host`.
    pub host: String,
    /// The server's process, to be sampled.
    pub server_pid: Option<u32>,
    /// Which round of a series, from 1.
    pub round: u32,
    /// CPUs of the workers, one for each; none is one worker that runs where it is.
    pub cpus: Vec<usize>,
    /// Told four times a second how it goes, and how many nanoseconds are left.
    pub progress: &'a (dyn Fn(&Shared, u64) + Sync),
}

/// What a run found.
pub struct Run {
    /// The figures.
    pub outcome: Outcome,
    /// The histograms behind them, by name.
    pub histograms: Vec<(&'static str, Histogram<u64>)>,
}

/// What a worker brings home.
struct Part {
    tally: Tally,
    sampler: Option<Sampler>,
    /// Whether the load began.
    got_going: bool,
}

/// Why the target knows no such thing, if it does not.
fn makes_no_sense(plan: &Plan<'_>) -> Option<String> {
    let what = if plan.scenario.management.is_some() && plan.management.is_empty() {
        "has no management calls"
    } else if plan.scenario.acknowledged && !plan.dialect.acknowledges() {
        "does not answer publishers"
    } else {
        return None;
    };
    Some(format!("{} {what}", plan.target))
}

/// Runs `plan`. A run that breaks off still has an outcome, with its failure in it; an error means that it never
/// got going, or that the user stopped it.
pub fn run(plan: &Plan<'_>) -> Result<Run, Failure> {
    sys::no_timer_slack();
    check_files(plan.scenario)?;
    if let Some(why) = makes_no_sense(plan) {
        return Ok(Run { outcome: judge::skipped(plan, why), histograms: Vec::new() });
    }
    let workers = plan.cpus.len().max(1);
    let layout = Layout::new(plan.scenario, workers, plan.dialect.publishers_join());
    let streams = layout.streams();
    let shared = Shared::new(workers, streams.len());
    let sampler = Sampler::new(plan.server_pid)?;
    let work = |index: usize, sampler: Option<Sampler>| -> Result<Part, Failure> {
        let mut worker = Worker::new(plan, &shared, &layout, &streams, index, sampler)?;
        let driven = worker.drive();
        let got_going = worker.tally.window.end > 0 && worker.stood == worker.numbers.len();
        match driven {
            Ok(()) => worker.count_missing(),
            Err(failure) => {
                worker.tally.break_off();
                shared.fail(failure);
            }
        }
        worker.tally.faults = worker.oracle.faults;
        Ok(Part { tally: worker.tally, sampler: worker.sampler, got_going })
    };
    let guarded = |index, sampler| {
        let result = work(index, sampler);
        if let Err(failure) = &result {
            shared.fail(failure.clone());
        }
        result
    };
    let results: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..workers)
            .map(|index| {
                let cpu = plan.cpus[index];
                scope.spawn(move || {
                    sys::no_timer_slack();
                    sys::pin_to(cpu)?;
                    guarded(index, None)
                })
            })
            .collect();
        let first = guarded(0, Some(sampler));
        let joined = others.into_iter().map(|other| {
            other.join().unwrap_or_else(|_| Err(Failure::Failed("a worker panicked".to_owned())))
        });
        std::iter::once(first).chain(joined).collect()
    });
    conclude(plan, &shared, results)
}

fn conclude(plan: &Plan<'_>, shared: &Shared, results: Vec<Result<Part, Failure>>) -> Result<Run, Failure> {
    let mut tally = Tally::new()?;
    let mut sampler = Sampler::default();
    let mut got_going = true;
    for (index, result) in results.into_iter().enumerate() {
        let part = result?;
        got_going &= part.got_going;
        match part.sampler {
            Some(sampled) if index == 0 => (tally, sampler) = (part.tally, sampled),
            _ => tally.add(part.tally),
        }
    }
    match shared.failure() {
        Some(Failure::Interrupted) => Err(Failure::Interrupted),
        Some(failure) if !got_going => Err(failure),
        failure => Ok(judge::judge(plan, tally, sampler, failure)),
    }
}

/// Whether this process may open as many files as `scenario` has connections; its soft limit is raised.
pub fn check_files(scenario: &Scenario) -> Result<(), Failure> {
    let (name, connections) = (&scenario.name, scenario.connections());
    let files = sys::raise_open_files()?;
    if files < connections as u64 + OTHER_FILES {
        return Err(Failure::Failed(format!(
            "the {connections} connections of {name} do not fit {files} open files: raise the hard limit, for example \
             `ulimit -Hn 65536` as root before starting or LimitNOFILE= in a service, or take fewer: --set clients=100"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::Place;
    use crate::target::{Access, Options, by_name};

    /// Deliveries of a run of `duration_ms` against the reference, in this process, and the allocations of the worker.
    fn deliveries_and_allocations(duration_ms: u32) -> (u64, u64) {
        let address = Place::free_port().unwrap();
        thread::spawn(move || crate::reference::serve(address, 0));
        while std::net::TcpStream::connect(address).is_err() {
            thread::sleep(std::time::Duration::from_millis(5));
        }
        let changes =
            ["clients=50".to_owned(), "warmup=50ms".to_owned(), format!("duration={duration_ms}ms")];
        let scenario = Scenario::load("fanout-saturated", &changes).unwrap();
        let dialect = by_name("limit", &Options::default()).unwrap().dialect(&Access::default());
        let plan = Plan {
            scenario: &scenario,
            target: "limit",
            dialect: &*dialect,
            management: Vec::new(),
            address,
            host: address.to_string(),
            server_pid: None,
            round: 1,
            cpus: Vec::new(),
            progress: &|_, _| {},
        };
        let before = sys::allocations();
        let run = run(&plan).unwrap();
        assert_eq!(run.outcome.red(), None);
        (run.outcome.deliveries, sys::allocations() - before)
    }

    #[test]
    fn nothing_is_allocated_per_message() {
        let (short, allocations_short) = deliveries_and_allocations(100);
        let (long, allocations_long) = deliveries_and_allocations(500);
        let (messages, allocations) =
            (long.saturating_sub(short), allocations_long.saturating_sub(allocations_short));
        assert!(messages > 5_000, "{short} {long}");
        // A few are for the longer timeline and for buffers that grow once.
        assert!(allocations < 100, "{allocations} allocations for {messages} messages");
    }
}
