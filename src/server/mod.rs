//! Floor 5: starts a node from its configuration. Puts the parts together and contains no rule.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "floor 5 puts the node together")]

use crate::auth::{AuthSettings, Authenticator, DownloadKey};
use crate::base::ids::CoreId;
use crate::broker::rules::definitions::Definitions;
use crate::config::data_dir::{self, DataSecrets};
use crate::config::{Config, HistoryConfig, Namespace, Sources, data_lock};
use crate::model::node::NodeInfo;
use crate::model::realm::Realm;
use crate::runtime::side::history::{HomeOf, LogSettings};
use crate::runtime::side::outbound::{OutboundSettings, VapidKey};
use crate::runtime::side::recorder::{self, RecorderSettings};
use crate::runtime::side::store::Database;
use crate::runtime::signals::{self, Wish};
use crate::runtime::{self, Controls, Listen, RuntimeSettings, clock, log};
use crate::shard::{BESIDES_CONNECTIONS, PeopleSettings, Setup, Shard, WebPushSettings};
use crate::store::Stored;
use crate::store::log::Size;
use crate::surface::node::openapi;
use crate::surface::router::Router;
use reload::{Reloader, Remote};
use std::path::Path;
use std::sync::{Arc, Mutex};

mod certificates;
mod cpus;
mod error;
mod memory;
pub mod preflight;
mod reload;
mod systemd;
mod tls;

pub use error::ServeError;

/// Milliseconds a closed socket is still read, so that its last bytes are not lost to a reset.
const LINGER_MS: u64 = 1_000;

/// The directory of the history log in the data directory.
const HISTORY_DIRECTORY: &str = "history";

/// The directory of recordings in the data directory.
const RECORDINGS_DIRECTORY: &str = "recordings";

/// Name of the store in the data directory.
pub const STORE_FILE: &str = "store.redb";

/// What a node has to tell once it listens.
pub struct Ready<'a> {
    /// Where it listens, with the real ports.
    pub served: &'a [Listen],
    /// The certificate that was made for trying, if it is that which is served.
    pub self_signed: Option<&'a Path>,
    /// The secrets of the data directory.
    pub secrets: &'a DataSecrets,
    /// Whose sockets are served.
    pub realms: &'a [Arc<Realm>],
}

