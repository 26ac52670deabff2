//! Where and with what a comparison was made.

use crate::sample;
use crate::target::Installed;
use serde::Serialize;
use std::fs;

/// The machine and the command.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// CPU model and number, kernel.
    pub machine: String,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// How the kernel chooses clock rates, where it says.
    pub governor: String,
    /// The load averages when the report was written.
    pub load: String,
    /// This program's version.
    pub loadtest: &'static str,
    /// Its command line.
    pub command: String,
}

/// A target of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Its version, if it is installed.
    pub version: Option<String>,
    /// What installs it, if it is not.
    pub missing: Option<String>,
    /// Its command line and configuration in the last run.
    pub configuration: String,
}

impl Peer {
    /// A target as it was found.
    pub fn new(name: &str, installed: &Installed) -> Peer {
        let (version, missing) = match installed {
            Installed::Version(version) => (Some(version.clone()), None),
            Installed::Missing(install) => (None, Some(install.clone())),
        };
        Peer { name: name.to_owned(), version, missing, configuration: String::new() }
    }
}

impl Environment {
    /// This machine now.
    pub fn now() -> Environment {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let memory = read("/proc/meminfo");
        let kilobytes = memory.split_whitespace().nth(1).and_then(|field| field.parse::<u64>().ok());
        let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        Environment {
            machine: sample::machine(),
            memory_bytes: kilobytes.unwrap_or(0) * 1024,
            governor: if governor.is_empty() { "not told".to_owned() } else { governor },
            load: read("/proc/loadavg"),
            loadtest: env!("CARGO_PKG_VERSION"),
            command: format!("loadtest {}", arguments.join(" ")),
        }
    }
}
