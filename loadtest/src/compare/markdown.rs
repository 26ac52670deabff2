//! `report.md`: tables for people.

use super::report::Report;
use crate::figure::{FIGURES, Source, number, over, ratio};
use crate::outcome::Outcome;

/// The page.
pub fn page(report: &Report) -> String {
    let environment = &report.environment;
    let mut text = format!(
        "# Comparison\n\n{}, {} GB of memory, {}, medians.\n\n",
        environment.machine,
        environment.memory_bytes / 1_000_000_000,
        rounds(report.rounds)
    );
    if !report.complete {
        text += "**The series broke off: this is what was done until then.**\n\n";
    }
    text += &targets(report);
    let first = report.present().next().unwrap_or_default();
    text += &format!(
        "\nIn parentheses: {first} divided by the other, taken within each round; below 1, {first} needs less. \
         A round with a fault, or in which the generator did not keep the schedule, does not count.\n"
    );
    for scenario in &report.scenarios {
        text += &format!("\n## {}\n\n{}\n\n", scenario.name, scenario.about);
        text += &table(report, &scenario.name, first);
    }
    if !report.bars.is_empty() {
        text += &bars(report);
    }
    text += "\n## Doubts and faults\n\n";
    let marked: Vec<String> = report.results.iter().filter_map(marks).collect();
    text += if marked.is_empty() { "None.\n" } else { "" };
    text += &marked.concat();
    text
}

/// The number of rounds, in words.
pub fn rounds(rounds: u32) -> String {
    if rounds == 1 { "one round".to_owned() } else { format!("{rounds} rounds") }
}

fn targets(report: &Report) -> String {
    let mut text = "| target | version |\n|---|---|\n".to_owned();
    for peer in &report.targets {
        let version = match (&peer.version, &peer.missing) {
            (Some(version), _) => version.clone(),
            (None, install) => format!("**missing**: `{}`", install.as_deref().unwrap_or_default()),
        };
        text += &format!("| {} | {version} |\n", peer.name);
    }
    text
}

fn table(report: &Report, scenario: &str, first: &str) -> String {
    let results = &report.results;
    // What nobody has in this scenario has no column.
    let columns: Vec<_> = FIGURES
        .iter()
        .filter(|figure| {
            report.present().any(|target| over(results, Source { scenario, target }, figure).median.is_some())
        })
        .collect();
    let titles: String = columns.iter().map(|figure| format!(" {} |", figure.title)).collect();
    let mut text = format!("| target | rounds |{titles}\n|---|---|{}\n", "---|".repeat(columns.len()));
    for target in report.present() {
        let source = Source { scenario, target };
        let ran = results.iter().filter(|run| run.scenario == scenario && run.target == target);
        let counted = ran.clone().filter(|run| run.counts()).count();
        let cells: String = columns
            .iter()
            .map(|figure| {
                let value = number(over(results, source, figure).median);
                let held = ratio(results, Source { scenario, target: first }, source, figure).median;
                match held.filter(|_| target != first) {
                    Some(held) => format!(" {value} ({}) |", number(Some(held))),
                    None => format!(" {value} |"),
                }
            })
            .collect();
        text += &format!("| {target} | {counted} of {} |{cells}\n", ran.count());
    }
    text
}

fn bars(report: &Report) -> String {
    let mut text =
        "\n## Bars\n\n| work | figure | against | held (range) | bar | |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for verdict in &report.bars {
        let bar = &verdict.bar;
        let spread = verdict.spread.map_or(String::new(), |(low, high)| {
            format!(" ({} to {})", number(Some(low)), number(Some(high)))
        });
        let word = match verdict.met {
            None => "not measured",
            Some(true) => "met",
            Some(false) => "**missed**",
        };
        let (held, most) = (number(verdict.held), number(Some(bar.most)));
        let against = bar.against.as_deref().unwrap_or("itself");
        text +=
            &format!("| {} | {} | {against} | {held}{spread} | {most} | {word} |\n", bar.work, bar.figure);
    }
    text
}

/// What is red or doubtful about a run, as a line of a list.
pub fn marks(outcome: &Outcome) -> Option<String> {
    let red = outcome.red().map(|red| format!("**RED** {}", red.replace(['|', '\n'], " ")));
    let skipped = outcome.skipped.as_ref().map(|why| format!("skipped: {why}"));
    let doubts = outcome.doubts();
    let marks: Vec<String> = red.into_iter().chain(skipped).chain(doubts).collect();
    let Outcome { scenario, target, round, .. } = outcome;
    (!marks.is_empty()).then(|| format!("- {scenario} on {target}, round {round}: {}\n", marks.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_red_run_is_marked_and_a_good_one_is_not() {
        let outcome = Outcome { lost: 3, behind_schedule: true, ..Outcome::default() };
        let line = marks(&outcome).unwrap();
        assert!(line.contains("**RED** 3 lost") && line.contains("behind schedule"), "{line}");
        assert_eq!(marks(&Outcome::default()), None);
    }
}
