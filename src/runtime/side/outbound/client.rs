//! The one client, and what others have in common with it.

use super::OutboundSettings;
use super::resolver::Resolver;
use crate::runtime::error::RuntimeError;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use std::time::Duration;

/// How long a connection without a call is kept.
const IDLE_TIME: Duration = Duration::from_secs(20);

/// Connections to one server that are kept without a call. With HTTP/2 one carries all calls.
const IDLE_PER_SERVER_MAX: usize = 8;

/// Bytes of the head of an answer.
const HEAD_BYTES_MAX: u32 = 16 << 10;

/// Fields of the head of an answer.
const FIELDS_MAX: usize = 64;

/// A client that calls nobody whom strangers may not have called.
///
/// # Errors
/// The system has no authorities that certificates are judged by, or those of the settings are none.
pub fn client(settings: &OutboundSettings) -> Result<Client, RuntimeError> {
    let time = Duration::from_millis(settings.time_ms_max.into());
    let client = builder(&settings.authorities, time).and_then(|builder| {
        builder
            .https_only(!settings.local_too)
            .dns_resolver(Resolver { local_too: settings.local_too })
            .build()
    });
    client.map_err(|source| RuntimeError::Outbound { source })
}

/// What all clients have in common: nothing is followed or repeated, and what comes is bounded. Proxies of the environment are not asked,
/// since they would look names up themselves. `authorities` are trusted besides those of the system, as PEM; a call
/// takes no longer than `time`.
///
/// # Errors
/// The authorities are none.
pub fn builder(authorities: &[u8], time: Duration) -> reqwest::Result<ClientBuilder> {
    // Whoever comes first installs it; there is only this one in the program.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authorities = Certificate::from_pem_bundle(authorities)?;
    let builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .timeout(time)
        .connect_timeout(time)
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(IDLE_PER_SERVER_MAX)
        .http1_max_headers(FIELDS_MAX)
        .http2_max_header_list_size(HEAD_BYTES_MAX)
        .user_agent(concat!("corecast/", env!("CARGO_PKG_VERSION")));
    Ok(if authorities.is_empty() { builder } else { builder.tls_certs_merge(authorities) })
}
