//! The plots of a report: CPU, memory, percentiles, throughput.

use super::figure::{Source, by_name, over};
use super::report::Report;
use super::svg::{self, Axis, Line};
use crate::scenario::Load;
use hdrhistogram::Histogram;

/// Colours that are told apart, by the place of a target in the list.
const COLOURS: [&str; 9] =
    ["#1f6feb", "#d9480f", "#2b8a3e", "#9c36b5", "#b08800", "#0b7285", "#c2255c", "#5f3dc4", "#6c757d"];
/// Points of a percentile curve for each nine.
const POINTS_PER_NINE: u32 = 12;

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
pub fn plots(report: &Report, scenario: &str) -> Vec<Plot> {
    let idle = report.scenarios.iter().any(|one| one.name == scenario && one.load == Load::Idle);
    let memory = figure_bars(report, scenario, "bytes_per_connection", "bytes").filter(|_| idle);
    [
        ("cpu", "Server CPU per delivery", figure_bars(report, scenario, "cpu_us_per_delivery", "us")),
        ("memory", "Memory per connection", memory),
        ("latency", "Latency by percentile", percentiles(report, scenario)),
        ("throughput", "Deliveries over time, last round", throughput(report, scenario)),
    ]
    .into_iter()
    .filter_map(|(name, title, svg)| Some(Plot { name, title, svg: svg? }))
    .collect()
}

/// A plot as a file of its own, with title and legend.
pub fn alone(report: &Report, scenario: &str, plot: &Plot) -> String {
    let names: Vec<(String, String)> =
        report.present().map(|target| (target.to_owned(), colour(report, target))).collect();
    svg::alone(&plot.svg, &format!("{scenario}: {}", plot.title), &names)
}

/// The colour of a target.
pub fn colour(report: &Report, target: &str) -> String {
    let at = report.targets.iter().position(|peer| peer.name == target).unwrap_or(0);
    // The limit is no broker.
    let at = if target == "limit" { COLOURS.len() - 1 } else { at % (COLOURS.len() - 1) };
    COLOURS[at].to_owned()
}

fn figure_bars(report: &Report, scenario: &str, name: &str, unit: &str) -> Option<String> {
    let figure = by_name(name)?;
    let rows: Vec<(String, String, f64)> = report
        .present()
        .filter_map(|target| {
            let value = over(&report.results, Source { scenario, target }, figure).median?;
            Some((target.to_owned(), colour(report, target), value.max(0.0)))
        })
        .collect();
    (!rows.is_empty()).then(|| svg::bars(&rows, unit))
}

fn percentiles(report: &Report, scenario: &str) -> Option<String> {
    let lines: Vec<Line> = report
        .present()
        .filter_map(|target| {
            let histogram = report.latency.get(&(scenario.to_owned(), target.to_owned()))?;
            Some(Line { name: target.to_owned(), colour: colour(report, target), points: curve(histogram) })
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

fn throughput(report: &Report, scenario: &str) -> Option<String> {
    let lines: Vec<Line> = report
        .present()
        .filter_map(|target| {
            let ran = |run: &&crate::outcome::Outcome| run.scenario == scenario && run.target == target;
            let run = report.results.iter().rev().filter(ran).find(|run| run.throughput.len() > 1)?;
            let points = run.throughput.iter().map(|at| (at.at_s, at.deliveries_per_s)).collect();
            Some(Line { name: target.to_owned(), colour: colour(report, target), points })
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
