//! The settings with their types. `config/default.toml` explains each; the names are the same.

use crate::auth::{Account, ApiKey, AuthSettings, IceSettings, Secret};
use crate::base::limits::{Limits, TlsLimits};
use crate::config::data_dir::{self, DataDirError, DataSecrets};
use crate::config::{ConfigError, Given};
use crate::model::definition::ChannelDefinition;
use crate::model::pace::Pace;
use crate::model::realm::Realm;
use crate::model::session::Scopes;
use crate::runtime::Listen;
use crate::runtime::log::Level;
use crate::runtime::side::acme::ChallengeKind;
use crate::runtime::side::outbound::VapidKey;
use crate::runtime::tls::{CertifiedKey, RootCertStore};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// The settings of a node.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses to listen on; at least one. Port 0 is any free port.
    pub listen: Vec<Listen>,
    /// What listeners with TLS are served with.
    pub tls: TlsConfig,
    /// The certificate that an authority gives.
    pub acme: AcmeConfig,
    /// Proxies that say for whom they speak.
    pub trusted_proxies: Vec<IpNet>,
    /// Where state is kept.
    pub data_dir: PathBuf,
    /// Which CPUs get an executor.
    pub cores: Cores,
    /// Microseconds a core without work looks for some before it sleeps.
    pub busy_poll_us: u32,
    /// Bytes of memory that the node plans with; 0 is three quarters of what there is.
    pub memory_bytes_max: u64,
    /// The name of this node; never empty.
    pub node_name: String,
    /// Seconds over which connections are closed at the end.
    pub drain_time_s: u32,
    /// Every bound.
    pub limits: Limits,
    /// Keeping WebSockets alive.
    pub websocket: WebSocketConfig,
    /// Who may connect.
    pub auth: AuthConfig,
    /// The history log.
    pub history: HistoryConfig,
    /// Aids for operators.
    pub debug: DebugConfig,
    /// What is logged.
    pub log: LogConfig,
    /// The rules of channels, by namespace; names are unique.
    pub namespaces: Vec<Namespace>,
    /// The workspaces of the Xano API; ids and hashes are unique.
    pub workspaces: Vec<Workspace>,
    /// The users of the MDaemon API; addresses are unique.
    pub accounts: Vec<Account>,
    /// Calls, huddles and conversations of the QuikApp API.
    pub people: PeopleConfig,
    /// Groups and messages of the Skapi API.
    pub relay: RelayConfig,
    /// Messages to browsers.
    pub push: PushConfig,
    /// What is odd about the configuration and keeps nobody from starting.
    pub warnings: Vec<ConfigError>,
    /// All of it as it was given.
    pub given: Given,
}

/// `[tls]`, with the contents of the files it names.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// The files that all of this comes from.
    pub files: Vec<PathBuf>,
    /// Certificates with their keys.
    pub identities: Vec<Arc<CertifiedKey>>,
    /// Authorities of which clients must have a certificate.
    pub client_authorities: Option<Arc<RootCertStore>>,
    /// Whether clients of TLS 1.2 are served too.
    pub with_tls_1_2: bool,
    /// Whether sessions are resumed by tickets.
    pub tickets: bool,
    /// Whether a certificate is made where none is given.
    pub self_signed: bool,
    /// Its bounds, which the shards know nothing of.
    pub limits: TlsLimits,
}

/// `[acme]`, with the contents of the file it names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcmeConfig {
    /// Names to get a certificate for; none gets none.
    pub domains: Vec<String>,
    /// How the authority reaches whoever operates this node: a URL.
    pub contact: Option<String>,
    /// Where the authority says what it offers: a URL.
    pub directory_url: String,
    /// Authorities that its own certificate is judged by, besides those of the system, as PEM.
    pub authorities: Arc<[u8]>,
    /// How it is proved that the names are this node's.
    pub challenge: ChallengeKind,
}