/// Serves until a signal ends the process. `sources` are where the configuration came from, to be read again when a signal
/// asks for it. `ready` is called once every core accepts connections.
///
/// # Errors
/// What kept the node from starting, or made it stop.
pub fn serve(config: &Config, sources: &Sources, ready: impl FnOnce(&Ready<'_>)) -> Result<(), ServeError> {
    let handed = systemd::sockets()?;
    let secrets = data_dir::prepare(&config.data_dir, config.wants_own_jwt_secret())?;
    let _lock = data_lock::lock(&config.data_dir)?;
    let authenticator = authenticator(config, &secrets)?;
    let cpus = cpus::of(&config.cores)?;
    let (cores, cpus_count) = (cpus.len() as u16, cpus.len());
    let part_bytes = memory::part_bytes(config.memory_bytes_max, cores);
    let settings = RuntimeSettings {
        listen: config.listen.clone(),
        handed,
        tls: tls::acceptor(config)?,
        cpus,
        busy_poll_us: config.busy_poll_us.into(),
        drain_ms: u64::from(config.drain_time_s) * 1000,
        linger_ms: LINGER_MS,
        sockets_per_core_max: sockets_per_core(config, cpus_count)?,
        effects_in_flight_max: config.limits.effects_in_flight_max,
    };
    let realms: Arc<[Arc<Realm>]> = config.realms()?.into();
    let vapid_key = config.vapid_key()?;
    let mut database = Database::open(&config.data_dir.join(STORE_FILE))?;
    let recorder = recorder(config);
    let setup = Setup {
        stored: stored(&mut database, &recorder.directory)?.into(),
        sockets_per_core_max: settings.sockets_per_core_max,
        web_push: Arc::new(web_push(config, &vapid_key)),
        limits: Arc::new(memory::fit(config.limits.clone(), part_bytes)),
        ..setup(config, cores, authenticator, realms.clone())?
    };
    let history = history(config, &setup);
    let _ = openapi::made();
    let self_signed = tls::is_self_signed(config).then(|| config.data_dir.join(data_dir::SELF_SIGNED_FILE));
    let controls = Controls::new(cores.into());
    let reloader = Reloader::new(sources, config, part_bytes, controls.reloads.clone(), settings.tls.clone());
    let reloader = Arc::new(Mutex::new(reloader));
    if settings.tls.is_some() {
        certificates::watch(reloader.clone())?;
    }
    let (operator, acceptor) = (Box::new(Remote(reloader.clone())), settings.tls.clone());
    let reloads = controls.reloads.clone();
    signals::handle(&controls.stop, move |wish| match wish {
        // What came of it is in the log.
        Wish::Reload => drop(systemd::reloading(|| reload::lock(&reloader).reload())),
        Wish::Stop => systemd::stopping(),
    })?;
    systemd::feed_watchdog(&controls)?;
    systemd::starting(history.is_some());
    runtime::run(
        settings,
        (database, outbound(config, vapid_key), recorder),
        make_shard(setup, cores),
        history,
        operator,
        |served| {
            for Listen { address, tls, .. } in served {
                log::info!(%address, tls, cores, "the node listens");
            }
            systemd::ready(served);
            if let Err(error) = tls::get(config, acceptor, reloads) {
                log::error!("no certificate will be got: {error}");
            }
            let self_signed = self_signed.as_deref();
            ready(&Ready { served, self_signed, secrets: &secrets, realms: &realms });
        },
        &controls,
    )?;
    log::info!("the node has stopped");
    Ok(())
}

/// Who may speak, by the configuration and the secrets of the data directory.
fn authenticator(config: &Config, secrets: &DataSecrets) -> Result<Authenticator, ServeError> {
    let session_secret = config.session_secret()?;
    Ok(Authenticator::new(AuthSettings { session_secret, ..config.auth_settings(secrets) })?)
}

/// Makes each core's shard once. What was stored is let go when the last one has its part of it.
fn make_shard(setup: Setup, cores: u16) -> impl Fn(CoreId) -> Shard {
    let setups = (0..cores).map(|core| Some(Setup { core: CoreId(core), ..setup.clone() })).collect();
    let setups: Mutex<Vec<Option<Setup>>> = Mutex::new(setups);
    move |core| {
        let setup = setups.lock().ok().and_then(|mut setups| setups[core.index()].take());
        Shard::new(setup.expect("the runtime makes the shard of a core once"), clock::now())
    }
}

fn setup(
    config: &Config,
    cores: u16,
    authenticator: Authenticator,
    realms: Arc<[Arc<Realm>]>,
) -> Result<Setup, ServeError> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|error| ServeError::Randomness(error.to_string()))?;
    let now = clock::now();
    let download_key = Arc::new(DownloadKey::new(&config.download_secret()?));
    Ok(Setup {
        core: CoreId(0),
        cores,
        seed: u64::from_le_bytes(seed),
        node: Arc::new(NodeInfo {
            name: config.node_name.as_str().into(),
            version: env!("CARGO_PKG_VERSION"),
            started_unix_ms: now.unix_ms,
            started_monotonic_us: now.monotonic_us,
        }),
        limits: Arc::new(config.limits.clone()),
        definitions: Arc::new(definitions(&config.namespaces)),
        realms,
        sockets_per_core_max: usize::MAX,
        authenticator: Arc::new(authenticator),
        router: Arc::new(Router::new()),
        allowed_origins: config.auth.allowed_origins.clone().into(),
        trusted_proxies: config.trusted_proxies.clone().into(),
        compressed: config.websocket.compressed.clone().into(),
        ping_interval_ms: u64::from(config.websocket.ping_interval_s) * 1000,
        pong_timeout_ms: u64::from(config.websocket.pong_timeout_s) * 1000,
        history_flush_ms: config.history.on_disk.then_some(config.history.flush_ms),
        public_urls: config.public_urls().into(),
        operators_apart: config.listen.iter().any(|listen| listen.operators),
        access_log: config.log.access,
        echo: config.debug.echo,
        people: Arc::new(PeopleSettings { download_key: Some(download_key), ..people(config) }),
        web_push: Arc::default(),
        stored: Arc::default(),
    })
}

