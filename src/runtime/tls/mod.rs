//! What all cores share of TLS: certificates, whom to ask for one, tickets. The bytes of a connection are in `core/tls`.

mod acceptor;
mod acme;
mod certificate;
mod error;
mod resolver;
mod self_signed;
mod validity;

pub use acceptor::{Acceptance, Acceptor, TlsSettings};
pub use acme::AcmeFigures;
pub use certificate::{read_authorities, read_identity, read_validity};
pub use error::{CertificateError, TlsError};
pub use rustls::RootCertStore;
pub use rustls::sign::CertifiedKey;
pub use self_signed::make_self_signed;
