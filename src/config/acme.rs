//! `[acme]`.

use super::push::read_authorities;
use super::reader::{Context, Reader};
use super::settings::{AcmeConfig, TlsConfig};
use crate::runtime::Listen;
use crate::runtime::side::acme::ChallengeKind;
use rustls::pki_types::DnsName;

/// Names in one certificate.
const DOMAINS_MAX: usize = 100;

/// Bytes of a URL.
const URL_BYTES_MAX: usize = 512;

/// Reads the section.
pub(super) fn read(mut reader: Reader<'_>) -> AcmeConfig {
    let challenges = [("tls-alpn-01", ChallengeKind::TlsAlpn), ("http-01", ChallengeKind::Http)];
    let config = AcmeConfig {
        domains: read_domains(&mut reader),
        contact: read_url(&mut reader, "contact", "mailto:"),
        directory_url: read_url(&mut reader, "directory_url", "https://").unwrap_or_default(),
        authorities: read_authorities(&mut reader),
        challenge: reader.choice("challenge", &challenges).unwrap_or(ChallengeKind::TlsAlpn),
    };
    if !config.domains.is_empty() && config.directory_url.is_empty() {
        let place = reader.place_of("directory_url");
        reader.refuse(&place, "directory_url", "must be given where there are domains");
    }
    reader.finish();
    config
}

/// Whether certificates can be got and served with the other settings.
pub(super) fn check(config: &AcmeConfig, listen: &[Listen], tls: &TlsConfig, context: &Context) {
    if config.domains.is_empty() {
        return;
    }
    let place = context.latest(&["acme.domains", "listen"]);
    let refuse = |message: &str| context.findings.add(&place, message);
    if !listen.iter().any(|one| one.tls) {
        refuse(
            "acme.domains asks for a certificate, and no listener speaks TLS: listen = [{ address = \"0.0.0.0:443\", tls = true }]",
        );
    }
    match config.challenge {
        ChallengeKind::Http
            if !listen.iter().any(|one| !one.tls && !one.operators && one.address.ip().is_some()) =>
        {
            refuse(
                "acme.challenge is \"http-01\", which an authority asks for without TLS at port 80, and no such port is listened on: \
                 add \"0.0.0.0:80\" to listen",
            );
        }
        ChallengeKind::TlsAlpn if tls.client_authorities.is_some() => refuse(
            "acme.challenge is \"tls-alpn-01\", and with tls.client_ca_file no authority is let in that has no certificate: use \
             acme.challenge = \"http-01\"",
        ),
        _ => {}
    }
}

fn read_domains(reader: &mut Reader<'_>) -> Vec<String> {
    let place = reader.place_of("domains");
    let mut domains: Vec<String> = Vec::new();
    for (text, place) in reader.texts("domains").unwrap_or_default() {
        if let Some(mistake) = mistake(&text) {
            reader.refuse(&place, "domains", &format!("{mistake}; one is {text:?}"));
        } else if domains.iter().any(|known| known.eq_ignore_ascii_case(&text)) {
            reader.refuse(&place, "domains", &format!("holds {text:?} twice"));
        } else {
            domains.push(text.to_ascii_lowercase());
        }
    }
    if domains.len() > DOMAINS_MAX {
        reader.refuse(&place, "domains", &format!("must hold at most {DOMAINS_MAX} names"));
    }
    domains
}

/// What is wrong with a name.
fn mistake(name: &str) -> Option<&'static str> {
    if name.starts_with("*.") {
        return Some(
            "must hold no wildcards, which authorities give only to whoever can change the names' zone",
        );
    }
    let is_name = DnsName::try_from(name).is_ok()
        && name.contains('.')
        && !name.ends_with('.')
        && name.parse::<std::net::IpAddr>().is_err();
    (!is_name).then_some("must hold names such as \"rt.example.com\"")
}

fn read_url(reader: &mut Reader<'_>, key: &'static str, scheme: &str) -> Option<String> {
    let (url, place) = reader.text(key).filter(|(url, _)| !url.is_empty())?;
    let rest = url.strip_prefix(scheme).unwrap_or_default();
    let fits =
        !rest.is_empty() && url.len() <= URL_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        reader.refuse(&place, key, &format!("must begin with \"{scheme}\" and go on; it is {url:?}"));
    }
    Some(url)
}
