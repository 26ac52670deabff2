//! Everything a comparison found, and what is wrong with it.

use super::bars::{self, Bar, Verdict};
use super::environment::{Environment, Peer};
use super::series::Series;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::plots::Plotted;
use crate::scenario::Scenario;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;

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
            Err(Failure::Refused(format!(
                "no result for {scenario} on {target}: every round was refused, the last as {}",
                run.refused().unwrap_or_default()
            )))
        })
    }

    /// A run of a scenario and a target of which every round was refused.
    fn refused(&self) -> Option<&Outcome> {
        self.results.iter().find(|run| {
            let same = |other: &&Outcome| (&run.scenario, &run.target) == (&other.scenario, &other.target);
            self.results.iter().filter(same).all(|round| round.refused().is_some())
        })
    }

    /// What of it is plotted.
    pub fn plotted(&self) -> Plotted<'_> {
        Plotted {
            targets: self.targets.iter().map(|peer| &*peer.name).collect(),
            present: self.present().collect(),
            results: &self.results,
            latency: &self.latency,
        }
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
            generator_busy: overloaded,
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
        assert!(matches!(&failure, Failure::Refused(why) if why.contains("chat on b")), "{failure}");
    }
}
