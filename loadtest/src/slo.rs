//! Objectives such as `p99<20ms`, and the highest rate that holds one.

use crate::engine::Run;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output::say;
use crate::scenario::{Scenario, parse_duration};
use std::fmt;

/// A rate at which the generator was disturbed is tried so often.
const TRIES: usize = 3;
/// The rates found are this close to the true one.
const CLOSE_ENOUGH: f64 = 1.05;
const RATE_MIN: f64 = 1.0;
const RATE_MAX: f64 = 1e6;

/// A percentile and what it must stay below.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Objective {
    percentile: Percentile,
    below_us: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Percentile {
    P50,
    P99,
    P999,
    Max,
}

/// What a run says of an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Held,
    /// The server did not hold it.
    Missed(String),
    /// It says nothing about the server.
    Refused(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Held => out.write_str("holds"),
            Verdict::Missed(why) => write!(out, "does not hold, {why}"),
            Verdict::Refused(why) => write!(out, "says nothing, {why}"),
        }
    }
}

/// What a search found.
pub struct Found {
    /// The run at the highest rate that held.
    pub run: Run,
    /// Why a higher rate may hold as well, if none is known at which the server does not.
    pub unbounded: Option<String>,
}

impl Objective {
    /// Reads `p50<5ms`, `p99<20ms`, `p99.9<1s` or `max<2s`. A time without a unit is none: 20 could be anything.
    pub fn parse(text: &str) -> Result<Objective, String> {
        let fail = || format!("{text:?} is no objective, such as 'p99<20ms' (p50, p99, p99.9 or max)");
        let (percentile, limit) = text.split_once('<').ok_or_else(fail)?;
        let percentile = match percentile.trim() {
            "p50" => Percentile::P50,
            "p99" => Percentile::P99,
            "p99.9" | "p999" => Percentile::P999,
            "max" => Percentile::Max,
            _ => return Err(fail()),
        };
        let limit = limit.trim();
        if !limit.ends_with(|last: char| last.is_ascii_alphabetic()) {
            return Err(format!("{}; {limit:?} needs a unit: us, ms or s", fail()));
        }
        let below_us = parse_duration(limit).map_err(|why| format!("{}; {why}", fail()))?.as_secs_f64() * 1e6;
        if below_us == 0.0 {
            return Err(format!("{}; nothing takes no time", fail()));
        }
        Ok(Objective { percentile, below_us })
    }

    /// Whether a run held it: with every message delivered, on schedule, and with enough messages to tell.
    fn judge(&self, outcome: &Outcome) -> Verdict {
        let (value, name, deliveries_min) = match self.percentile {
            Percentile::P50 => (outcome.p50_us, "p50", 2),
            Percentile::P99 => (outcome.p99_us, "p99", 100),
            Percentile::P999 => (outcome.p999_us, "p99.9", 1_000),
            Percentile::Max => (outcome.max_us, "max", 1),
        };
        if let Some(red) = outcome.red() {
            return Verdict::Missed(red);
        }
        if let Some(why) = outcome.refused() {
            return Verdict::Refused(why);
        }
        let enough = outcome.deliveries >= deliveries_min;
        match value.filter(|_| enough) {
            None => Verdict::Missed(format!("{} deliveries are too few to tell {name}", outcome.deliveries)),
            Some(_) if outcome.behind_schedule => Verdict::Missed("the server is behind schedule".to_owned()),
            Some(value) if value < self.below_us => Verdict::Held,
            Some(value) => Verdict::Missed(format!("{name} is {value:.1} us")),
        }
    }
}