/// The rules of channels.
fn definitions(namespaces: &[Namespace]) -> Definitions {
    let rules = namespaces.iter().map(|one| (one.name.as_str().into(), one.definition));
    let paced = namespaces.iter().filter(|one| !one.pace.is_at_once());
    let paces = paced.map(|one| (one.name.as_str().into(), one.pace.clone())).collect();
    Definitions { paces, ..Definitions::with(rules) }
}

/// Sockets of a core for which there are descriptors.
fn sockets_per_core(config: &Config, cores: usize) -> Result<usize, ServeError> {
    let files = runtime::machine::files(cores, config.listen.len())?;
    Ok(files.sockets() as usize / cores)
}

/// Connections of so many cores for which there are descriptors.
fn connections_by_files(files: &runtime::machine::Files, cores: usize) -> usize {
    (files.sockets() as usize / cores).saturating_sub(BESIDES_CONNECTIONS) * cores
}

fn people(config: &Config) -> PeopleSettings {
    let settings = &config.people;
    PeopleSettings {
        ice: settings.ice.clone(),
        ring_ms: u64::from(settings.ring_timeout_s) * 1000,
        call_ms_max: u64::from(settings.call_s_max) * 1000,
        huddle_participants_max: settings.huddle_participants_max,
        open_conversations: settings.open_conversations,
        records: !settings.recorder_addresses.is_empty(),
        download_key: None,
    }
}

/// What was stored. Records of recordings are brought together with their files, also where nothing is recorded any more.
fn stored(database: &mut Database, recordings: &Path) -> Result<Stored, ServeError> {
    let mut stored = database.load()?;
    if recordings.exists() {
        recorder::reconcile(recordings, &mut stored.recordings).map_err(ServeError::Recordings)?;
    }
    Ok(stored)
}

/// How calls are recorded, by nobody where there is no address, and where their files are.
fn recorder(config: &Config) -> RecorderSettings {
    let addresses = config.people.recorder_addresses.clone();
    RecorderSettings { addresses, directory: config.data_dir.join(RECORDINGS_DIRECTORY) }
}

fn web_push(config: &Config, key: &VapidKey) -> WebPushSettings {
    WebPushSettings {
        public_key: key.public().into(),
        local_endpoints: config.push.local_endpoints,
        ttl_s: config.push.ttl_s,
    }
}

fn outbound(config: &Config, vapid_key: Arc<VapidKey>) -> OutboundSettings {
    OutboundSettings {
        vapid_key,
        subject: config.push.subject.clone(),
        local_too: config.push.local_endpoints,
        authorities: config.push.authorities.clone(),
        time_ms_max: config.limits.push.time_ms_max,
        in_flight_max: config.limits.push.in_flight_max,
    }
}

/// The history log, if there is one.
fn history(config: &Config, setup: &Setup) -> Option<(LogSettings, HomeOf)> {
    let HistoryConfig { on_disk, sync_interval_ms, segment_bytes, .. } = config.history;
    let settings = LogSettings {
        directory: config.data_dir.join(HISTORY_DIRECTORY),
        sync_interval_ms: sync_interval_ms.into(),
        size: Size { segment_bytes },
    };
    let setup = Setup { stored: Arc::default(), ..setup.clone() };
    on_disk.then(|| (settings, Arc::new(move |channel: &str| setup.home_of(channel)) as HomeOf))
}
