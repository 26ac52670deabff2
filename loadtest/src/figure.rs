//! Figures of runs by name, medians over rounds, and ratios taken within a round.

use crate::outcome::Outcome;

/// A figure that can be compared.
pub struct Figure {
    /// Its field in `report.json`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Its value in a run.
    pub value: fn(&Outcome) -> Option<f64>,
}

/// All of them, in the order of tables.
pub const FIGURES: [Figure; 11] = [
    Figure {
        name: "cpu_us_per_delivery",
        title: "CPU us/delivery",
        value: |run| run.cpu_us_per_delivery.filter(|_| run.deliveries > 0),
    },
    Figure {
        name: "deliveries_per_s",
        title: "deliveries/s",
        value: |run| Some(run.deliveries_per_s).filter(|rate| *rate > 0.0),
    },
    Figure { name: "p50_us", title: "p50 us", value: |run| run.p50_us },
    Figure { name: "p99_us", title: "p99 us", value: |run| run.p99_us },
    Figure { name: "p999_us", title: "p99.9 us", value: |run| run.p999_us },
    Figure { name: "bytes_per_connection", title: "bytes/connection", value: |run| run.bytes_per_connection },
    Figure {
        name: "base_rss_bytes",
        title: "RSS at start",
        // The same in every scenario: told where memory is what it is about.
        value: |run| run.base_rss_bytes.filter(|_| run.deliveries == 0).map(|bytes| bytes as f64),
    },
    Figure {
        name: "before_p99_us",
        title: "p99 us while all read",
        value: |run| run.before.as_ref().map(|before| before.p99_us),
    },
    Figure {
        name: "side_p50_us",
        title: "beside: p50 us",
        value: |run| run.side.as_ref().map(|side| side.p50_us),
    },
    Figure {
        name: "side_p99_us",
        title: "beside: p99 us",
        value: |run| run.side.as_ref().map(|side| side.p99_us),
    },
    Figure {
        name: "side_max_us",
        title: "beside: max us",
        value: |run| run.side.as_ref().map(|side| side.max_us),
    },
];

/// The figure of this name.
pub fn by_name(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}

/// One run among those of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The target's name.
    pub target: &'a str,
}

/// A figure over all rounds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Over {
    /// Median.
    pub median: Option<f64>,
    /// Smallest and largest.
    pub spread: Option<(f64, f64)>,
    /// Rounds that count.
    pub rounds: usize,
}

/// A figure over the rounds that count.
pub fn over(results: &[Outcome], source: Source<'_>, figure: &Figure) -> Over {
    summarise(rounds(results).filter_map(|round| pick(results, round, source, figure)).collect())
}

/// The ratio of a figure to the same one of another run, round by round.
pub fn ratio(results: &[Outcome], source: Source<'_>, against: Source<'_>, figure: &Figure) -> Over {
    let ratios = rounds(results).filter_map(|round| {
        let (value, reference) =
            (pick(results, round, source, figure)?, pick(results, round, against, figure)?);
        (reference > 0.0).then(|| value / reference)
    });
    summarise(ratios.collect())
}

fn rounds(results: &[Outcome]) -> impl Iterator<Item = u32> + use<> {
    1..=results.iter().map(|outcome| outcome.round).max().unwrap_or(0)
}

fn pick(results: &[Outcome], round: u32, source: Source<'_>, figure: &Figure) -> Option<f64> {
    let same = |outcome: &&Outcome| {
        outcome.round == round && outcome.scenario == source.scenario && outcome.target == source.target
    };
    results.iter().find(same).filter(|outcome| outcome.counts()).and_then(figure.value)
}

fn summarise(mut values: Vec<f64>) -> Over {
    values.sort_by(f64::total_cmp);
    let spread = values.first().copied().zip(values.last().copied());
    Over { median: median(&values), spread, rounds: values.len() }
}

/// The middle value of sorted ones, or the mean of the two in the middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((low + high) / 2.0)
}

/// Three digits that count, for tables.
pub fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 100.0 => thousands(value),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

/// A whole number with commas between the thousands.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(target: &str, round: u32, cpu: f64) -> Outcome {
        Outcome {
            scenario: "fanout".to_owned(),
            target: target.to_owned(),
            round,
            deliveries: 1,
            cpu_us_per_delivery: Some(cpu),
            ..Outcome::default()
        }
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[1.0, 5.0, 9.0]), Some(5.0));
        assert_eq!(median(&[1.0, 4.0]), Some(2.5));
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_faulty_rounds_do_not_count() {
        let mut results = Vec::new();
        for (round, value, send) in [(1, 4.0, 4.0), (2, 12.0, 10.0), (3, 6.0, 5.0), (4, 90.0, 4.0)] {
            results.push(outcome("a", round, value));
            results.push(outcome("b", round, send));
        }
        let (a, b) = (Source { scenario: "fanout", target: "a" }, Source { scenario: "fanout", target: "b" });
        results[6].lost = 1;
        let found = ratio(&results, a, b, &FIGURES[0]);
        assert_eq!((found.rounds, found.median, found.spread), (3, Some(1.2), Some((1.0, 1.2))));
        results[6].lost = 0;
        results[6].generator_late = true;
        assert_eq!(ratio(&results, a, b, &FIGURES[0]).rounds, 3);
        assert_eq!(over(&results, a, &FIGURES[0]).median, Some(6.0));
        assert_eq!(over(&[], a, &FIGURES[0]), Over::default());
    }

    #[test]
    fn numbers_are_short() {
        let cases =
            [(0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (999.6, "1,000"), (1234567.0, "1,234,567")];
        for (value, text) in cases {
            assert_eq!(number(Some(value)), text);
        }
        assert_eq!(number(None), "-");
    }
}
