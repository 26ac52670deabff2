//! Taking over a changed configuration while the node runs (SIGHUP): all of it that can be, or nothing.

use crate::config::{Config, Given, Sources};
use crate::runtime::log;

/// Settings that are taken over, by their names or the tables they stand in. The rest needs a restart.
const RELOADED: &[&str] = &["log.level"];

/// The configuration in force, and where a newer one comes from.
pub(super) struct Reloader {
    sources: Sources,
    /// As the node was started.
    started: Given,
    /// As it was taken over last.
    taken: Given,
}

impl Reloader {
    pub(super) fn new(sources: &Sources, config: &Config) -> Self {
        Self { sources: sources.clone(), started: config.given.clone(), taken: config.given.clone() }
    }

    /// Reads the configuration anew. With a mistake in it, all stays as it is.
    pub(super) fn reload(&mut self) {
        let config = match Config::load(&self.sources) {
            Ok(config) => config,
            Err(errors) => {
                log::error!(
                    mistakes = %errors.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                    "the configuration is not taken over, as it has mistakes; all stays as it was"
                );
                return;
            }
        };
        for warning in &config.warnings {
            log::warn!("{warning}");
        }
        let mut changed = self.taken.differences(&config.given);
        changed.retain(|name| is_reloaded(name));
        let mut left = self.started.differences(&config.given);
        left.retain(|name| !is_reloaded(name));
        log::set_level(config.log.level);
        log::info!(changed = changed.join(", "), "the configuration is taken over");
        if !left.is_empty() {
            log::warn!(settings = left.join(", "), "these settings have changed, and need a restart");
        }
        self.taken = config.given;
    }
}

fn is_reloaded(name: &str) -> bool {
    RELOADED
        .iter()
        .any(|known| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}
