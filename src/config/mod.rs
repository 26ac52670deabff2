//! Floor 5: the settings of a node. Layers of untyped values (`node`) come from TOML text (`parse`), the
//! environment and flags (`overrides`), are merged, and read into a [`Config`] with every mistake noted at its
//! place (`reader`).
//!
//! `config/default.toml` is the lowest layer and holds every key, so it is also the reference.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "floor 5 reads files and the environment, before a core runs"
)]

mod access;
mod acme;
mod api_keys;
mod auth;
pub mod data_dir;
pub mod data_lock;
mod error;
mod given;
mod history;
mod limits;
mod listen;
mod mdaemon;
mod namespaces;
mod node;
mod origins;
mod overrides;
mod parse;
mod proxies;
mod public_url;
mod push;
mod quikapp;
mod reader;
mod reloaded;
mod root;
mod secret_file;
mod settings;
mod skapi;
mod suggest;
mod tls;
mod xano;

pub use error::{ConfigError, ConfigErrors, Place};
pub use given::Given;
pub use reloaded::is_reloaded;
pub use settings::{
    AcmeConfig, AuthConfig, Config, Cores, DebugConfig, HistoryConfig, LogConfig, Namespace, PeopleConfig,
    PushConfig, RelayConfig, TlsConfig, WebSocketConfig, Workspace,
};

use error::Findings;
use node::{Table, merge_root};
use parse::{Origin, parse_document};
use reader::Context;
use std::path::{Path, PathBuf};

/// Every setting with its comment and default, as TOML.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// Settings that a running node takes over, by their names or the tables they stand in. The rest needs a restart.
const RELOADED: &[&str] = &[
    "auth",
    "limits",
    "log",
    "mdaemon",
    "namespaces",
    "push",
    "quikapp.stun_urls",
    "quikapp.turn_secret",
    "quikapp.turn_secret_file",
    "quikapp.turn_urls",
    "skapi",
    "tls",
    "trusted_proxies",
    "websocket",
];

/// Those among them that need a restart all the same: queues are made of their size, or open channels are kept by them.
const KEPT: &[&str] = &[
    "limits.effects_in_flight_max",
    "limits.history_queue_bytes_max",
    "limits.push_in_flight_max",
    "namespaces.*.history_durability",
    "namespaces.*.presence",
    "tls.self_signed",
];

/// The name of a config file, where somebody might expect it to be found without being named.
const USUAL_FILE: &str = "corecast.toml";

/// Where settings come from, besides the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The config file.
    pub file: Option<PathBuf>,
    /// A file in the working directory that looks like a config file and is not the one that counts.
    pub unused_file: Option<PathBuf>,
    /// Environment variables; those whose names do not start with `CORECAST_` are left alone.
    pub environment: Vec<(String, String)>,
    /// The `key=value` of each `--set`, in order.
    pub flags: Vec<String>,
}

impl Sources {
    /// Sources with the environment of this process, which names the config file where `file` does not.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<String>) -> Self {
        let environment = overrides::process_environment();
        let named =
            environment.iter().find(|(name, value)| name == overrides::FILE_VARIABLE && !value.is_empty());
        let file = file.or_else(|| named.map(|(_, path)| path.into()));
        Self { unused_file: unused_file(file.as_deref()), file, environment, flags }
    }

    /// Which layers there are besides the defaults, or that there are only these.
    pub fn describe(&self) -> String {
        let variables = self.environment.iter().any(|(name, _)| name != overrides::FILE_VARIABLE);
        let file = self.file.as_ref().map(|file| file.display().to_string());
        let mut words = vec![file.unwrap_or_else(|| "built-in defaults".into())];
        words.extend(variables.then(|| "environment".into()));
        words.extend((!self.flags.is_empty()).then(|| "--set".into()));
        words.join(", ")
    }
}

/// The usual file, if it is there and is not `file` under whatever name.
fn unused_file(file: Option<&Path>) -> Option<PathBuf> {
    let there = Path::new(USUAL_FILE).canonicalize().ok()?;
    let used = file.and_then(|file| file.canonicalize().ok());
    (used != Some(there)).then(|| USUAL_FILE.into())
}

impl Config {
    /// Reads every layer: the defaults, the file, the environment, the flags. Reads the files that settings
    /// name, and writes nothing.
    ///
    /// # Errors
    /// Every mistake of every layer.
    pub fn load(sources: &Sources) -> Result<Self, ConfigErrors> {
        let context = Context::default();
        let table = merged(sources, &context.findings);
        let config = root::read(table.clone(), &context);
        context.findings.into_result().map(|warnings| Self { warnings, given: Given(table), ..config })
    }
}

/// The layers, one on the other.
fn merged(sources: &Sources, findings: &Findings) -> Table {
    let defaults = default_table(findings);
    let mut table = defaults.clone();
    if let Some(file) = &sources.unused_file {
        findings.warn(
            &Place::File(overrides::shown(file)),
            "is not used, as it was not named; to use it: --config corecast.toml, or CORECAST_CONFIG=corecast.toml",
        );
    }
    if let Some(file) = &sources.file
        && let Some(layer) = file_table(file, findings)
    {
        merge_root(&mut table, layer, findings);
    }
    for (name, value) in &sources.environment {
        if let Some(layer) = overrides::from_environment(name, value, &defaults, findings) {
            merge_root(&mut table, layer, findings);
        }
    }
    for flag in &sources.flags {
        if let Some(layer) = overrides::from_flag(flag, &defaults, findings) {
            merge_root(&mut table, layer, findings);
        }
    }
    table
}

fn default_table(findings: &Findings) -> Table {
    parse_document(DEFAULT_TOML, Origin::At(&Place::Default)).unwrap_or_else(|error| {
        findings.add(&error.place, error.message);
        Table::new()
    })
}

fn file_table(path: &Path, findings: &Findings) -> Option<Table> {
    let name = overrides::shown(path);
    let table = match std::fs::read_to_string(path) {
        Ok(text) => parse_document(&text, Origin::File(&name, &text)),
        Err(error) => Err(ConfigError {
            place: Place::File(name),
            message: format!("the config file cannot be read: {error}"),
        }),
    };
    table.map_err(|error| findings.add(&error.place, error.message)).ok()
}

#[cfg(test)]
mod tests;
