//! Why a node did not start, or stopped.

use crate::auth::AuthSetupError;
use crate::config::data_dir::DataDirError;
use crate::runtime::RuntimeError;
use crate::runtime::side::store::StoreError;
use crate::runtime::tls::{CertificateError, TlsError};
use std::path::PathBuf;
use thiserror::Error;

/// Why a node did not start, or stopped.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The credentials of the configuration cannot be used.
    #[error(transparent)]
    Auth(#[from] AuthSetupError),
    /// TLS cannot be served.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The certificate that was made for trying cannot be used.
    #[error("the file {0}, made for trying, {1}; remove it, and the next start makes a new one")]
    SelfSigned(PathBuf, CertificateError),
    /// No certificate to begin with.
    #[error("no certificate could be made to serve until the authority of [acme] gives one: {0}")]
    Placeholder(String),
    /// What was stored cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files of recordings cannot be used.
    #[error(
        "the directory of recordings in the data directory cannot be used: {0}; let this user read and write it"
    )]
    Recordings(#[source] std::io::Error),
    /// The machine refuses something.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The kernel gives no random bytes.
    #[error(
        "the kernel gave no random bytes ({0}), so no secret can be made; check that getrandom is allowed"
    )]
    Randomness(String),
    /// systemd wants to hear from a watchdog.
    #[error(
        "the thread that feeds systemd's watchdog could not be made: {0}; raise the limit on threads (TasksMax=)"
    )]
    Watchdog(#[source] std::io::Error),
    /// What systemd says of the sockets that it hands over is wrong.
    #[error(
        "the sockets that systemd hands over cannot be taken (LISTEN_FDS, LISTEN_PID): {0}; start the node by its unit, or without these variables"
    )]
    Sockets(#[source] std::io::Error),
    /// No thread for it.
    #[error(
        "the thread that looks for new certificates could not be made: {0}; raise the limit on threads (TasksMax=)"
    )]
    Certificates(#[source] std::io::Error),
    /// More cores are wanted than there are.
    #[error(
        "cores = {wanted}, but this process may use {usable}; lower `cores` or give the process more CPUs"
    )]
    TooManyCores {
        /// From the configuration.
        wanted: u16,
        /// What the scheduler allows.
        usable: usize,
    },
    /// A CPU of the list is not there.
    #[error("cores names CPU {cpu}, but this process may use only {usable:?}; correct `cores`")]
    NoSuchCpu {
        /// From the configuration.
        cpu: usize,
        /// What the scheduler allows.
        usable: Vec<usize>,
    },
}
