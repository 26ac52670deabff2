//! The report: JSON for programs, a Markdown table for people.

use super::bars::{Figure, figures};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::sample;
use serde::Serialize;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Everything a series found.
#[derive(Serialize)]
pub struct Report {
    /// CPU model, CPUs, kernel.
    pub machine: String,
    /// Rounds asked for.
    pub rounds: u32,
    /// Whether all of them were run.
    pub complete: bool,
    /// The figures, with their bars.
    pub figures: Vec<Figure>,
    /// Every run.
    pub results: Vec<Outcome>,
}

impl Report {
    /// The report of these runs.
    pub fn new(rounds: u32, complete: bool, results: Vec<Outcome>) -> Report {
        Report { machine: sample::machine(), rounds, complete, figures: figures(&results), results }
    }

    /// Writes `report.json` and `report.md` into `directory`, made if need be.
    pub fn write(&self, directory: &Path) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
        fs::create_dir_all(directory).map_err(fail)?;
        fs::write(directory.join("report.json"), json + "\n").map_err(fail)?;
        fs::write(directory.join("report.md"), self.markdown()).map_err(fail)?;
        Ok(())
    }

    /// The tables.
    pub fn markdown(&self) -> String {
        let mut text = format!("# Figures\n\n{}, {} rounds, medians.\n\n", self.machine, self.rounds);
        if !self.complete {
            text += "**The series broke off: this is what was done until then.**\n\n";
        }
        text += "C is the CPU of one `send` of the same bytes in a bare send loop, paced as the fan-out of singles \
                 is.\nRatios are taken within a round; the reference of CPU figures is C, of round trips an epoll \
                 echo.\n\n";
        text += "| figure | value | reference | ratio | over the rounds | bar | |\n|---|---|---|---|---|---|---|\n";
        for figure in &self.figures {
            text += &figure_row(figure);
        }
        text += "\n| run | target | round | deliveries/s | CPU us/delivery | p50 us | p99 us | bytes/connection \
                 | generator CPU | red or doubtful |\n|---|---|---|---|---|---|---|---|---|---|\n";
        for outcome in &self.results {
            text += &outcome_row(outcome);
        }
        text
    }
}

fn figure_row(figure: &Figure) -> String {
    let mut row = String::new();
    let value = number(figure.value);
    let (name, unit) = (figure.name, figure.unit);
    let ratio = if figure.reference.is_some() { number(figure.held) } else { "-".to_owned() };
    let spread = figure
        .spread
        .map_or("-".to_owned(), |(low, high)| format!("{} to {}", number(Some(low)), number(Some(high))));
    let verdict = match figure.bar {
        None => "",
        Some(_) if figure.held.is_none() => "not measured",
        Some(_) if figure.met() => "met",
        Some(_) => "**missed**",
    };
    let (reference, bar, rounds) = (number(figure.reference), number(figure.bar), figure.rounds);
    // Writing to a string cannot fail.
    let _ = writeln!(
        row,
        "| {name} | {value} {unit} | {reference} | {ratio} | {spread} ({rounds}) | {bar} | {verdict} |"
    );
    row
}

fn outcome_row(outcome: &Outcome) -> String {
    let Outcome { scenario, target, round, .. } = outcome;
    let mut marks: Vec<String> =
        outcome.red().map(|red| format!("**{}**", red.replace(['|', '\n'], " "))).into_iter().collect();
    marks.extend(outcome.doubts().into_iter().map(str::to_owned));
    format!(
        "| {scenario} | {target} | {round} | {:.0} | {} | {} | {} | {} | {:.0} % | {} |\n",
        outcome.deliveries_per_s,
        number(outcome.cpu_us_per_delivery),
        number(outcome.p50_us),
        number(outcome.p99_us),
        number(outcome.bytes_per_connection),
        outcome.generator_cpu * 100.0,
        marks.join(", "),
    )
}

/// Three digits that count.
fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_nothing_says_so() {
        let text = Report::new(5, false, Vec::new()).markdown();
        assert!(
            text.contains("broke off") && text.contains("not measured") && !text.contains("| met |"),
            "{text}"
        );
    }

    #[test]
    fn a_red_run_is_marked() {
        let outcome = Outcome { lost: 3, behind_schedule: true, ..Outcome::default() };
        let row = outcome_row(&outcome);
        assert!(row.contains("**3 lost**") && row.contains("behind schedule"), "{row}");
    }
}
