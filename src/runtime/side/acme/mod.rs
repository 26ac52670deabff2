//! Certificates by ACME (RFC 8555): a thread orders one for the configured names, has the cores answer the authority's
//! challenge, and puts what it gets into the data directory, where whoever serves TLS finds it as any other file that changed.
//! It renews it when two thirds of its life are over. A try that fails is told, and followed by others, ever farther apart.

mod challenges;
mod client;
mod files;
mod order;
mod schedule;
mod thread;

pub use challenges::Challenges;
pub use files::certificate_file;
pub use thread::start;

use std::path::PathBuf;
use std::sync::Arc;

/// What is ordered, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcmeSettings {
    /// Names that the certificate is for; at least one.
    pub domains: Vec<String>,
    /// How the authority reaches whoever operates this node: a URL.
    pub contact: Option<String>,
    /// Where the authority says what it offers: a URL.
    pub directory_url: String,
    /// Authorities that its own certificate is judged by, besides those of the system, as PEM.
    pub authorities: Arc<[u8]>,
    /// How it is proved that the names are this node's.
    pub challenge: ChallengeKind,
    /// Where account and certificates are kept.
    pub data_dir: PathBuf,
}

/// How it is proved that a name is this node's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChallengeKind {
    /// A certificate of its own is shown to whoever asks for `acme-tls/1` at port 443 (RFC 8737).
    TlsAlpn,
    /// A word is told at port 80, below `/.well-known/acme-challenge` (RFC 8555 section 8.3).
    Http,
}
