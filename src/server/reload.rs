//! Taking over a changed configuration while the node runs (SIGHUP, `POST /admin/reload`): all of it that can be, or nothing.

use super::{ServeError, authenticator, definitions, memory, outbound, people, systemd, tls, web_push};
use crate::base::limits::{Limits, PushLimits};
use crate::broker::rules::definitions::Definitions;
use crate::config::{Config, Namespace, Sources, TlsConfig, data_dir, is_reloaded};
use crate::model::definition::ChannelDefinition;
use crate::model::settings::{Reloaded, SettingsInForce};
use crate::runtime::side::operator::Operator;
use crate::runtime::side::outbound::OutboundSettings;
use crate::runtime::tls::{Acceptance, Acceptor, TlsSettings};
use crate::runtime::{Reloads, log};
use crate::shard::{PeopleSettings, Reload};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    outbound: OutboundSettings,
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

    /// Reads the configuration, and the files with secrets that it names, anew.
    ///
    /// # Errors
    /// Every mistake in it; all stays as it was.
    pub(super) fn reload(&mut self) -> Result<Reloaded, String> {
        let prepared = load(&self.sources).and_then(|config| match self.prepare(&config) {
            Ok(prepared) => Ok((config, prepared)),
            Err(error) => Err(error.to_string()),
        });
        match prepared {
            Ok((config, prepared)) => Ok(self.take_over(config, prepared)),
            Err(mistakes) => {
                log::error!(
                    mistakes,
                    "the configuration is not taken over, as it has mistakes; all stays as it was"
                );
                Err(mistakes)
            }
        }
    }

    /// The settings in force: those that are reloaded as they were taken over last, the rest as of the start.
    fn settings(&self) -> SettingsInForce {
        let mut salt = [0; 16];
        // Without randomness digests tell the same from one time to the next, which is no harm to those that they are for.
        let _ = getrandom::fill(&mut salt);
        let salt = format!("{:032x}", u128::from_le_bytes(salt));
        let taken = self.taken.given.digests(&salt).into_iter().filter(|(name, _)| is_reloaded(name));
        let started = self.started.given.digests(&salt).into_iter().filter(|(name, _)| !is_reloaded(name));
        let mut digests: Vec<_> = taken.chain(started).collect();
        digests.sort();
        SettingsInForce { salt, digests }
    }

    /// The files that certificates and keys in force come from.
    pub(super) fn certificate_files(&self) -> Vec<PathBuf> {
        self.taken.tls.files.iter().cloned().chain(tls::given_file(&self.started)).collect()
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
        let vapid_key = here.vapid_key()?;
        let limits = self.limits(config);
        let PeopleSettings { ice, .. } = people(config);
        let reload = Reload {
            limits: Arc::new(memory::fit(limits.clone(), self.part_bytes)),
            authenticator: Arc::new(authenticator(&here, &secrets)?),
            definitions: Arc::new(self.definitions(config)),
            ice,
            web_push: Arc::new(web_push(config, &vapid_key)),
            public_urls: config.public_urls().into(),
            allowed_origins: config.auth.allowed_origins.clone().into(),
            trusted_proxies: config.trusted_proxies.clone().into(),
            compressed: config.websocket.compressed.clone().into(),
            access_log: config.log.access,
            ping_interval_ms: u64::from(config.websocket.ping_interval_s) * 1000,
            pong_timeout_ms: u64::from(config.websocket.pong_timeout_s) * 1000,
        };
        let outbound = outbound(&Config { limits, ..here.clone() }, vapid_key);
        let acceptance = self.acceptor.as_ref().zip(self.tls_settings(&here)?);
        let acceptance = acceptance.map(|(acceptor, settings)| acceptor.prepare(&settings)).transpose()?;
        Ok(Prepared { reload, outbound, acceptance })
    }

    /// The limits of a configuration. Queues are made of the size of some, which stay as they were.
    fn limits(&self, config: &Config) -> Limits {
        let Limits { effects_in_flight_max, history_queue_bytes_max, .. } = self.started.limits;
        Limits {
            effects_in_flight_max,
            history_queue_bytes_max,
            push: PushLimits { in_flight_max: self.started.limits.push.in_flight_max, ..config.limits.push },
            ..config.limits.clone()
        }
    }

    /// The rules of a configuration. Open channels are kept by some of them, which stay as they were.
    fn definitions(&self, config: &Config) -> Definitions {
        let started = definitions(&self.started.namespaces);
        let kept = |Namespace { name, definition, pace }: &Namespace| {
            let before = started.namespaces.get(name.as_str()).unwrap_or(&started.default);
            let (presence, durability) = (before.presence, before.durability);
            let definition = ChannelDefinition { presence, durability, ..*definition };
            Namespace { name: name.clone(), definition, pace: pace.clone() }
        };
        definitions(&config.namespaces.iter().map(kept).collect::<Vec<_>>())
    }

    /// The listeners that speak TLS are those of the start.
    fn tls_settings(&self, config: &Config) -> Result<Option<TlsSettings>, ServeError> {
        let Config { listen, acme, .. } = self.started.clone();
        tls::settings(&Config { listen, acme, ..config.clone() })
    }

    fn take_over(&mut self, config: Config, prepared: Prepared) -> Reloaded {
        let Prepared { reload, outbound, acceptance } = prepared;
        for warning in &config.warnings {
            log::warn!("{warning}");
        }
        let mut changed = self.taken.given.differences(&config.given);
        changed.retain(|name| is_reloaded(name));
        let mut restart = self.started.given.differences(&config.given);
        restart.retain(|name| !is_reloaded(name));
        self.reloads.send(&reload, outbound);
        if let Some((acceptor, acceptance)) = self.acceptor.as_ref().zip(acceptance) {
            acceptor.replace(acceptance);
        }
        log::set_level(config.log.level);
        log::info!(changed = changed.join(", "), "the configuration is taken over");
        if !restart.is_empty() {
            log::warn!(settings = restart.join(", "), "these settings have changed, and need a restart");
        }
        let warnings = config.warnings.iter().map(ToString::to_string).collect();
        self.taken = config;
        Reloaded { changed, restart, warnings }
    }
}

/// What an operator may ask of the settings over HTTP.
pub(super) struct Remote(pub(super) Arc<Mutex<Reloader>>);

impl Operator for Remote {
    fn reload(&mut self) -> Result<Reloaded, String> {
        let reloaded = systemd::reloading(|| lock(&self.0).reload());
        let reloads = lock(&self.0).reloads.clone();
        reloads.wait_until_taken();
        reloaded
    }

    fn settings(&self) -> SettingsInForce {
        lock(&self.0).settings()
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