/// Doubles the scenario's rate while the objective holds (or halves it until it does), then narrows down to the highest
/// rate that holds. `run` runs a scenario once.
///
/// # Errors
/// The scenario has no rate, or its target does not know it; a run breaks off before any held; none holds.
pub fn search(
    objective: &Objective,
    scenario: &Scenario,
    mut run: impl FnMut(&Scenario) -> Result<Run, Failure>,
) -> Result<Found, Failure> {
    if !scenario.is_paced() {
        return Err(Failure::Usage(format!("{} has no rate to search", scenario.name)));
    }
    let mut best: Option<(f64, Run)> = None;
    let (mut rate, mut broken, mut above) = (scenario.rate, f64::INFINITY, Verdict::Held);
    loop {
        let tried = undisturbed(&Scenario { rate, ..scenario.clone() }, &mut run)?;
        let verdict = objective.judge(&tried.outcome);
        say(format_args!("  {rate:.1} messages/s: {verdict}"));
        if verdict == Verdict::Held {
            best = Some((rate, tried));
        } else {
            if best.is_none() {
                fails_at_once(&tried.outcome)?;
            }
            (broken, above) = (rate, verdict);
        }
        let low = best.as_ref().map_or(0.0, |(rate, _)| *rate);
        rate = match (low > 0.0, broken.is_finite()) {
            (true, false) => low * 2.0,
            (false, _) => broken / 2.0,
            (true, true) => (low * broken).sqrt(),
        };
        if broken / low < CLOSE_ENOUGH || !(RATE_MIN..=RATE_MAX).contains(&rate) {
            break;
        }
    }
    let Some((rate, run)) = best else {
        let why = format!("no rate held the objective; at {broken:.1} messages/s: {above}");
        return Err(match above {
            Verdict::Refused(_) => Failure::Refused(why),
            _ => Failure::Failed(why),
        });
    };
    let unbounded = match above {
        Verdict::Refused(why) => Some(format!("at {broken:.1} messages/s {why}")),
        Verdict::Missed(_) => None,
        Verdict::Held => Some(format!("more than {RATE_MAX:.0} messages/s are not tried")),
    };
    let deliveries_per_s = run.outcome.deliveries_per_s;
    let word = if unbounded.is_some() { "rate that holds" } else { "highest rate that holds" };
    say(format_args!("{word}: {rate:.1} messages/s ({deliveries_per_s:.0} deliveries/s)"));
    Ok(Found { run, unbounded })
}

/// A run that broke off before any rate held, or that the target does not know, says nothing of lower rates.
fn fails_at_once(outcome: &Outcome) -> Result<(), Failure> {
    if let Some(why) = &outcome.skipped {
        return Err(Failure::Failed(format!("nothing to search: {why}")));
    }
    match &outcome.failure {
        Some(_) => Err(Failure::Red(format!("RED: {}", outcome.red().unwrap_or_default()))),
        None => Ok(()),
    }
}

