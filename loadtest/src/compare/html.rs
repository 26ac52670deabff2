//! `report.html`: one page with plots that opens from disk and needs nothing else.

use super::markdown::{marks, rounds};
use super::report::Report;
use crate::figure::{FIGURES, Figure, Source, number, over, ratio};
use crate::plots::svg::escape;
use crate::plots::{Plot, colour, plots};
use crate::scenario::Scenario;

const STYLE: &str = include_str!("report.css");

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
        text += &figures(report, scenario);
        text += &table(report, &scenario.name);
        text += "</section>\n";
    }
    text += &bars(report);
    text += &doubts(report);
    text += &appendix(report);
    text + "</main></html>\n"
}

fn legend(report: &Report) -> String {
    let mut text = "<ul class=\"legend\">".to_owned();
    let plotted = report.plotted();
    for peer in &report.targets {
        let colour = colour(&plotted, &peer.name);
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

/// The plots of a scenario.
fn figures(report: &Report, scenario: &Scenario) -> String {
    let figure =
        |plot: Plot| format!("<figure><figcaption>{}</figcaption>{}</figure>\n", plot.title, plot.svg);
    let figures: String = plots(&report.plotted(), scenario).into_iter().map(figure).collect();
    format!("<div class=\"plots\">{figures}</div>\n")
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
