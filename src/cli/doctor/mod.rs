//! `corecast doctor`: what on this machine keeps a node from serving well, each with its fix. `facts` reads
//! the machine, `ring` tries io_uring, `checks` judges without touching anything.

mod checks;
mod facts;
mod ring;

pub use ring::explain_ring_error;

use super::{Failure, load, print};
use crate::config::Sources;
use crate::server::preflight;
use checks::{Finding, Verdict};
use facts::Facts;

/// Prints every finding; fails if one of them keeps a node from starting.
pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    let config = load(sources)?;
    let mut findings = checks::all(&Facts::of_this_machine(), &config);
    findings.extend(checks::surroundings(&preflight::surroundings(&config)));
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let printed = print(lines.join("\n"));
    let failed = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
    match failed {
        0 => printed,
        1 => Err(Failure::Said("1 check failed".into())),
        _ => Err(Failure::Said(format!("{failed} checks failed"))),
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        write!(f, "{verdict}  {:<12}  {}", self.subject, self.text)?;
        match &self.fix {
            Some(fix) => write!(f, "\n      {:<12}  fix: {fix}", ""),
            None => Ok(()),
        }
    }
}
