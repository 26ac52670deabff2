//! Certificates and keys, from PEM to what rustls serves.

use super::error::CertificateError;
use super::validity;
use rustls::RootCertStore;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use std::time::SystemTime;

/// A server's certificate chain and its private key, which belong together and are valid at `now`.
///
/// # Errors
/// What keeps them from being served.
pub fn read_identity(chain: &[u8], key: &[u8], now: SystemTime) -> Result<CertifiedKey, CertificateError> {
    let chain = certificates(chain)?;
    for certificate in &chain {
        check(certificate, now)?;
    }
    let key = any_supported_type(&private_key(key)?)
        .map_err(|error| CertificateError::DamagedKey(error.to_string()))?;
    let identity = CertifiedKey::new(chain, key);
    identity.keys_match().map_err(|_| CertificateError::Mismatch)?;
    Ok(identity)
}

/// From when until when the first certificate in PEM holds; `None` if there is none that can be read.
pub fn read_validity(chain: &[u8]) -> Option<(SystemTime, SystemTime)> {
    certificates(chain).ok()?.first().and_then(|certificate| validity::of(certificate))
}

/// Authorities whose certificates are accepted of clients.
///
/// # Errors
/// There is none, or one cannot be read.
pub fn read_authorities(text: &[u8]) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(text)? {
        let added = roots.add(certificate);
        added.map_err(|error| CertificateError::DamagedCertificate(error.to_string()))?;
    }
    Ok(roots)
}

/// All certificates in PEM; at least one.
fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| CertificateError::DamagedCertificate(error.to_string()))?;
    if found.is_empty() { Err(CertificateError::NoCertificate) } else { Ok(found) }
}

fn check(certificate: &CertificateDer<'_>, now: SystemTime) -> Result<(), CertificateError> {
    ParsedCertificate::try_from(certificate)
        .map_err(|error| CertificateError::DamagedCertificate(error.to_string()))?;
    match validity::of(certificate) {
        Some((_, until)) if until < now => Err(CertificateError::Expired(httpdate::fmt_http_date(until))),
        Some(_) => Ok(()),
        None => Err(CertificateError::DamagedCertificate("its dates are missing".into())),
    }
}

fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    match PrivateKeyDer::from_pem_slice(text) {
        // Older tools leave the label as it is and say it in a header, which is not base64.
        _ if contains(text, b"ENCRYPTED PRIVATE KEY") || contains(text, b"Proc-Type: 4,ENCRYPTED") => {
            Err(CertificateError::EncryptedKey)
        }
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(CertificateError::NoKey),
        Err(error) => Err(CertificateError::DamagedKey(error.to_string())),
    }
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(text, wanted).is_some()
}

#[cfg(test)]
mod tests;
