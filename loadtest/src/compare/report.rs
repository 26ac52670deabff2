//! Everything a comparison found, and `report.json`.

use super::bars::{self, Bar, Verdict};
use super::environment::{Environment, Peer};
use super::series::Series;
use super::{html, markdown};
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

    /// Writes `report.json`, `report.md` and `report.html` into `directory`, made if need be.
    pub fn write(&self, directory: &Path) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
        fs::create_dir_all(directory).map_err(fail)?;
        fs::write(directory.join("report.json"), json + "\n").map_err(fail)?;
        fs::write(directory.join("report.md"), markdown::page(self)).map_err(fail)?;
        fs::write(directory.join("report.html"), html::page(self)).map_err(fail)?;
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
        if missed.is_empty() {
            Ok(())
        } else {
            Err(Failure::BarMissed(format!("bars missed: {}", missed.join("; "))))
        }
    }

    /// The targets that ran.
    pub fn present(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().filter(|peer| peer.missing.is_none()).map(|peer| peer.name.as_str())
    }
}