/// `[quikapp]`.
#[derive(Clone, Debug)]
pub struct PeopleConfig {
    /// What programs reach each other by.
    pub ice: IceSettings,
    /// Seconds for which a call rings.
    pub ring_timeout_s: u32,
    /// Seconds that a call lasts at most.
    pub call_s_max: u32,
    /// People in one huddle.
    pub huddle_participants_max: u32,
    /// Whether anybody may talk in conversations that nobody was listed for.
    pub open_conversations: bool,
    /// Where the recorder is reached, by UDP; nowhere is no recorder.
    pub recorder_addresses: Vec<SocketAddr>,
    /// The address of the node as clients see it, without a slash at its end; empty where it is not known.
    pub public_url: String,
}

/// `[skapi]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelayConfig {
    /// Where it is reached from outside, without a slash at the end; empty is the host that is asked, by HTTPS.
    pub public_url: String,
}

/// `[push]`, with the contents of the files it names.
#[derive(Clone, Debug)]
pub struct PushConfig {
    /// Whom push services can ask: a URL.
    pub subject: Option<Arc<str>>,
    /// By which key they know this node; `None` is one made in the data directory.
    pub vapid_key: Option<Arc<VapidKey>>,
    /// Whether endpoints may be http and at addresses that only this network has.
    pub local_endpoints: bool,
    /// Authorities besides those of the system, as PEM.
    pub authorities: Arc<[u8]>,
    /// Seconds for which a message is worth sending.
    pub ttl_s: u32,
}

/// Which CPUs get an executor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cores {
    /// All that the process may use.
    All,
    /// So many of them, at least 1.
    Count(u16),
    /// These CPU numbers; at least one, each once.
    List(Vec<u16>),
}

/// `[websocket]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebSocketConfig {
    /// Seconds of silence before a ping.
    pub ping_interval_s: u32,
    /// Seconds to answer it.
    pub pong_timeout_s: u32,
    /// Names of the surfaces whose WebSockets may be compressed; each is served.
    pub compressed: Vec<String>,
}

/// `[auth]`, with the contents of the files it names.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// The keys of `[[auth.api_keys]]`.
    pub api_keys: Vec<ApiKey>,
    /// The secret of HS256 tokens, if one is configured.
    pub jwt_secret: Option<Secret>,
    /// PEM public keys; each can verify tokens.
    pub jwt_public_keys: Vec<Vec<u8>>,
    /// Seconds clocks may differ.
    pub jwt_leeway_s: u32,
    /// Origins as browsers send them, in lower case, or `*`; empty is the same host only.
    pub allowed_origins: Vec<String>,
}

/// `[history]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryConfig {
    /// Whether there is a log.
    pub on_disk: bool,
    /// Milliseconds within which relaxed publications are written.
    pub flush_ms: u32,
    /// Milliseconds within which what is written is synced.
    pub sync_interval_ms: u32,
    /// Bytes of a segment of the log.
    pub segment_bytes: u64,
}

/// `[debug]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DebugConfig {
    /// Whether the echo endpoint is served.
    pub echo: bool,
}

/// `[log]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// The least level that is logged.
    pub level: Level,
    /// Whether requests are logged.
    pub access: bool,
}

/// The rules of the channels of a namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    /// What stands before the first `:` of a channel's name.
    pub name: String,
    /// Its rules.
    pub definition: ChannelDefinition,
    /// How its publications are paced.
    pub pace: Pace,
}

/// A workspace of the Xano API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    /// Its number, from 1.
    pub id: u64,
    /// What its sockets are opened by; `None` is one made in the data directory.
    pub hash: Option<String>,
}

impl Workspace {
    /// The namespace of its channels.
    pub fn namespace(&self) -> String {
        format!("r{}", self.id)
    }
}

