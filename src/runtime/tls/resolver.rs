//! Which certificate a client is shown: that of the name it asks for, or else the first.

use super::acme::{PROTOCOL, Proofs};
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// Certificates in the order of their precedence; at least one.
#[derive(Debug)]
pub(super) struct Resolver {
    identities: Vec<Arc<CertifiedKey>>,
    proofs: Arc<Proofs>,
}

impl Resolver {
    /// `None` if there is no certificate. Authorities that ask for proofs are shown those.
    pub(super) fn new(identities: Vec<Arc<CertifiedKey>>, proofs: Arc<Proofs>) -> Option<Self> {
        (!identities.is_empty()).then_some(Self { identities, proofs })
    }

    /// The first whose certificate has the name.
    fn named(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = ServerName::try_from(name).ok()?;
        self.identities.iter().find(|identity| has_name(identity, &name))
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.alpn().is_some_and(|mut asked| asked.all(|protocol| protocol == PROTOCOL)) {
            return self.proofs.find(hello.server_name()?);
        }
        let only = self.identities.len() == 1;
        let named = hello.server_name().filter(|_| !only).and_then(|name| self.named(name));
        named.or(self.identities.first()).cloned()
    }
}

fn has_name(identity: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let certificate = identity.cert.first().and_then(|der| ParsedCertificate::try_from(der).ok());
    certificate.is_some_and(|certificate| rustls::client::verify_server_name(&certificate, name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tls::read_identity;
    use std::time::SystemTime;

    fn identity(names: &[&str]) -> Arc<CertifiedKey> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        Arc::new(read_identity(chain.as_bytes(), key.as_bytes(), SystemTime::now()).unwrap())
    }

    #[test]
    fn a_name_finds_its_certificate() {
        let all =
            [identity(&["a.example"]), identity(&["b.example", "*.b.example"]), identity(&["a.example"])];
        let resolver = Resolver::new(all.to_vec(), Arc::default()).unwrap();
        let found = |name: &str| {
            let found = resolver.named(name)?;
            all.iter().position(|identity| Arc::ptr_eq(identity, found))
        };
        assert_eq!(found("a.example"), Some(0), "the first of two");
        assert_eq!(found("B.example"), Some(1));
        assert_eq!(found("x.b.example"), Some(1));
        assert_eq!(found("y.x.b.example"), None);
        assert_eq!(found("c.example"), None);
        assert_eq!(found("not a name"), None);
        assert!(Resolver::new(Vec::new(), Arc::default()).is_none());
    }
}
