//! Bars: how much a figure may be, by itself or against another target's. They come from a file.

use crate::figure::{Source, by_name, over, ratio};
use crate::outcome::Outcome;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One bar of the file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// What is done, for people.
    pub work: String,
    /// The scenario's name.
    pub scenario: String,
    /// The figure's name in `report.json`.
    pub figure: String,
    /// Who is held to it.
    pub target: String,
    /// Whose figure it is divided by; none holds the figure itself.
    #[serde(default)]
    pub against: Option<String>,
    /// In which scenario, if it is another.
    #[serde(default)]
    pub against_scenario: Option<String>,
    /// The most allowed.
    pub most: f64,
}

impl Bar {
    /// What is held, in words.
    pub fn title(&self) -> String {
        let against = self.against.as_ref().map_or(String::new(), |other| format!(" against {other}"));
        format!("{} ({}){against}", self.work, self.figure)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bar: Vec<Bar>,
}

/// A bar and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The bar.
    #[serde(flatten)]
    pub bar: Bar,
    /// Median of what is held; none if no round counted.
    pub held: Option<f64>,
    /// Its smallest and largest.
    pub spread: Option<(f64, f64)>,
    /// Rounds that count.
    pub rounds: usize,
    /// Whether it is met; none if it was not measured.
    pub met: Option<bool>,
}

/// Reads the bars of a file.
pub fn load(file: &Path) -> Result<Vec<Bar>, String> {
    let fail = |why: String| format!("{}: {}", file.display(), why.trim_end());
    let text = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    let File { bar: bars } = toml::from_str(&text).map_err(|error| fail(error.to_string()))?;
    match bars.iter().find(|bar| by_name(&bar.figure).is_none()) {
        Some(bar) => Err(fail(format!("no figure {}", bar.figure))),
        None => Ok(bars),
    }
}

/// Holds the results against a bar.
pub fn judge(bar: &Bar, results: &[Outcome]) -> Verdict {
    let source = Source { scenario: &bar.scenario, target: &bar.target };
    let found = by_name(&bar.figure).map(|figure| match &bar.against {
        None => over(results, source, figure),
        Some(target) => {
            let scenario = bar.against_scenario.as_ref().unwrap_or(&bar.scenario);
            ratio(results, source, Source { scenario, target }, figure)
        }
    });
    let found = found.unwrap_or_default();
    Verdict {
        bar: bar.clone(),
        held: found.median,
        spread: found.spread,
        rounds: found.rounds,
        met: found.median.map(|held| held <= bar.most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::names;

    #[test]
    fn the_bars_of_this_project_name_scenarios_and_figures_that_there_are() {
        let bars = load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/bars.toml"))).unwrap();
        assert!(bars.len() >= 20);
        for bar in bars {
            assert!(names().contains(&bar.scenario.as_str()), "{bar:?}");
            assert!(bar.against_scenario.is_none_or(|name| names().contains(&name.as_str())));
        }
    }

    #[test]
    fn a_bar_is_met_missed_or_not_measured() {
        let bar = Bar {
            work: "memory".into(),
            scenario: "idle".into(),
            figure: "bytes_per_connection".into(),
            target: "a".into(),
            against: None,
            against_scenario: None,
            most: 700.0,
        };
        let run = |target: &str, bytes| Outcome {
            scenario: "idle".into(),
            target: target.into(),
            round: 1,
            bytes_per_connection: Some(bytes),
            ..Outcome::default()
        };
        assert_eq!(judge(&bar, &[run("a", 700.0)]).met, Some(true));
        assert_eq!(judge(&bar, &[run("a", 701.0)]).met, Some(false));
        assert_eq!(judge(&bar, &[run("b", 1.0)]).met, None);
        let against = Bar { against: Some("b".into()), most: 0.5, ..bar };
        assert_eq!(judge(&against, &[run("a", 5.0), run("b", 10.0)]).met, Some(true));
        assert_eq!(judge(&against, &[run("a", 6.0), run("b", 10.0)]).met, Some(false));
    }
}
