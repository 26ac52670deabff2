//! From counters to a result.

use super::{Plan, Run, Sampler, Tally};
use crate::failure::Failure;
use crate::outcome::{Named, Outcome, Throughput};
use crate::scenario::{Load, Scenario};
use hdrhistogram::Histogram;

/// A paced run in which the generator used more of its core than this was not paced.
const GENERATOR_CPU_MAX: f64 = 0.9;
/// Nor one in which it sent later than this, 99th percentile, in nanoseconds.
const GENERATOR_LAG_NS_MAX: u64 = 1_000_000;
/// A saturated run in which the generator used more of its core than this, and the server less than the other, may
/// have measured the generator.
const GENERATOR_BOUND_MIN: f64 = 0.97;
const SERVER_BOUND_MIN: f64 = 0.9;
/// The part of the messages due that must come for a schedule to count as kept.
const KEPT_PACE_MIN: f64 = 0.97;
/// With fewer connections than this, growth of memory says nothing of one.
const MEMORY_CONNECTIONS_MIN: usize = 100;

/// The result of a run that makes no sense for this target.
pub fn skipped(plan: &Plan<'_>, why: String) -> Outcome {
    Outcome { skipped: Some(why), ..named(plan) }
}

fn named(plan: &Plan<'_>) -> Outcome {
    Outcome {
        scenario: plan.scenario.name.clone(),
        target: plan.target.to_owned(),
        round: plan.round,
        connections: plan.scenario.connections(),
        ..Outcome::default()
    }
}

/// The result.
pub fn judge(plan: &Plan<'_>, tally: Tally, sampler: Sampler, failure: Option<Failure>) -> Run {
    let scenario = plan.scenario;
    let mut outcome = Outcome {
        frame_bytes: tally.now.bytes as f64 / tally.now.deliveries.max(1) as f64,
        lost: tally.faults.lost,
        duplicated: tally.faults.duplicated,
        reordered: tally.faults.reordered,
        misrouted: tally.faults.misrouted,
        recovery_gaps: tally.faults.recovery_gaps + tally.refused_recoveries,
        missed: tally.missed,
        slow_closed: scenario.slow.map(|_| tally.slow_closed),
        skipped_moves: tally.skipped_moves,
        errors: tally.errors,
        first_error: tally.first_error.clone(),
        p50_us: percentile(&tally.latency, 50.0),
        p99_us: percentile(&tally.latency, 99.0),
        p999_us: percentile(&tally.latency, 99.9),
        max_us: percentile(&tally.latency, 100.0),
        generator_lag_p99_us: percentile(&tally.lag, 99.0),
        failure: failure.map(|failure| failure.to_string()),
        ..named(plan)
    };
    between(&tally, &sampler, &mut outcome);
    memory(scenario, &sampler, &mut outcome);
    let late = tally.lag.value_at_quantile(0.99) > GENERATOR_LAG_NS_MAX;
    let busy = outcome.generator_cpu > GENERATOR_CPU_MAX * plan.cpus.len().max(1) as f64;
    outcome.behind_schedule = behind_schedule(scenario, &outcome);
    (outcome.generator_busy, outcome.generator_late) =
        (scenario.is_paced() && busy, scenario.is_paced() && late);
    outcome.generator_bound = scenario.load == Load::Saturated
        && outcome.generator_cpu > GENERATOR_BOUND_MIN * plan.cpus.len().max(1) as f64
        && outcome.server_cpu.is_some_and(|cpu| cpu < SERVER_BOUND_MIN);
    outcome.throughput = throughput(&tally);
    outcome.samples = sampler.samples;
    let side = match scenario {
        Scenario { churn: Some(_), .. } => Some("join"),
        Scenario { cut: Some(_), .. } => Some("caught-up"),
        Scenario { management: Some(_), .. } => Some("management"),
        _ => None,
    };
    outcome.side = side.and_then(|name| summary(name, &tally.side));
    outcome.before = scenario.slow.and_then(|_| summary("before", &tally.before));
    let mut histograms = vec![("latency", tally.latency)];
    histograms.extend(side.map(|name| (name, tally.side)));
    histograms.extend(scenario.slow.map(|_| ("before", tally.before)));
    Run { outcome, histograms }
}

