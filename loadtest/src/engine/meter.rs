//! What is counted, and the marks at both ends of the measured time.

use super::Plan;
use crate::failure::Failure;
use crate::oracle::Faults;
use crate::outcome::Outcome;
use crate::sample::{self, Memory};
use crate::scenario::{Load, Scenario};
use crate::sys::{now_ns, thread_cpu_ns};
use hdrhistogram::Histogram;
use std::ops::Range;

/// A paced run in which the generator used more of its core than this was not paced.
const GENERATOR_CPU_MAX: f64 = 0.9;
/// Nor one in which it sent later than this, 99th percentile, in nanoseconds.
const GENERATOR_LAG_NS_MAX: u64 = 1_000_000;
/// The part of the messages due that must come for a schedule to count as kept.
const KEPT_PACE_MIN: f64 = 0.97;
const SECOND_NS: u64 = 1_000_000_000;

/// Counters since the start.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    /// Messages received for the first time.
    pub deliveries: u64,
    /// Bytes of their frames.
    pub bytes: u64,
    /// Messages published.
    pub published: u64,
}

/// A moment.
#[derive(Clone, Copy)]
struct Mark {
    at_ns: u64,
    counts: Counts,
    server_cpu_ns: Option<u64>,
    own_cpu_ns: u64,
    machine_cpu_ns: u64,
}

/// The counters and marks of one run.
pub struct Meter {
    server_pid: Option<u32>,
    /// The counters.
    pub now: Counts,
    /// Messages due within it are measured, in nanoseconds of the monotonic clock.
    pub window: Range<u64>,
    errors: u64,
    first_error: Option<String>,
    base: Option<Memory>,
    full: Option<Memory>,
    from: Option<Mark>,
    to: Option<Mark>,
    told: (u64, u64),
}

impl Meter {
    /// A meter of the process `server_pid`, which nobody has connected to yet.
    pub fn new(server_pid: Option<u32>) -> Result<Meter, Failure> {
        Ok(Meter {
            server_pid,
            now: Counts::default(),
            window: 0..0,
            errors: 0,
            first_error: None,
            base: memory(server_pid)?,
            full: None,
            from: None,
            to: None,
            told: (0, 0),
        })
    }

    /// The measured time begins.
    pub fn begin(&mut self) -> Result<(), Failure> {
        self.from = Some(self.mark()?);
        Ok(())
    }

    /// The measured time ends.
    pub fn end(&mut self) -> Result<(), Failure> {
        self.to = Some(self.mark()?);
        self.full = memory(self.server_pid)?;
        Ok(())
    }

    /// An error reply came.
    pub fn error(&mut self, error: String) {
        self.errors += 1;
        self.first_error.get_or_insert(error);
    }

    /// Tells the user once a second how it goes.
    pub fn progress(&mut self, now: u64, plan: &Plan<'_>) {
        let (at, deliveries) = self.told;
        if now < at + SECOND_NS {
            return;
        }
        if at > 0 {
            let rate = (self.now.deliveries - deliveries) as f64 * SECOND_NS as f64 / (now - at) as f64;
            let left = self.window.end.saturating_sub(now) / SECOND_NS;
            let (scenario, target) = (&plan.scenario.name, plan.target.name());
            eprintln!("{scenario} on {target}, round {}: {rate:.0} deliveries/s, {left} s left", plan.round);
        }
        self.told = (now, self.now.deliveries);
    }