impl Config {
    /// The realms of the node: its workspaces, with the keys of those that have none of their own.
    ///
    /// # Errors
    /// What keeps a key from being read or made.
    pub fn realms(&self) -> Result<Vec<Arc<Realm>>, DataDirError> {
        let realm = |workspace: &Workspace| {
            let key = match &workspace.hash {
                Some(hash) => hash.clone(),
                None => data_dir::socket_key(&self.data_dir, workspace.id)?,
            };
            let namespace = workspace.namespace().into();
            Ok(Arc::new(Realm { id: workspace.id, namespace, key: key.into() }))
        };
        self.workspaces.iter().map(realm).collect()
    }

    /// Where surfaces are reached from outside, by their names.
    pub fn public_urls(&self) -> Vec<(&'static str, Box<str>)> {
        vec![
            ("skapi", self.relay.public_url.as_str().into()),
            ("quikapp", self.people.public_url.as_str().into()),
        ]
    }

    /// The secret that sessions are signed with, where users can log in.
    ///
    /// # Errors
    /// What keeps it from being read or made.
    pub fn session_secret(&self) -> Result<Option<Secret>, DataDirError> {
        let wanted = !self.accounts.is_empty();
        wanted.then(|| data_dir::session_secret(&self.data_dir)).transpose()
    }

    /// The secret that links to recordings are signed with.
    ///
    /// # Errors
    /// What keeps it from being read or made.
    pub fn download_secret(&self) -> Result<Secret, DataDirError> {
        data_dir::download_secret(&self.data_dir)
    }

    /// By which key push services know this node.
    ///
    /// # Errors
    /// What keeps it from being read or made.
    pub fn vapid_key(&self) -> Result<Arc<VapidKey>, DataDirError> {
        match &self.push.vapid_key {
            Some(key) => Ok(key.clone()),
            None => data_dir::vapid_key(&self.data_dir).map(Arc::new),
        }
    }

    /// Whether tokens need a secret of our own making: neither a secret nor a public key is configured.
    pub fn wants_own_jwt_secret(&self) -> bool {
        self.auth.jwt_secret.is_none() && self.auth.jwt_public_keys.is_empty()
    }

    /// Names of the secrets in the data directory that a node of this configuration needs.
    pub fn secret_files(&self) -> Vec<String> {
        let sockets = self.workspaces.iter().filter(|workspace| workspace.hash.is_none());
        let mut names = vec![data_dir::API_KEY_FILE.to_owned(), data_dir::DOWNLOAD_SECRET_FILE.to_owned()];
        names.extend(self.wants_own_jwt_secret().then(|| data_dir::JWT_SECRET_FILE.to_owned()));
        names.extend(self.push.vapid_key.is_none().then(|| data_dir::VAPID_KEY_FILE.to_owned()));
        names.extend((!self.accounts.is_empty()).then(|| data_dir::SESSION_SECRET_FILE.to_owned()));
        names.extend(sockets.map(|workspace| format!("{}{}", data_dir::SOCKET_KEY_FILE, workspace.id)));
        names
    }

    /// The secret that tokens of `corecast token` are signed with.
    pub fn signing_secret<'a>(&'a self, secrets: &'a DataSecrets) -> Option<&'a Secret> {
        self.auth.jwt_secret.as_ref().or(secrets.jwt_secret.as_ref())
    }

    /// What the authenticator accepts: what is configured, and the secrets of the data directory.
    pub fn auth_settings(&self, secrets: &DataSecrets) -> AuthSettings {
        let admin =
            ApiKey { key: secrets.api_key.clone(), user: "admin".into(), name: None, scopes: Scopes::ADMIN };
        // The operator may have copied the key of the data directory into the config: then the config decides.
        let configured = self.auth.api_keys.iter().any(|key| key.key == admin.key);
        let admin = (!configured).then_some(admin);
        AuthSettings {
            api_keys: self.auth.api_keys.iter().cloned().chain(admin).collect(),
            jwt_secret: self.signing_secret(secrets).cloned(),
            jwt_public_keys: self.auth.jwt_public_keys.clone(),
            leeway_s: self.auth.jwt_leeway_s,
            accounts: self.accounts.clone(),
            session_secret: None,
            session_s: self.limits.session_s_max,
        }
    }
}