/// Fills in what lies between the marks.
fn between(tally: &Tally, sampler: &Sampler, outcome: &mut Outcome) {
    let Some((seconds, deliveries, published, cpu, wait)) = tally.measured() else { return };
    (outcome.seconds, outcome.deliveries, outcome.published) = (seconds, deliveries, published);
    outcome.deliveries_per_s = deliveries as f64 / seconds;
    (outcome.generator_cpu, outcome.generator_wait) = (cpu, wait);
    let (Some((from_ns, from, machine_from)), Some((to_ns, to, machine_to))) = (sampler.from, sampler.to)
    else {
        return;
    };
    let elapsed_ns = (to_ns - from_ns).max(1) as f64;
    let cpu_ns = to.cpu_ns.saturating_sub(from.cpu_ns) as f64;
    let machine = machine_to.saturating_sub(machine_from) as f64 / elapsed_ns;
    outcome.server_cpu = Some(cpu_ns / elapsed_ns);
    outcome.server_wait = Some(to.wait_ns.saturating_sub(from.wait_ns) as f64 / elapsed_ns);
    if deliveries > 0 {
        outcome.cpu_us_per_delivery = Some(cpu_ns / 1000.0 / deliveries as f64);
        let switches = to.switches.saturating_sub(from.switches) as f64;
        outcome.switches_per_delivery = Some(switches / deliveries as f64);
    }
    // Whose CPU it was is only known where the server's process is.
    outcome.other_cpu = (machine - cpu - cpu_ns / elapsed_ns).max(0.0);
    outcome.server_fds = sampler.fds;
}

fn memory(scenario: &Scenario, sampler: &Sampler, outcome: &mut Outcome) {
    outcome.base_rss_bytes = sampler.base.map(|base| base.rss_bytes);
    outcome.end_rss_bytes = sampler.full.map(|full| full.rss_bytes);
    let grown = if scenario.load == Load::Idle { sampler.full } else { sampler.connected };
    let (Some(base), Some(full)) = (sampler.base, grown) else { return };
    if outcome.connections >= MEMORY_CONNECTIONS_MIN || scenario.load == Load::Idle {
        let each = |base: u64, full: u64| (full as f64 - base as f64) / outcome.connections as f64;
        outcome.bytes_per_connection = Some(each(base.rss_bytes, full.rss_bytes));
        outcome.pss_bytes_per_connection = Some(each(base.pss_bytes, full.pss_bytes));
    }
}

/// Whether fewer messages came than were due.
fn behind_schedule(scenario: &Scenario, outcome: &Outcome) -> bool {
    let still = scenario.churn.is_none()
        && scenario.cut.is_none()
        && scenario.slow.is_none()
        && outcome.failure.is_none();
    let receivers = scenario.clients as f64 / scenario.channels() as f64;
    scenario.is_paced() && still && outcome.deliveries_per_s < scenario.rate * receivers * KEPT_PACE_MIN
}

/// Deliveries a second, tick by tick.
fn throughput(tally: &Tally) -> Vec<Throughput> {
    let begin = tally.window.start;
    let pairs = tally.timeline.windows(2).filter(|pair| begin > 0 && pair[0].0 >= begin);
    pairs
        .map(|pair| {
            let ([from, to], seconds) = ([pair[0], pair[1]], (pair[1].0 - pair[0].0).max(1) as f64 / 1e9);
            Throughput {
                at_s: (to.0 - begin) as f64 / 1e9,
                deliveries_per_s: to.1.saturating_sub(from.1) as f64 / seconds,
            }
        })
        .collect()
}

fn summary(name: &str, histogram: &Histogram<u64>) -> Option<Named> {
    Some(Named {
        name: name.to_owned(),
        count: histogram.len(),
        p50_us: percentile(histogram, 50.0)?,
        p99_us: percentile(histogram, 99.0)?,
        max_us: percentile(histogram, 100.0)?,
    })
}

fn percentile(histogram: &Histogram<u64>, percent: f64) -> Option<f64> {
    (!histogram.is_empty()).then(|| histogram.value_at_percentile(percent) as f64 / 1000.0)
}
