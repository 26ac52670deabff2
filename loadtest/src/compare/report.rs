//! Everything a comparison found, and `report.json`.

use super::bars::{self, Bar, Verdict};
use super::environment::{Environment, Peer};
use super::series::Series;
use super::{html, markdown, plots};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The report.
#[derive(Serialize)]
pub struct Report {
    /// Where and with what.
    pub environment: Environment,
    /// Rounds asked for.
    pub rounds: u32,
    /// Whether all of them were run.
    pub complete: bool,
    /// The targets, missing ones too.
    pub targets: Vec<Peer>,
    /// The scenarios, with every value.
    pub scenarios: Vec<Scenario>,
    /// The bars, and what was found.
    pub bars: Vec<Verdict>,
    /// Every run.
    pub results: Vec<Outcome>,
    /// Latency by scenario and target.
    #[serde(skip)]
    pub latency: BTreeMap<(String, String), Histogram<u64>>,
}

impl Report {
    /// The report of a series.
    pub fn new(series: Series<'_>, bars: &[Bar], complete: bool) -> Report {
        Report {
            environment: Environment::now(),
            rounds: series.rounds,
            complete,
            targets: series.peers,
            scenarios: series.scenarios,
            bars: bars.iter().map(|bar| bars::judge(bar, &series.results)).collect(),
            results: series.results,
            latency: series.latency,
        }
    }

    /// Writes `report.json`, `report.md`, `report.html` and the plots, each also as a file, into `directory`, made if
    /// need be.
    pub fn write(&self, directory: &Path) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
        fs::create_dir_all(directory).map_err(fail)?;
        fs::write(directory.join("report.json"), json + "\n").map_err(fail)?;
        fs::write(directory.join("report.md"), markdown::page(self)).map_err(fail)?;
        fs::write(directory.join("report.html"), html::page(self)).map_err(fail)?;
        let plots = directory.join("plots");
        fs::create_dir_all(&plots).map_err(fail)?;
        for scenario in &self.scenarios {
            for plot in plots::plots(self, &scenario.name) {
                let file = plots.join(format!("{}-{}.svg", scenario.name, plot.name));
                fs::write(file, plots::alone(self, &scenario.name, &plot)).map_err(fail)?;
            }
        }
        Ok(())
    }

    /// What is wrong with the result, if anything.
    pub fn verdict(&self) -> Result<(), Failure> {
        if let Some((run, why)) = self.results.iter().find_map(|run| Some((run, run.red()?))) {
            let Outcome { scenario, target, round, .. } = run;
            return Err(Failure::Red(format!("RED: {scenario} on {target}, round {round}: {why}")));
        }
        let missed = self.bars.iter().filter(|bar| bar.met == Some(false));
        let missed: Vec<String> = missed.map(|verdict| verdict.bar.title()).collect();
        if !missed.is_empty() {
            return Err(Failure::BarMissed(format!("bars missed: {}", missed.join("; "))));
        }
        let refused = self.refused();
        refused.map_or(Ok(()), |run| {
            let Outcome { scenario, target, .. } = run;
            Err(Failure::Failed(format!(
                "no result for {scenario} on {target}: the generator was overloaded in every round"
            )))
        })
    }

    /// A run of a scenario and a target of which every round was refused.
    fn refused(&self) -> Option<&Outcome> {
        self.results.iter().find(|run| {
            let same = |other: &&Outcome| (&run.scenario, &run.target) == (&other.scenario, &other.target);
            self.results.iter().filter(same).all(|round| round.generator_overloaded)
        })
    }

    /// The targets that ran.
    pub fn present(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().filter(|peer| peer.missing.is_none()).map(|peer| peer.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(overloaded: [bool; 2]) -> Result<(), Failure> {
        let run = |(target, overloaded): (&str, bool)| Outcome {
            scenario: "chat".to_owned(),
            target: target.to_owned(),
            generator_overloaded: overloaded,
            ..Outcome::default()
        };
        let runs = [("a", false), ("b", overloaded[0]), ("a", true), ("b", overloaded[1])];
        let report = Report {
            environment: Environment::now(),
            rounds: 2,
            complete: true,
            targets: Vec::new(),
            scenarios: Vec::new(),
            bars: Vec::new(),
            results: runs.into_iter().map(run).collect(),
            latency: BTreeMap::new(),
        };
        report.verdict()
    }

    #[test]
    fn a_target_of_which_every_round_was_refused_has_no_result() {
        assert_eq!(verdict([false, true]), Ok(()));
        let failure = verdict([true, true]).unwrap_err();
        assert!(matches!(&failure, Failure::Failed(why) if why.contains("chat on b")), "{failure}");
    }
}
