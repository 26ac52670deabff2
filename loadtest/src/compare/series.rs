//! The runs, round by round.

use super::environment::Peer;
use crate::cli::Compare;
use crate::engine::Shared;
use crate::failure::Failure;
use crate::launch::Place;
use crate::outcome::Outcome;
use crate::output::note;
use crate::run::started;
use crate::scenario::Scenario;
use crate::target::{self, Options};
use crate::{histograms, sys};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// A comparison under way, and what it found so far.
pub struct Series<'a> {
    /// What was asked for.
    pub arguments: &'a Compare,
    /// The scenarios, with the changes asked for.
    pub scenarios: Vec<Scenario>,
    /// Rounds asked for.
    pub rounds: u32,
    /// The targets.
    pub peers: Vec<Peer>,
    /// Every run.
    pub results: Vec<Outcome>,
    /// Latency over the rounds that count, by scenario and target.
    pub latency: BTreeMap<(String, String), Histogram<u64>>,
    bar: ProgressBar,
}

impl<'a> Series<'a> {
    /// Nothing run yet.
    pub fn new(
        arguments: &'a Compare,
        scenarios: Vec<Scenario>,
        rounds: u32,
        peers: Vec<Peer>,
    ) -> Series<'a> {
        let installed = peers.iter().filter(|peer| peer.missing.is_none()).count();
        let bar = ProgressBar::new((installed * scenarios.len()) as u64 * u64::from(rounds));
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}/{duration} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Series { arguments, scenarios, rounds, peers, results: Vec::new(), latency: BTreeMap::new(), bar }
    }

    /// Runs all of it. A run that fails is a result; only the user's interruption ends the series.
    pub fn run(&mut self) -> Result<(), Failure> {
        let result = self.run_rounds();
        self.bar.finish_and_clear();
        result
    }

    fn run_rounds(&mut self) -> Result<(), Failure> {
        for round in 1..=self.rounds {
            for scenario in self.scenarios.clone() {
                // The send loop imitates the frames of the first target.
                let mut frame_bytes = None;
                for at in 0..self.peers.len() {
                    if self.peers[at].missing.is_some() {
                        continue;
                    }
                    if sys::interrupted() {
                        return Err(Failure::Interrupted);
                    }
                    let outcome = self.run_once(at, &scenario, round, frame_bytes)?;
                    if outcome.counts() && outcome.frame_bytes >= 1.0 {
                        frame_bytes = frame_bytes.or(Some(outcome.frame_bytes.round() as usize));
                    }
                    self.tell(&outcome);
                    self.results.push(outcome);
                }
            }
        }
        Ok(())
    }

    fn run_once(
        &mut self,
        at: usize,
        scenario: &Scenario,
        round: u32,
        frame_bytes: Option<usize>,
    ) -> Result<Outcome, Failure> {
        let starting = &self.arguments.starting;
        let options = starting.options();
        let frame_bytes = frame_bytes.unwrap_or(options.frame_bytes);
        let target = target::by_name(&self.peers[at].name, &Options { frame_bytes, ..options })?;
        let what = format!("round {round}/{}: {} on {}", self.rounds, scenario.name, target.name());
        self.bar.set_message(what.clone());
        let bar = &self.bar;
        let progress = |shared: &Shared, _left: u64| {
            let deliveries = shared.deliveries.load(Ordering::Relaxed);
            bar.set_message(format!("{what}, {deliveries} deliveries"));
        };
        let run = Place::new(starting.server_cpu, starting.port)
            .and_then(|place| started(&*target, place, scenario, round, &self.arguments.cpu, &progress));
        let (run, configuration) = match run {
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => return Ok(failed(scenario, target.name(), round, &failure)),
            Ok(run) => run,
        };
        self.peers[at].configuration = configuration;
        histograms::write(&self.arguments.out.join("hdr"), &run)?;
        if run.outcome.counts() {
            let key = (scenario.name.clone(), target.name().to_owned());
            let latency = run.histograms.into_iter().find(|(name, _)| *name == "latency");
            let latency = latency.map(|(_, histogram)| histogram).filter(|histogram| !histogram.is_empty());
            match (self.latency.get_mut(&key), latency) {
                (Some(sum), Some(histogram)) => drop(sum.add(&histogram)),
                (None, Some(histogram)) => drop(self.latency.insert(key, histogram)),
                _ => {}
            }
        }
        Ok(run.outcome)
    }

    /// Tells the user of a run: above the bar, or as a line where there is no terminal.
    fn tell(&self, outcome: &Outcome) {
        let mut text = format!("round {}: {}", outcome.round, outcome.summary());
        if let Some(red) = outcome.red() {
            text += &format!("\n  RED: {red}");
        }
        if self.bar.is_hidden() {
            note(text);
        } else {
            self.bar.println(text);
        }
        self.bar.inc(1);
    }
}

fn failed(scenario: &Scenario, target: &str, round: u32, failure: &Failure) -> Outcome {
    Outcome {
        scenario: scenario.name.clone(),
        target: target.to_owned(),
        round,
        failure: Some(failure.to_string()),
        ..Outcome::default()
    }
}
