//! `[tls]`, with the certificates and keys that it names.

use super::error::Place;
use super::reader::{Context, Reader};
use super::secret_file;
use super::settings::TlsConfig;
use crate::base::limits::TlsLimits;
use crate::runtime::Listen;
use crate::runtime::tls::{CertificateError, CertifiedKey, RootCertStore, read_authorities, read_identity};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

const CERTIFICATES: &str = "certificate_file";
const KEYS: &str = "key_file";
const AUTHORITIES: &str = "client_ca_file";

/// Reads the section, and what it asks of the listeners.
/// `is_given` is whether an authority gives a certificate.
pub(super) fn read(
    mut reader: Reader<'_>,
    limits: TlsLimits,
    listen: &mut [Listen],
    is_given: bool,
    context: &Context,
) -> TlsConfig {
    let mut named = Vec::new();
    let identities = read_identities(&mut reader, &mut named);
    let client_authorities = read_client_authorities(&mut reader, &mut named);
    let config = TlsConfig {
        files: named,
        client_authorities,
        with_tls_1_2: reader.choice("version_min", &[("1.2", true), ("1.3", false)]).unwrap_or(true),
        tickets: reader.boolean("tickets").unwrap_or(true),
        self_signed: reader.boolean("self_signed").unwrap_or(false),
        identities: identities.clone().unwrap_or_default(),
        limits,
    };
    reader.finish();
    // A certificate that is made for trying is for every listener, where none says that it speaks TLS.
    if config.self_signed && !listen.iter().any(|one| one.tls) {
        listen.iter_mut().for_each(|one| one.tls = true);
    }
    if let Some(identities) = identities {
        check(listen, &identities, config.self_signed || is_given, context);
    }
    config
}

/// Whether listeners and certificates need each other.
fn check(listen: &[Listen], identities: &[Arc<CertifiedKey>], is_made: bool, context: &Context) {
    let (wanted, there) = (listen.iter().any(|one| one.tls), !identities.is_empty());
    if wanted && !there && !is_made {
        let message = "listen asks for TLS, and there is no certificate: give tls.certificate_file and tls.key_file, or have an \
                       authority give one to acme.domains, or for trying tls.self_signed = true";
        context.findings.add(&context.latest(&["listen"]), message);
    }
    if there && !wanted {
        let message = "tls.certificate_file is not used, as no listener asks for TLS: listen = [{ address = \"0.0.0.0:443\", \
                       tls = true }]";
        context.findings.warn(&context.latest(&["tls.certificate_file"]), message);
    }
}

fn files(reader: &mut Reader<'_>, key: &'static str) -> Vec<(String, Place)> {
    let texts = reader.texts(key).unwrap_or_default();
    texts.into_iter().filter(|(path, _)| !path.is_empty()).collect()
}

/// Each certificate with the key at the same place of the other list. `None` if there are mistakes.
fn read_identities(reader: &mut Reader<'_>, named: &mut Vec<PathBuf>) -> Option<Vec<Arc<CertifiedKey>>> {
    let place = reader.place_of(CERTIFICATES);
    let (chains, keys) = (files(reader, CERTIFICATES), files(reader, KEYS));
    named.extend(chains.iter().chain(&keys).map(|(path, _)| path.into()));
    if chains.len() != keys.len() {
        let message = format!(
            "names {} files, and {KEYS} {}: each certificate has a key at the same place",
            chains.len(),
            keys.len()
        );
        reader.refuse(&place, CERTIFICATES, &message);
        return None;
    }
    // Every mistake is told, so all are read.
    let read: Vec<_> = chains.iter().zip(&keys).map(|(chain, key)| read_one(reader, chain, key)).collect();
    read.into_iter().collect()
}

fn read_one(
    reader: &Reader<'_>,
    (chain_path, chain_place): &(String, Place),
    (key_path, key_place): &(String, Place),
) -> Option<Arc<CertifiedKey>> {
    let chain = secret_file::read_public(reader, CERTIFICATES, chain_path, chain_place);
    let key = secret_file::read(reader, KEYS, key_path, key_place);
    match read_identity(&chain?, &key?, SystemTime::now()) {
        Ok(identity) => Some(Arc::new(identity)),
        Err(error) => {
            if error.is_of_key() {
                refuse(reader, KEYS, key_path, key_place, &error);
            } else {
                refuse(reader, CERTIFICATES, chain_path, chain_place, &error);
            }
            None
        }
    }
}

fn read_client_authorities(reader: &mut Reader<'_>, named: &mut Vec<PathBuf>) -> Option<Arc<RootCertStore>> {
    let (path, place) = reader.text(AUTHORITIES).filter(|(path, _)| !path.is_empty())?;
    named.push(path.as_str().into());
    let text = secret_file::read_public(reader, AUTHORITIES, &path, &place)?;
    match read_authorities(&text) {
        Ok(authorities) => Some(Arc::new(authorities)),
        Err(error) => {
            refuse(reader, AUTHORITIES, &path, &place, &error);
            None
        }
    }
}

fn refuse(reader: &Reader<'_>, key: &str, path: &str, place: &Place, error: &CertificateError) {
    reader.refuse(place, key, &format!("names the file {path}, which {error}"));
}