    /// The result.
    pub fn outcome(
        &self,
        plan: &Plan<'_>,
        connections: usize,
        (latency, lag): (&Histogram<u64>, &Histogram<u64>),
        faults: Faults,
    ) -> Outcome {
        let mut outcome = Outcome {
            scenario: plan.scenario.name.clone(),
            target: plan.target.name().to_owned(),
            round: plan.round,
            connections,
            frame_bytes: self.now.bytes as f64 / self.now.deliveries.max(1) as f64,
            base_rss_bytes: self.base.map(|base| base.rss_bytes),
            lost: faults.lost,
            duplicated: faults.duplicated,
            reordered: faults.reordered,
            misrouted: faults.misrouted,
            errors: self.errors,
            first_error: self.first_error.clone(),
            p50_us: percentile(latency, 50.0),
            p99_us: percentile(latency, 99.0),
            p999_us: percentile(latency, 99.9),
            generator_lag_p99_us: percentile(lag, 99.0),
            ..Outcome::default()
        };
        let idle = plan.scenario.load == Load::Idle;
        if let (true, Some(base), Some(full)) = (idle, self.base, self.full) {
            let each = |base: u64, full: u64| (full as f64 - base as f64) / connections as f64;
            outcome.bytes_per_connection = Some(each(base.rss_bytes, full.rss_bytes));
            outcome.pss_bytes_per_connection = Some(each(base.pss_bytes, full.pss_bytes));
        }
        if let (Some(from), Some(to)) = (self.from, self.to) {
            between(&from, &to, &mut outcome);
        }
        let late = lag.value_at_percentile(99.0) > GENERATOR_LAG_NS_MAX;
        let busy = outcome.generator_cpu > GENERATOR_CPU_MAX;
        outcome.behind_schedule = behind_schedule(plan.scenario, &outcome);
        outcome.generator_overloaded = plan.scenario.is_paced() && (late || busy);
        outcome
    }

    fn mark(&self) -> Result<Mark, Failure> {
        let server_cpu_ns = self.server_pid.map(sample::cpu_ns).transpose();
        Ok(Mark {
            at_ns: now_ns(),
            counts: self.now,
            server_cpu_ns: server_cpu_ns.map_err(|error| gone(&error))?,
            own_cpu_ns: thread_cpu_ns(),
            machine_cpu_ns: sample::machine_cpu_ns(),
        })
    }
}

/// Fills in what lies between two marks.
fn between(from: &Mark, to: &Mark, outcome: &mut Outcome) {
    let elapsed_ns = (to.at_ns - from.at_ns).max(1) as f64;
    outcome.seconds = elapsed_ns / SECOND_NS as f64;
    outcome.deliveries = to.counts.deliveries - from.counts.deliveries;
    outcome.published = to.counts.published - from.counts.published;
    outcome.deliveries_per_s = outcome.deliveries as f64 / outcome.seconds;
    outcome.generator_cpu = (to.own_cpu_ns - from.own_cpu_ns) as f64 / elapsed_ns;
    let machine_cpu = to.machine_cpu_ns.saturating_sub(from.machine_cpu_ns) as f64 / elapsed_ns;
    if let (Some(from), Some(to)) = (from.server_cpu_ns, to.server_cpu_ns) {
        let cpu_ns = to.saturating_sub(from) as f64;
        outcome.server_cpu = Some(cpu_ns / elapsed_ns);
        if outcome.deliveries > 0 {
            outcome.cpu_us_per_delivery = Some(cpu_ns / 1000.0 / outcome.deliveries as f64);
        }
        // Whose CPU it was is only known where the server's process is.
        outcome.other_cpu = (machine_cpu - outcome.generator_cpu - cpu_ns / elapsed_ns).max(0.0);
    }
}

/// Whether fewer messages came than were due.
fn behind_schedule(scenario: &Scenario, outcome: &Outcome) -> bool {
    let Load::Paced { rate, .. } = scenario.load else { return false };
    let receivers = scenario.clients as f64 / scenario.channels as f64;
    outcome.deliveries_per_s < rate * receivers * KEPT_PACE_MIN
}

fn percentile(histogram: &Histogram<u64>, percent: f64) -> Option<f64> {
    (!histogram.is_empty()).then(|| histogram.value_at_percentile(percent) as f64 / 1000.0)
}

fn memory(pid: Option<u32>) -> Result<Option<Memory>, Failure> {
    pid.map(sample::memory).transpose().map_err(|error| gone(&error))
}

fn gone(error: &std::io::Error) -> Failure {
    Failure::Failed(format!("the server's process cannot be read: {error}"))
}
