//! What TLS is served with: the configured certificates, or one that is made for trying.

use super::ServeError;
use crate::config::{Config, data_dir};
use crate::runtime::tls::{Acceptor, CertifiedKey, TlsSettings, make_self_signed, read_identity};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::SystemTime;

/// What the cores take TLS in with; `None` if no listener speaks it. The data directory must have been prepared.
pub(super) fn acceptor(config: &Config) -> Result<Option<Acceptor>, ServeError> {
    let settings = settings(config)?;
    Ok(settings.map(|settings| Acceptor::new(&settings)).transpose()?)
}

/// The same as settings.
pub(super) fn settings(config: &Config) -> Result<Option<TlsSettings>, ServeError> {
    if !config.listen.iter().any(|listen| listen.tls) {
        return Ok(None);
    }
    let mut identities = config.tls.identities.clone();
    if is_self_signed(config) {
        identities.push(Arc::new(self_signed(config)?));
    }
    Ok(Some(TlsSettings {
        identities,
        client_authorities: config.tls.client_authorities.clone(),
        with_tls_1_2: config.tls.with_tls_1_2,
        tickets: config.tls.tickets,
        handshake_ms: config.tls_limits.tls_handshake_time_ms_max.into(),
        unfinished_bytes_max: config.limits.unfinished_bytes_max as usize,
    }))
}

/// Whether the certificate is one that is made for trying.
pub(super) fn is_self_signed(config: &Config) -> bool {
    config.tls.self_signed && config.tls.identities.is_empty()
}

fn self_signed(config: &Config) -> Result<CertifiedKey, ServeError> {
    let (text, path) = data_dir::self_signed(&config.data_dir, || make_self_signed(names(config)))?;
    read_identity(&text, &text, SystemTime::now()).map_err(|error| ServeError::SelfSigned(path, error))
}

/// What clients may call this node.
fn names(config: &Config) -> Vec<String> {
    let addresses = config.listen.iter().filter_map(|listen| listen.address.ip()).map(|address| address.ip());
    let addresses = addresses.filter(|address| !address.is_unspecified());
    let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let mut names: Vec<String> =
        own.into_iter().chain(addresses).map(|address| address.to_string()).collect();
    names.push("localhost".into());
    names.sort();
    names.dedup();
    names
}
