//! Plots of runs: CPU, memory, percentiles, throughput. Only runs whose figures count are plotted.

pub mod svg;

use crate::failure::Failure;
use crate::figure::{Source, by_name, over};
use crate::outcome::Outcome;
use crate::scenario::{Load, Scenario};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use svg::{Axis, Line};

/// Colours that are told apart, by the place of a target in the list.
const COLOURS: [&str; 9] =
    ["#1f6feb", "#d9480f", "#2b8a3e", "#9c36b5", "#b08800", "#0b7285", "#c2255c", "#5f3dc4", "#6c757d"];
/// Points of a percentile curve for each nine.
const POINTS_PER_NINE: u32 = 12;

/// What there is to plot.
pub struct Plotted<'a> {
    /// All targets, in the order that gives them their colours.
    pub targets: Vec<&'a str>,
    /// Those that ran.
    pub present: Vec<&'a str>,
    /// Every run.
    pub results: &'a [Outcome],
    /// Latency by scenario and target, of the runs that count.
    pub latency: &'a BTreeMap<(String, String), Histogram<u64>>,
}

/// One plot.
pub struct Plot {
    /// For the name of its file.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The plot, for a page with the styles and the legend.
    pub svg: String,
}

/// The plots of a scenario: those that there is something for.
pub fn plots(plotted: &Plotted<'_>, scenario: &Scenario) -> Vec<Plot> {
    let (idle, scenario) = (scenario.load == Load::Idle, &*scenario.name);
    let memory = figure_bars(plotted, scenario, "bytes_per_connection", "bytes").filter(|_| idle);
    [
        ("cpu", "Server CPU per delivery", figure_bars(plotted, scenario, "cpu_us_per_delivery", "us")),
        ("memory", "Memory per connection", memory),
        ("latency", "Latency by percentile", percentiles(plotted, scenario)),
        ("throughput", "Deliveries over time, last round that counts", throughput(plotted, scenario)),
    ]
    .into_iter()
    .filter_map(|(name, title, svg)| Some(Plot { name, title, svg: svg? }))
    .collect()
}

/// Writes the plots of a scenario into `directory`, made if need be, as `SCENARIO-NAME.svg`.
pub fn write(directory: &Path, plotted: &Plotted<'_>, scenario: &Scenario) -> Result<(), Failure> {
    let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
    fs::create_dir_all(directory).map_err(fail)?;
    for plot in plots(plotted, scenario) {
        let file = directory.join(format!("{}-{}.svg", scenario.name, plot.name));
        fs::write(file, alone(plotted, &scenario.name, &plot)).map_err(fail)?;
    }
    Ok(())
}

/// A plot as a file of its own, with title and legend.
fn alone(plotted: &Plotted<'_>, scenario: &str, plot: &Plot) -> String {
    let named = |target: &&str| ((*target).to_owned(), colour(plotted, target));
    let names: Vec<(String, String)> = plotted.present.iter().map(named).collect();
    svg::alone(&plot.svg, &format!("{scenario}: {}", plot.title), &names)
}

/// The colour of a target.
pub fn colour(plotted: &Plotted<'_>, target: &str) -> String {
    let at = plotted.targets.iter().position(|name| *name == target).unwrap_or(0);
    // The limit is no broker.
    let at = if target == "limit" { COLOURS.len() - 1 } else { at % (COLOURS.len() - 1) };
    COLOURS[at].to_owned()
}

fn figure_bars(plotted: &Plotted<'_>, scenario: &str, name: &str, unit: &str) -> Option<String> {
    let figure = by_name(name)?;
    let rows: Vec<(String, String, f64)> = plotted
        .present
        .iter()
        .filter_map(|&target| {
            let value = over(plotted.results, Source { scenario, target }, figure).median?;
            Some((target.to_owned(), colour(plotted, target), value.max(0.0)))
        })
        .collect();
    (!rows.is_empty()).then(|| svg::bars(&rows, unit))
}

fn percentiles(plotted: &Plotted<'_>, scenario: &str) -> Option<String> {
    let lines: Vec<Line> = plotted
        .present
        .iter()
        .filter_map(|&target| {
            let histogram = plotted.latency.get(&(scenario.to_owned(), target.to_owned()))?;
            Some(Line { name: target.to_owned(), colour: colour(plotted, target), points: curve(histogram) })
        })
        .collect();
    let values = || lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let (least, most) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    Some(svg::lines(&Axis::percentiles(), &Axis::logarithmic("latency, us", least, most), &lines))
}

/// Points of 1 / (1 - quantile) and microseconds, as far as there are enough values.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let points = (0..=4 * POINTS_PER_NINE).map(|at| 10f64.powf(f64::from(at) / f64::from(POINTS_PER_NINE)));
    points
        .filter(|inverse| *inverse <= histogram.len() as f64)
        .map(|inverse| (inverse, histogram.value_at_quantile(1.0 - 1.0 / inverse) as f64 / 1000.0))
        .collect()
}

fn throughput(plotted: &Plotted<'_>, scenario: &str) -> Option<String> {
    let lines: Vec<Line> = plotted
        .present
        .iter()
        .filter_map(|&target| {
            let ran = |run: &&Outcome| run.scenario == scenario && run.target == target && run.counts();
            let run = plotted.results.iter().rev().filter(ran).find(|run| run.throughput.len() > 1)?;
            let points = run.throughput.iter().map(|at| (at.at_s, at.deliveries_per_s)).collect();
            Some(Line { name: target.to_owned(), colour: colour(plotted, target), points })
        })
        .collect();
    let most = |which: fn(&(f64, f64)) -> f64| {
        lines.iter().flat_map(|line| line.points.iter().map(which)).reduce(f64::max)
    };
    let (seconds, rate) = (most(|point| point.0)?, most(|point| point.1).filter(|rate| *rate > 0.0)?);
    Some(svg::lines(&Axis::linear("seconds", seconds), &Axis::linear("deliveries/s", rate), &lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Throughput;

    #[test]
    fn a_round_that_was_refused_is_not_plotted() {
        let run = |round: u32, overloaded: bool| {
            let at = |second: u32| Throughput {
                at_s: f64::from(second),
                deliveries_per_s: f64::from(1_000 * (round + second)),
            };
            Outcome {
                scenario: "chat".to_owned(),
                target: "a".to_owned(),
                round,
                throughput: vec![at(0), at(1)],
                generator_busy: overloaded,
                ..Outcome::default()
            }
        };
        let (good, refused) = (run(1, false), run(2, true));
        let scenario = Scenario::load("chat", &[]).unwrap();
        let names = |results: &[Outcome]| {
            let latency = BTreeMap::new();
            let plotted = Plotted { targets: vec!["a"], present: vec!["a"], results, latency: &latency };
            plots(&plotted, &scenario).into_iter().map(|plot| (plot.name, plot.svg)).collect::<Vec<_>>()
        };
        assert_eq!(names(std::slice::from_ref(&refused)), []);
        let alone = names(std::slice::from_ref(&good));
        assert_eq!(alone.len(), 1);
        assert_eq!(names(&[good, refused]), alone, "the last round that counts is the first");
    }

    #[test]
    fn a_curve_ends_where_there_are_no_more_values() {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 1_000_000_000, 3).unwrap();
        (1..=100).for_each(|value| histogram.record(value * 1000).unwrap());
        let points = curve(&histogram);
        let (inverse, latency) = *points.last().unwrap();
        assert!(
            (99.0..=100.5).contains(&inverse) && (98.0..=100.0).contains(&latency),
            "{inverse} {latency}"
        );
        assert!(points.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    }
}
