//! How TLS is taken in: the settings in force, which a reload replaces for connections that come after it.

use super::acme::{self, AcmeFigures, Proofs};
use super::error::TlsError;
use super::resolver::Resolver;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is spoken inside: HTTP/1.1, from which WebSockets come.
const APPLICATION_PROTOCOL: &[u8] = b"http/1.1";

/// What TLS is served with.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Certificates with their keys. A client is shown the one of the name that it asks for, or else the first.
    pub identities: Vec<Arc<CertifiedKey>>,
    /// Authorities of which a client must have a certificate. `None` asks for none.
    pub client_authorities: Option<Arc<RootCertStore>>,
    /// Whether clients of TLS 1.2 are served too, and not of TLS 1.3 alone.
    pub with_tls_1_2: bool,
    /// Whether sessions are resumed by tickets.
    pub tickets: bool,
    /// Milliseconds from the accept to the end of the handshake.
    pub handshake_ms: u64,
    /// Bytes that all sessions of a core keep at most of records that are not whole.
    pub unfinished_bytes_max: usize,
    /// Whether an authority may ask for proofs of names (`acme-tls/1`).
    pub proves_names: bool,
}

/// How a connection is taken in.
#[derive(Debug)]
pub struct Acceptance {
    pub(in crate::runtime) config: Arc<ServerConfig>,
    pub(in crate::runtime) handshake_ms: u64,
    pub(in crate::runtime) unfinished_bytes_max: usize,
}

/// Hands settings to all cores of a run. Clones belong to the same run.
#[derive(Clone)]
pub struct Acceptor {
    shared: Arc<Shared>,
}

struct Shared {
    current: Mutex<Arc<Acceptance>>,
    /// How often `current` was replaced.
    generation: AtomicU64,
    /// Seals the tickets of all cores, and of all settings, so that a reload lets clients resume.
    tickets: Arc<dyn ProducesTickets>,
    proofs: Arc<Proofs>,
    acme: Arc<AcmeFigures>,
}

impl Acceptor {
    /// # Errors
    /// There is no certificate, or rustls refuses the settings.
    pub fn new(settings: &TlsSettings) -> Result<Self, TlsError> {
        let (tickets, proofs) = (new_tickets()?, Arc::default());
        let current = Mutex::new(Arc::new(acceptance(settings, &tickets, &proofs)?));
        let (generation, acme) = (AtomicU64::new(0), Arc::default());
        Ok(Self { shared: Arc::new(Shared { current, generation, tickets, proofs, acme }) })
    }

    /// What [`Acceptor::replace`] puts in force, made beforehand so that nothing is left to go wrong then.
    ///
    /// # Errors
    /// As [`Acceptor::new`].
    pub fn prepare(&self, settings: &TlsSettings) -> Result<Arc<Acceptance>, TlsError> {
        Ok(Arc::new(acceptance(settings, &self.shared.tickets, &self.shared.proofs)?))
    }

    /// Connections that come from here on are taken in with these settings.
    pub fn replace(&self, prepared: Arc<Acceptance>) {
        *self.shared.current.lock().unwrap_or_else(PoisonError::into_inner) = prepared;
        self.shared.generation.fetch_add(1, Ordering::Release);
    }

    /// Figures of the certificates that were got by ACME.
    pub fn acme(&self) -> &Arc<AcmeFigures> {
        &self.shared.acme
    }

    /// Shows an authority that asks for it a certificate which proves a name.
    pub(in crate::runtime) fn show_challenge(&self, name: &str, identity: Arc<CertifiedKey>) {
        self.shared.proofs.add(name, identity);
    }

    /// Proves nothing any more.
    pub(in crate::runtime) fn hide_challenges(&self) {
        self.shared.proofs.clear();
    }

    /// Rises with every replacement: a core looks at this number, and asks for the settings only when it has changed.
    pub(in crate::runtime) fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// The settings in force.
    pub(in crate::runtime) fn current(&self) -> Arc<Acceptance> {
        self.shared.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

fn new_tickets() -> Result<Arc<dyn ProducesTickets>, TlsError> {
    ring::Ticketer::new().map_err(|error| TlsError::Setup(error.to_string()))
}

fn acceptance(
    settings: &TlsSettings,
    tickets: &Arc<dyn ProducesTickets>,
    proofs: &Arc<Proofs>,
) -> Result<Acceptance, TlsError> {
    let config = Arc::new(server_config(settings, tickets, proofs)?);
    let TlsSettings { handshake_ms, unfinished_bytes_max, .. } = *settings;
    Ok(Acceptance { config, handshake_ms, unfinished_bytes_max })
}

fn server_config(
    settings: &TlsSettings,
    tickets: &Arc<dyn ProducesTickets>,
    proofs: &Arc<Proofs>,
) -> Result<ServerConfig, TlsError> {
    const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
    let versions = if settings.with_tls_1_2 { BOTH } else { &BOTH[..1] };
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(|error| TlsError::Setup(error.to_string()))?;
    let builder = match &settings.client_authorities {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities.clone(), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| TlsError::Setup(error.to_string()))?)
        }
    };
    let resolver =
        Resolver::new(settings.identities.clone(), proofs.clone()).ok_or(TlsError::NoCertificate)?;
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![APPLICATION_PROTOCOL.to_vec()];
    config.alpn_protocols.extend(settings.proves_names.then(|| acme::PROTOCOL.to_vec()));
    // Sessions are kept by clients, sealed, and not by a core, to which a client may not come back.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if settings.tickets {
        // Whom other authorities vouched for does not come back by a ticket that was given then.
        let sealed = settings.client_authorities.is_none().then(|| tickets.clone());
        config.ticketer = sealed.map_or_else(new_tickets, Ok)?;
    } else {
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}
