//! What TLS is served with: the configured certificates, or one that is made for trying.

use super::ServeError;
use crate::config::{AcmeConfig, Config, data_dir};
use crate::runtime::Reloads;
use crate::runtime::side::acme::{self, AcmeSettings, Challenges, certificate_file};
use crate::runtime::tls::{Acceptor, CertifiedKey, TlsSettings, make_self_signed, read_identity};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
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
    if is_given(config) {
        identities.push(Arc::new(given(config)?));
    }
    Ok(Some(TlsSettings {
        proves_names: is_given(config),
        identities,
        client_authorities: config.tls.client_authorities.clone(),
        with_tls_1_2: config.tls.with_tls_1_2,
        tickets: config.tls.tickets,
        handshake_ms: config.tls.limits.tls_handshake_time_ms_max.into(),
        unfinished_bytes_max: config.limits.unfinished_bytes_max as usize,
    }))
}

/// Whether the certificate is one that is made for trying.
pub(super) fn is_self_signed(config: &Config) -> bool {
    config.tls.self_signed && config.tls.identities.is_empty() && !is_given(config)
}

/// Has certificates got, where an authority gives them. The listeners must be served.
pub(super) fn get(config: &Config, acceptor: Option<Acceptor>, reloads: Reloads) -> Result<(), ServeError> {
    let Some(acceptor) = acceptor.filter(|_| is_given(config)) else { return Ok(()) };
    let AcmeConfig { domains, contact, directory_url, authorities, challenge } = config.acme.clone();
    let data_dir = config.data_dir.clone();
    let settings = AcmeSettings { domains, contact, directory_url, authorities, challenge, data_dir };
    let figures = acceptor.acme().clone();
    Ok(acme::start(settings, Challenges::new(acceptor, reloads), figures)?)
}

/// The file that an authority's certificate is put into.
pub(super) fn given_file(config: &Config) -> Option<PathBuf> {
    let AcmeConfig { domains, directory_url, .. } = &config.acme;
    is_given(config).then(|| certificate_file(&config.data_dir, directory_url, domains))
}

/// Whether an authority gives a certificate.
fn is_given(config: &Config) -> bool {
    !config.acme.domains.is_empty()
}

/// The certificate that an authority gave. Until there is one that can be served, another for its names, which
/// nobody vouches for.
fn given(config: &Config) -> Result<CertifiedKey, ServeError> {
    let text = given_file(config).and_then(|path| std::fs::read(path).ok());
    let given = text.and_then(|text| read_identity(&text, &text, SystemTime::now()).ok());
    if let Some(given) = given {
        return Ok(given);
    }
    let made = make_self_signed(config.acme.domains.clone());
    let made = made.map_err(|error| ServeError::Placeholder(error.to_string()))?;
    read_identity(made.as_bytes(), made.as_bytes(), SystemTime::now())
        .map_err(|error| ServeError::Placeholder(error.to_string()))
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