/// The result of a run, repeated some times while the generator does not keep the schedule: that says nothing about the
/// server.
fn undisturbed(
    scenario: &Scenario,
    run: &mut impl FnMut(&Scenario) -> Result<Run, Failure>,
) -> Result<Run, Failure> {
    let mut tried = run(scenario)?;
    for _ in 1..TRIES {
        if tried.outcome.red().is_some() || tried.outcome.refused().is_none() {
            break;
        }
        tried = run(scenario)?;
    }
    Ok(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read() {
        let objective = Objective::parse("p99 < 20ms").unwrap();
        assert_eq!(objective, Objective { percentile: Percentile::P99, below_us: 20_000.0 });
        for bad in ["p99", "p98<1s", "p99<soon", "<1s", "p99<20", "max<0.5", "p50<", "p99<0ms", "p99<-1s"] {
            let why = Objective::parse(bad).expect_err(bad);
            assert!(why.contains("such as 'p99<20ms'"), "{bad}: {why}");
        }
        assert!(Objective::parse("p99<20").unwrap_err().contains("needs a unit"));
    }

    fn run(outcome: Outcome) -> Result<Run, Failure> {
        Ok(Run { outcome: Outcome { deliveries: 1_000, ..outcome }, histograms: Vec::new() })
    }

    /// A server whose p99 is a tenth of the rate in milliseconds, up to `capacity`.
    fn server(capacity: f64) -> impl FnMut(&Scenario) -> Result<Run, Failure> {
        move |scenario| {
            run(Outcome {
                p99_us: Some(scenario.rate * 100.0),
                behind_schedule: scenario.rate > capacity,
                deliveries_per_s: scenario.rate,
                ..Outcome::default()
            })
        }
    }

    fn fanout(change: &str) -> Scenario {
        Scenario::load("fanout", &[change.to_owned()]).unwrap()
    }

    #[test]
    fn the_highest_rate_is_found_from_below_and_from_above() {
        let objective = Objective::parse("p99<20ms").unwrap();
        for start in ["rate=1", "rate=90", "rate=5000"] {
            let found = search(&objective, &fanout(start), server(1e9)).unwrap();
            let rate = found.run.outcome.deliveries_per_s;
            assert!((190.0..200.0).contains(&rate) && found.unbounded.is_none(), "{start}: {rate}");
            let rate = search(&objective, &fanout(start), server(50.0)).unwrap().run.outcome.deliveries_per_s;
            assert!((47.0..=50.0).contains(&rate), "{start}: {rate}");
        }
        let idle = Scenario::load("idle", &[]).unwrap();
        assert!(search(&objective, &idle, server(1.0)).is_err());
        let hopeless = Objective::parse("p99<1ms").unwrap();
        let mut slow = |_: &Scenario| run(Outcome { p99_us: Some(5e3), ..Outcome::default() });
        let missed = search(&hopeless, &fanout("rate=90"), &mut slow);
        assert!(matches!(missed.err(), Some(Failure::Failed(_))));
    }

    #[test]
    fn a_run_in_which_the_generator_was_disturbed_is_repeated() {
        let objective = Objective::parse("p99<20ms").unwrap();
        let (mut runs, mut good) = (0, server(1e9));
        let found = search(&objective, &fanout("rate=90"), |scenario| {
            runs += 1;
            let mut run = good(scenario)?;
            run.outcome.generator_late = runs % 3 != 0;
            Ok(run)
        });
        assert!((190.0..200.0).contains(&found.unwrap().run.outcome.deliveries_per_s));
        let mut never = server(1e9);
        let refused = search(&objective, &fanout("rate=90"), |scenario| {
            let mut run = never(scenario)?;
            run.outcome.generator_late = true;
            Ok(run)
        });
        assert!(matches!(refused.err(), Some(Failure::Refused(_))), "the server may hold it");
    }

    #[test]
    fn a_rate_is_the_highest_only_if_the_server_fails_above_it() {
        let objective = Objective::parse("p99<20ms").unwrap();
        let limited = |scenario: &Scenario| {
            run(Outcome { p99_us: Some(1.0), generator_busy: scenario.rate > 300.0, ..Outcome::default() })
        };
        let found = search(&objective, &fanout("rate=90"), limited).unwrap();
        assert!(found.unbounded.unwrap().contains("the generator used"));
        let endless = |_: &Scenario| run(Outcome { p99_us: Some(1.0), ..Outcome::default() });
        let found = search(&objective, &fanout("rate=90"), endless).unwrap();
        assert!(found.unbounded.unwrap().contains("are not tried"));
        let losing = |scenario: &Scenario| {
            run(Outcome { p99_us: Some(1.0), lost: u64::from(scenario.rate > 300.0), ..Outcome::default() })
        };
        assert_eq!(search(&objective, &fanout("rate=90"), losing).unwrap().unbounded, None);
    }

    #[test]
    fn a_search_that_fails_at_once_ends_and_reports_no_rate() {
        let objective = Objective::parse("p99<20ms").unwrap();
        let mut runs = 0;
        let broken = search(&objective, &fanout("rate=90"), |_| {
            runs += 1;
            run(Outcome { failure: Some("the server ended".to_owned()), ..Outcome::default() })
        });
        assert!(matches!(broken.err(), Some(Failure::Red(why)) if why.contains("the server ended")));
        assert_eq!(runs, 1);
        let skipped =
            |_: &Scenario| run(Outcome { skipped: Some("no management".to_owned()), ..Outcome::default() });
        let failure = search(&objective, &fanout("rate=90"), skipped).err();
        assert!(matches!(failure, Some(Failure::Failed(why)) if why.contains("no management")));
    }

    #[test]
    fn a_run_of_too_few_messages_holds_nothing() {
        let few = |deliveries| Outcome { deliveries, p99_us: Some(1.0), ..Outcome::default() };
        let objective = Objective::parse("p99<20ms").unwrap();
        assert!(matches!(objective.judge(&few(99)), Verdict::Missed(_)));
        assert_eq!(objective.judge(&few(100)), Verdict::Held);
    }
}
