//! Taking over a changed configuration while the node runs (SIGHUP): all of it that can be, or nothing.

use super::{ServeError, authenticator, memory, tls};
use crate::base::limits::Limits;
use crate::config::{Config, RELOADED, Sources, data_dir};
use crate::runtime::tls::{Acceptance, Acceptor, TlsSettings};
use crate::runtime::{Reloads, log};
use crate::shard::Reload;
use std::sync::Arc;

/// Settings among them that need a restart all the same: queues are made of their size.
const KEPT: &[&str] = &["limits.effects_in_flight_max", "limits.history_queue_bytes_max", "tls.self_signed"];

/// The configuration in force, where a newer one comes from, and where it goes.
pub(super) struct Reloader {
    sources: Sources,
    /// As the node was started.
    started: Config,
    /// Bytes of memory that a core plans with.
    part_bytes: u64,
    /// As it was taken over last.
    taken: Config,
    reloads: Reloads,
    /// What certificates go to, where there is TLS.
    acceptor: Option<Acceptor>,
}

/// What was made of a configuration, so that nothing is left to go wrong.
struct Prepared {
    reload: Reload,
    acceptance: Option<Arc<Acceptance>>,
}

impl Reloader {
    pub(super) fn new(
        sources: &Sources,
        config: &Config,
        part_bytes: u64,
        reloads: Reloads,
        acceptor: Option<Acceptor>,
    ) -> Self {
        let (started, taken) = (config.clone(), config.clone());
        Self { sources: sources.clone(), started, part_bytes, taken, reloads, acceptor }
    }

    /// Reads the configuration, and the files with secrets that it names, anew. With a mistake in it, all stays as it is.
    pub(super) fn reload(&mut self) {
        let loaded = Config::load(&self.sources)
            .map_err(|errors| errors.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        let prepared = loaded.and_then(|config| match self.prepare(&config) {
            Ok(prepared) => Ok((config, prepared)),
            Err(error) => Err(error.to_string()),
        });
        match prepared {
            Ok((config, prepared)) => self.take_over(config, prepared),
            Err(mistakes) => {
                log::error!(
                    mistakes,
                    "the configuration is not taken over, as it has mistakes; all stays as it was"
                );
            }
        }
    }

    /// What the cores get of a configuration.
    fn prepare(&self, config: &Config) -> Result<Prepared, ServeError> {
        // The node stays in the data directory that it was started with.
        let here = Config { data_dir: self.started.data_dir.clone(), ..config.clone() };
        let secrets = data_dir::prepare(&here.data_dir, here.wants_own_jwt_secret())?;
        let limits = Limits {
            effects_in_flight_max: self.started.limits.effects_in_flight_max,
            history_queue_bytes_max: self.started.limits.history_queue_bytes_max,
            ..config.limits.clone()
        };
        let reload = Reload {
            limits: Arc::new(memory::fit(limits, self.part_bytes)),
            authenticator: Arc::new(authenticator(&here, &secrets)?),
            allowed_origins: config.auth.allowed_origins.clone().into(),
            trusted_proxies: config.trusted_proxies.clone().into(),
            compressed: config.websocket.compressed.clone().into(),
            ping_interval_ms: u64::from(config.websocket.ping_interval_s) * 1000,
            pong_timeout_ms: u64::from(config.websocket.pong_timeout_s) * 1000,
        };
        let acceptance = self.acceptor.as_ref().zip(self.tls_settings(&here)?);
        let acceptance = acceptance.map(|(acceptor, settings)| acceptor.prepare(&settings)).transpose()?;
        Ok(Prepared { reload, acceptance })
    }

    /// The listeners that speak TLS are those of the start.
    fn tls_settings(&self, config: &Config) -> Result<Option<TlsSettings>, ServeError> {
        tls::settings(&Config { listen: self.started.listen.clone(), ..config.clone() })
    }

    fn take_over(&mut self, config: Config, Prepared { reload, acceptance }: Prepared) {
        for warning in &config.warnings {
            log::warn!("{warning}");
        }
        let mut changed = self.taken.given.differences(&config.given);
        changed.retain(|name| is_reloaded(name));
        let mut left = self.started.given.differences(&config.given);
        left.retain(|name| !is_reloaded(name));
        self.reloads.send(&reload);
        if let Some((acceptor, acceptance)) = self.acceptor.as_ref().zip(acceptance) {
            acceptor.replace(acceptance);
        }
        log::set_level(config.log.level);
        log::info!(changed = changed.join(", "), "the configuration is taken over");
        if !left.is_empty() {
            log::warn!(settings = left.join(", "), "these settings have changed, and need a restart");
        }
        self.taken = config;
    }
}

fn is_reloaded(name: &str) -> bool {
    let named = RELOADED
        .iter()
        .any(|known| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    named && !KEPT.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_restart_is_told_from_what_does_not() {
        for name in ["auth.api_keys", "limits.rooms_max", "log.level", "trusted_proxies"] {
            assert!(is_reloaded(name), "{name}");
        }
        for name in ["listen", "cores", "namespaces", "authors", "limits.effects_in_flight_max", "data_dir"] {
            assert!(!is_reloaded(name), "{name}");
        }
    }
}
