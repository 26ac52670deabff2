//! `report.html`: one page with plots that opens from disk and needs nothing else.

use super::figure::{FIGURES, Figure, Source, by_name, number, over, ratio};
use super::markdown::{marks, rounds};
use super::report::Report;
use super::svg::{self, Axis, Line, escape};
use crate::scenario::Load;
use hdrhistogram::Histogram;

const STYLE: &str = include_str!("report.css");
/// Colours that are told apart, by the place of a target in the list.
const COLOURS: [&str; 9] =
    ["#1f6feb", "#d9480f", "#2b8a3e", "#9c36b5", "#b08800", "#0b7285", "#c2255c", "#5f3dc4", "#6c757d"];
/// Points of a percentile curve for each nine.
const POINTS_PER_NINE: u32 = 12;

/// The page.
pub fn page(report: &Report) -> String {
    let environment = &report.environment;
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Comparison of brokers</title>\
         <style>{STYLE}</style>\n<main><h1>Comparison of brokers</h1>\n<p>{}, {}, medians.</p>\n",
        escape(&environment.machine),
        rounds(report.rounds)
    );
    if !report.complete {
        text += "<p class=\"red\">The series broke off: this is what was done until then.</p>\n";
    }
    text += &legend(report);
    for scenario in &report.scenarios {
        text +=
            &format!("<section><h2>{}</h2>\n<p>{}</p>\n", escape(&scenario.name), escape(&scenario.about));
        text += &plots(report, &scenario.name);
        text += &table(report, &scenario.name);
        text += "</section>\n";
    }
    text += &bars(report);
    text += &doubts(report);
    text += &appendix(report);
    text + "</main></html>\n"
}

fn colour(report: &Report, target: &str) -> String {
    let at = report.targets.iter().position(|peer| peer.name == target).unwrap_or(0);
    // The limit is no broker.
    let at = if target == "limit" { COLOURS.len() - 1 } else { at % (COLOURS.len() - 1) };
    COLOURS[at].to_owned()
}

fn legend(report: &Report) -> String {
    let mut text = "<ul class=\"legend\">".to_owned();
    for peer in &report.targets {
        let colour = colour(report, &peer.name);
        let version = match (&peer.version, &peer.missing) {
            (Some(version), _) => escape(version),
            (None, install) => {
                format!(
                    "<b class=\"red\">missing</b> <code>{}</code>",
                    escape(install.as_deref().unwrap_or(""))
                )
            }
        };
        text += &format!("<li><i style=\"background:{colour}\"></i><b>{}</b> {version}</li>", peer.name);
    }
    text + "</ul>\n"
}

/// The plots of a scenario: those that there is something for.
fn plots(report: &Report, scenario: &str) -> String {
    let mut text = String::new();
    let mut add = |title: &str, plot: Option<String>| {
        if let Some(plot) = plot {
            text += &format!("<figure><figcaption>{title}</figcaption>{plot}</figure>\n");
        }
    };
    add("Server CPU per delivery", figure_bars(report, scenario, "cpu_us_per_delivery", "us"));
    let idle = report.scenarios.iter().any(|one| one.name == scenario && one.load == Load::Idle);
    add(
        "Memory per connection",
        figure_bars(report, scenario, "bytes_per_connection", "bytes").filter(|_| idle),
    );
    add("Latency by percentile", percentiles(report, scenario));
    add("Deliveries over time, last round", throughput(report, scenario));
    format!("<div class=\"plots\">{text}</div>\n")
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

fn table(report: &Report, scenario: &str) -> String {
    let results = &report.results;
    let first = report.present().next().unwrap_or_default();
    let has = |figure: &&Figure| {
        report.present().any(|target| over(results, Source { scenario, target }, figure).median.is_some())
    };
    let columns: Vec<&Figure> = FIGURES.iter().filter(has).collect();
    let mut text = "<table><tr><th>target</th><th>rounds that count</th>".to_owned();
    text.extend(columns.iter().map(|figure| format!("<th>{}</th>", figure.title)));
    for target in report.present() {
        let source = Source { scenario, target };
        let ran = results.iter().filter(|run| run.scenario == scenario && run.target == target);
        let counted = ran.clone().filter(|run| run.counts()).count();
        text += &format!("</tr>\n<tr><td>{target}</td><td>{counted} of {}</td>", ran.count());
        for figure in &columns {
            let value = number(over(results, source, figure).median);
            let held = ratio(results, Source { scenario, target: first }, source, figure).median;
            let held = held.filter(|_| target != first);
            let held = held.map_or(String::new(), |held| format!(" <small>{} x</small>", number(Some(held))));
            text += &format!("<td>{value}{held}</td>");
        }
    }
    text + &format!("</tr></table>\n<p><small>x: {first} divided by it, within each round</small></p>\n")
}

fn bars(report: &Report) -> String {
    if report.bars.is_empty() {
        return String::new();
    }
    let mut text =
        "<section><h2>Bars</h2><table><tr><th>work</th><th>figure</th><th>against</th><th>held</th>\
                    <th>range</th><th>bar</th><th></th></tr>"
            .to_owned();
    for verdict in &report.bars {
        let bar = &verdict.bar;
        let (class, word) = match verdict.met {
            None => ("", "not measured"),
            Some(true) => ("green", "met"),
            Some(false) => ("red", "missed"),
        };
        let range = verdict
            .spread
            .map_or("-".to_owned(), |(low, high)| format!("{} to {}", number(Some(low)), number(Some(high))));
        let against = bar.against.as_deref().unwrap_or("itself");
        text += &format!(
            "\n<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{range}</td><td>{}</td><td class=\"{class}\">{word}</td></tr>",
            escape(&bar.work),
            escape(&bar.figure),
            escape(against),
            number(verdict.held),
            number(Some(bar.most))
        );
    }
    text + "</table></section>\n"
}

fn doubts(report: &Report) -> String {
    let marked: Vec<String> = report.results.iter().filter_map(marks).collect();
    let items: Vec<String> = marked
        .iter()
        .map(|line| format!("<li>{}</li>", escape(line.trim_start_matches("- ").trim()).replace("**", "")))
        .collect();
    let list =
        if items.is_empty() { "<p>None.</p>".to_owned() } else { format!("<ul>{}</ul>", items.concat()) };
    format!("<section><h2>Doubts and faults</h2>{list}</section>\n")
}

/// Machine, command, scenarios and configurations, to the letter.
fn appendix(report: &Report) -> String {
    let environment = &report.environment;
    let mut text = format!(
        "<section><h2>Machine and configurations</h2><pre>{}\n{} bytes of memory, clock governor {}, load {}\n\
         loadtest {}\n{}</pre>\n",
        escape(&environment.machine),
        environment.memory_bytes,
        escape(&environment.governor),
        escape(&environment.load),
        environment.loadtest,
        escape(&environment.command)
    );
    for peer in report.targets.iter().filter(|peer| !peer.configuration.is_empty()) {
        let (name, text_of) = (&peer.name, escape(&peer.configuration));
        text += &format!("<details><summary>{name}</summary><pre>{text_of}</pre></details>\n");
    }
    for scenario in &report.scenarios {
        let toml = toml::to_string(scenario).unwrap_or_default();
        let name = escape(&scenario.name);
        text += &format!("<details><summary>{name}</summary><pre>{}</pre></details>\n", escape(&toml));
    }
    text + "</section>\n"
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
