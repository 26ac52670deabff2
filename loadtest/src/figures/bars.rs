//! The figures: what is measured, against what, and how much is allowed.

use crate::outcome::Outcome;
use serde::Serialize;

/// One figure over all rounds. What no round measured is null, and then the bar is not met.
#[derive(Serialize, Debug)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// The unit of `value` and `reference`.
    pub unit: &'static str,
    /// Median over the rounds.
    pub value: Option<f64>,
    /// Median of the reference, if it is measured against one.
    pub reference: Option<f64>,
    /// What is held against the bar: the median of the rounds' ratios, or the value itself.
    pub held: Option<f64>,
    /// Its smallest and largest over the rounds.
    pub spread: Option<(f64, f64)>,
    /// The most allowed; none for a figure that is only told.
    pub bar: Option<f64>,
    /// Rounds that count.
    pub rounds: usize,
}

impl Figure {
    /// Whether it is within its bar.
    pub fn met(&self) -> bool {
        self.bar.is_none_or(|bar| self.held.is_some_and(|held| held <= bar))
    }
}

/// Where a value comes from: scenario, target, and the field.
type Source = (&'static str, &'static str, fn(&Outcome) -> Option<f64>);

/// The server's CPU for one `send` of the same bytes in the paced bare send loop.
const SEND: Source = ("fanout", "limit", |outcome| outcome.cpu_us_per_delivery);

/// All of them. A round counts if both of its runs are faultless and the generator was not at its limit.
pub fn figures(results: &[Outcome]) -> Vec<Figure> {
    let cpu: fn(&Outcome) -> Option<f64> = |outcome| outcome.cpu_us_per_delivery;
    let memory: fn(&Outcome) -> Option<f64> = |outcome| outcome.bytes_per_connection;
    let p50: fn(&Outcome) -> Option<f64> = |outcome| outcome.p50_us;
    let p99: fn(&Outcome) -> Option<f64> = |outcome| outcome.p99_us;
    let base: fn(&Outcome) -> Option<f64> = |outcome| outcome.base_rss_bytes.map(|bytes| bytes as f64 / 1e6);
    let us = "us";
    let make = |name, unit, source, reference, bar| figure(results, name, unit, source, reference, bar);
    vec![
        make("fan-out, singles: CPU per delivery", us, ("fanout", "corecast", cpu), Some(SEND), Some(1.10)),
        make(
            "fan-out, saturated bursts: CPU per delivery",
            us,
            ("fanout-saturated", "corecast", cpu),
            Some(SEND),
            Some(0.05),
        ),
        make(
            "chat, saturated: CPU per delivery",
            us,
            ("chat-saturated", "corecast", cpu),
            Some(SEND),
            Some(0.45),
        ),
        make("idle connection, one channel: RSS", "bytes", ("idle", "corecast", memory), None, Some(700.0)),
        make(
            "idle connection, own channel: RSS",
            "bytes",
            ("idle-distinct", "corecast", memory),
            None,
            Some(700.0),
        ),
        make("base RSS", "MB", ("idle", "corecast", base), None, Some(30.0)),
        make(
            "parked round trip: p50",
            us,
            ("round-trip", "corecast", p50),
            Some(("round-trip", "echo", p50)),
            Some(1.15),
        ),
        make(
            "parked round trip: p99",
            us,
            ("round-trip", "corecast", p99),
            Some(("round-trip", "echo", p99)),
            None,
        ),
    ]
}

fn figure(
    results: &[Outcome],
    name: &'static str,
    unit: &'static str,
    source: Source,
    reference: Option<Source>,
    bar: Option<f64>,
) -> Figure {
    let rounds = results.iter().map(|outcome| outcome.round).max().unwrap_or(0);
    let (mut values, mut references, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        let Some(value) = pick(results, round, source) else { continue };
        match reference.map(|reference| pick(results, round, reference)) {
            None => held.push(value),
            Some(Some(reference)) if reference > 0.0 => {
                references.push(reference);
                held.push(value / reference);
            }
            Some(_) => continue,
        }
        values.push(value);
    }
    let spread = held.iter().copied().reduce(f64::min).zip(held.iter().copied().reduce(f64::max));
    let rounds = held.len();
    Figure {
        name,
        unit,
        value: median(values),
        reference: median(references),
        held: median(held),
        spread,
        bar,
        rounds,
    }
}

fn pick(results: &[Outcome], round: u32, (scenario, target, field): Source) -> Option<f64> {
    let same = |outcome: &&Outcome| {
        outcome.round == round && outcome.scenario == scenario && outcome.target == target
    };
    let outcome = results.iter().find(same)?;
    if outcome.red().is_some() || outcome.generator_overloaded { None } else { field(outcome) }
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(scenario: &str, target: &str, round: u32, cpu: f64) -> Outcome {
        Outcome {
            scenario: scenario.to_owned(),
            target: target.to_owned(),
            round,
            cpu_us_per_delivery: Some(cpu),
            ..Outcome::default()
        }
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_faulty_rounds_do_not_count() {
        let mut results = Vec::new();
        for (round, value, send) in [(1, 4.0, 4.0), (2, 12.0, 10.0), (3, 6.0, 5.0), (4, 90.0, 4.0)] {
            results.push(outcome("fanout", "corecast", round, value));
            results.push(outcome("fanout", "limit", round, send));
        }
        results[6].lost = 1;
        let fanout = &figures(&results)[0];
        assert_eq!((fanout.rounds, fanout.held, fanout.spread), (3, Some(1.2), Some((1.0, 1.2))));
        assert_eq!((fanout.value, fanout.reference), (Some(6.0), Some(5.0)));
        assert!(!fanout.met());
        results[7].cpu_us_per_delivery = Some(90.0);
        results[6].lost = 0;
        let fanout = &figures(&results)[0];
        assert_eq!(fanout.held, Some(1.1));
        assert!(fanout.met());
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        let figures = figures(&[outcome("fanout", "corecast", 1, 1.0)]);
        assert!(figures.iter().all(|figure| figure.held.is_none() && figure.met() == figure.bar.is_none()));
    }
}
