//! Taking over a changed configuration while the node runs (SIGHUP): all of it that can be, or nothing.

use super::{ServeError, authenticator, memory, tls};
use crate::base::limits::Limits;
use crate::config::{Config, RELOADED, Sources, TlsConfig, data_dir};
use crate::runtime::tls::{Acceptance, Acceptor, TlsSettings};
use crate::runtime::{Reloads, log};
use crate::shard::Reload;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        let prepared = load(&self.sources).and_then(|config| match self.prepare(&config) {
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

    /// The files that certificates and keys in force come from.
    pub(super) fn certificate_files(&self) -> Vec<PathBuf> {
        self.taken.tls.files.clone()
    }

    /// Reads certificates and keys anew, and nothing else. With a mistake in them, all stays as it is. Where the configuration
    /// names other files by now, that waits for a reload of all of it.
    pub(super) fn reload_certificates(&mut self) {
        let outcome = load(&self.sources).and_then(|loaded| self.take_certificates(&loaded));
        match outcome {
            Ok(()) => log::info!("certificates and keys are read anew, as their files have changed"),
            Err(mistakes) => log::error!(
                mistakes,
                "certificates and keys have changed and are not taken over; those from before are served still"
            ),
        }
    }

    fn take_certificates(&mut self, loaded: &Config) -> Result<(), String> {
        if loaded.tls.files != self.taken.tls.files {
            return Err(
                "the configuration names other files, and is not taken over yet (SIGHUP does that)".into()
            );
        }
        let tls = TlsConfig {
            identities: loaded.tls.identities.clone(),
            client_authorities: loaded.tls.client_authorities.clone(),
            ..self.taken.tls.clone()
        };
        let config = Config { tls, data_dir: self.started.data_dir.clone(), ..self.taken.clone() };
        let settings = self.tls_settings(&config).map_err(|error| error.to_string())?;
        if let Some((acceptor, settings)) = self.acceptor.as_ref().zip(settings) {
            let acceptance = acceptor.prepare(&settings).map_err(|error| error.to_string())?;
            acceptor.replace(acceptance);
        }
        self.taken.tls = config.tls;
        Ok(())
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

/// The configuration as it is now, or all that is wrong with it.
fn load(sources: &Sources) -> Result<Config, String> {
    Config::load(sources).map_err(|errors| {
        let mistakes: Vec<_> = errors.0.iter().map(ToString::to_string).collect();
        mistakes.join("; ")
    })
}

/// The reloader, for one thread at a time. One that panicked in it has replaced nothing.
pub(super) fn lock(reloader: &Mutex<Reloader>) -> MutexGuard<'_, Reloader> {
    reloader.lock().unwrap_or_else(PoisonError::into_inner)
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
