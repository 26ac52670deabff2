//! What TLS has to do with ACME: certificates that prove a name to an authority that asks for them, and figures of what was got.

use crate::metrics::beside::AcmeCounters;
use rustls::sign::CertifiedKey;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The protocol by which an authority asks (RFC 8737). It is asked for alone.
pub(super) const PROTOCOL: &[u8] = b"acme-tls/1";

/// Certificates that prove names. They are looked at for authorities only, so no client waits for another.
#[derive(Debug, Default)]
pub(super) struct Proofs(Mutex<Vec<(String, Arc<CertifiedKey>)>>);

impl Proofs {
    pub(super) fn add(&self, name: &str, identity: Arc<CertifiedKey>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), identity));
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The newest of a name.
    pub(super) fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_name = proofs.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        of_name.next().map(|(_, identity)| identity.clone())
    }
}

/// Figures of the certificates that were got, written by the thread that gets them and read by the cores.
#[derive(Debug, Default)]
pub struct AcmeFigures {
    got: AtomicU64,
    failed: AtomicU64,
    until_unix_s: AtomicU64,
}

impl AcmeFigures {
    /// The certificate that is there holds until so many seconds after 1970; 0 if there is none.
    pub fn holds_until(&self, unix_s: u64) {
        self.until_unix_s.store(unix_s, Ordering::Relaxed);
    }

    /// A try ended.
    pub fn tried(&self, well: bool) {
        let count = if well { &self.got } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What they are.
    pub fn read(&self) -> AcmeCounters {
        AcmeCounters {
            got: self.got.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            until_unix_s: self.until_unix_s.load(Ordering::Relaxed),
        }
    }
}
