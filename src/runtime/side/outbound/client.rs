//! The one client.

use super::OutboundSettings;
use super::resolver::Resolver;
use crate::runtime::error::RuntimeError;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::time::Duration;

/// How long a connection without a call is kept.
const IDLE_TIME: Duration = Duration::from_secs(20);

/// Connections to one server that are kept without a call. With HTTP/2 one carries all calls.
const IDLE_PER_SERVER_MAX: usize = 8;

/// Bytes of the head of an answer.
const HEAD_BYTES_MAX: u32 = 16 << 10;

/// Fields of the head of an answer.
const FIELDS_MAX: usize = 64;

/// A client that calls nobody whom strangers may not have called. Proxies of the environment are not asked, since they would
/// look names up themselves.
///
/// # Errors
/// The system has no authorities that certificates are judged by, or those of the settings are none.
pub fn client(settings: &OutboundSettings) -> Result<Client, RuntimeError> {
    let failed = |source: reqwest::Error| RuntimeError::Outbound { source };
    // Whoever comes first installs it; there is only this one in the program.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authorities = Certificate::from_pem_bundle(&settings.authorities).map_err(failed)?;
    let time = Duration::from_millis(settings.time_ms_max.into());
    let builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .https_only(!settings.local_too)
        .dns_resolver(Resolver { local_too: settings.local_too })
        .timeout(time)
        .connect_timeout(time)
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(IDLE_PER_SERVER_MAX)
        .http1_max_headers(FIELDS_MAX)
        .http2_max_header_list_size(HEAD_BYTES_MAX)
        .user_agent(concat!("corecast/", env!("CARGO_PKG_VERSION")));
    let builder = if authorities.is_empty() { builder } else { builder.tls_certs_merge(authorities) };
    builder.build().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::super::push::call;
    use super::super::{VapidKey, new_vapid_key};
    use super::*;
    use crate::model::web_push::Called;
    use std::net::TcpListener;
    use std::sync::Arc;

    /// Calls a URL. What came of it.
    fn called(url: &str, local_too: bool) -> Called {
        let key = VapidKey::parse(new_vapid_key().unwrap().as_bytes()).unwrap();
        let settings = OutboundSettings {
            vapid_key: Arc::new(key),
            subject: None,
            local_too,
            authorities: Arc::default(),
            time_ms_max: 2_000,
            in_flight_max: 1,
        };
        let client = client(&settings).unwrap();
        let request = client.post(url).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(call(client, Some(request)))
    }

    #[test]
    fn a_name_of_this_machine_is_looked_up_and_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("https://localhost:{port}/");
        assert_eq!(called(&url, false), Called::Forbidden);
        assert!(listener.accept().is_err(), "it was connected to");
        // It is there for whoever may: the listener speaks no TLS.
        assert_eq!(called(&url, true), Called::Unanswered);
        listener.accept().unwrap();
    }

    #[test]
    fn nothing_but_https_is_called() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        assert_eq!(called(&url, false), Called::Unanswered);
        assert!(listener.accept().is_err());
    }
}
