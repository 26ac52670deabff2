//! Objectives such as `p99<20ms`, and the highest rate that holds one.

use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::scenario::{Scenario, parse_duration};

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

impl Objective {
    /// Reads `p50<5ms`, `p99<20ms`, `p99.9<1s` or `max<2s`.
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
        let below_us = parse_duration(limit.trim())?.as_secs_f64() * 1e6;
        Ok(Objective { percentile, below_us })
    }

    /// Whether a run held it: with every message delivered, and on schedule.
    pub fn held(&self, outcome: &Outcome) -> bool {
        let value = match self.percentile {
            Percentile::P50 => outcome.p50_us,
            Percentile::P99 => outcome.p99_us,
            Percentile::P999 => outcome.p999_us,
            Percentile::Max => outcome.max_us,
        };
        outcome.counts() && !outcome.behind_schedule && value.is_some_and(|value| value < self.below_us)
    }
}

/// Doubles the scenario's rate while the objective holds (or halves it until it does), then narrows down. The result
/// of the highest rate that held. `run` runs a scenario once.
pub fn search(
    objective: &Objective,
    scenario: &Scenario,
    mut run: impl FnMut(&Scenario) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    if !scenario.is_paced() {
        return Err(Failure::Usage(format!("{} has no rate to search", scenario.name)));
    }
    let mut best: Option<(f64, Outcome)> = None;
    let (mut rate, mut broken) = (scenario.rate, f64::INFINITY);
    loop {
        let outcome = undisturbed(&Scenario { rate, ..scenario.clone() }, &mut run)?;
        let held = objective.held(&outcome);
        let verdict = match (held, outcome.generator_overloaded) {
            (true, _) => "holds",
            (false, true) => "the generator cannot keep the schedule",
            (false, false) => "does not hold",
        };
        println!("  {rate:.1} messages/s: {verdict}");
        if held {
            best = Some((rate, outcome));
        } else {
            broken = rate;
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
    let (rate, outcome) = best.ok_or_else(|| Failure::Failed("no rate held the objective".to_owned()))?;
    println!("highest rate that holds: {rate:.1} messages/s ({:.0} deliveries/s)", outcome.deliveries_per_s);
    Ok(outcome)
}

/// The result of a run, repeated some times while the generator is overloaded: that says nothing about the server.
fn undisturbed(
    scenario: &Scenario,
    run: &mut impl FnMut(&Scenario) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let mut outcome = run(scenario)?;
    for _ in 1..TRIES {
        if outcome.red().is_some() || !outcome.generator_overloaded {
            break;
        }
        outcome = run(scenario)?;
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read() {
        let objective = Objective::parse("p99 < 20ms").unwrap();
        assert_eq!(objective, Objective { percentile: Percentile::P99, below_us: 20_000.0 });
        for bad in ["p99", "p98<1s", "p99<soon", "<1s"] {
            assert!(Objective::parse(bad).is_err(), "{bad}");
        }
    }

    /// A server whose p99 is a tenth of the rate in milliseconds, up to `capacity`.
    fn server(capacity: f64) -> impl FnMut(&Scenario) -> Result<Outcome, Failure> {
        move |scenario| {
            Ok(Outcome {
                p99_us: Some(scenario.rate * 100.0),
                behind_schedule: scenario.rate > capacity,
                deliveries_per_s: scenario.rate,
                ..Outcome::default()
            })
        }
    }

    #[test]
    fn the_highest_rate_is_found_from_below_and_from_above() {
        let objective = Objective::parse("p99<20ms").unwrap();
        for start in ["rate=1", "rate=90", "rate=5000"] {
            let scenario = Scenario::load("fanout", &[start.to_owned()]).unwrap();
            let found = search(&objective, &scenario, server(1e9)).unwrap().deliveries_per_s;
            assert!((190.0..200.0).contains(&found), "{start}: {found}");
            let found = search(&objective, &scenario, server(50.0)).unwrap().deliveries_per_s;
            assert!((47.0..=50.0).contains(&found), "{start}: {found}");
        }
        let idle = Scenario::load("idle", &[]).unwrap();
        assert!(search(&objective, &idle, server(1.0)).is_err());
        let scenario = Scenario::load("fanout", &[]).unwrap();
        let hopeless = Objective::parse("p99<1ms").unwrap();
        let mut slow = |_: &Scenario| Ok(Outcome { p99_us: Some(5e3), ..Outcome::default() });
        assert!(search(&hopeless, &scenario, &mut slow).is_err());
    }

    #[test]
    fn a_run_in_which_the_generator_was_disturbed_is_repeated() {
        let objective = Objective::parse("p99<20ms").unwrap();
        let scenario = Scenario::load("fanout", &["rate=90".to_owned()]).unwrap();
        let (mut runs, mut good) = (0, server(1e9));
        let found = search(&objective, &scenario, |scenario| {
            runs += 1;
            Ok(Outcome { generator_overloaded: runs % 3 != 0, ..good(scenario)? })
        });
        assert!((190.0..200.0).contains(&found.unwrap().deliveries_per_s));
        let never = |scenario: &Scenario| {
            runs += 1;
            Ok(Outcome { generator_overloaded: true, ..server(1e9)(scenario)? })
        };
        assert!(search(&objective, &scenario, never).is_err());
    }
}
