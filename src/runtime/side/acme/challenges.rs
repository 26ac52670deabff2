//! What the cores answer an authority that looks whether a name is this node's.

use crate::runtime::Reloads;
use crate::runtime::tls::Acceptor;
use instant_acme::KeyAuthorization;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// Where answers are put. They are there until this is told otherwise, or dropped.
pub struct Challenges {
    acceptor: Acceptor,
    reloads: Reloads,
    words: Vec<(Box<str>, Box<str>)>,
}

impl Challenges {
    /// None yet.
    pub fn new(acceptor: Acceptor, reloads: Reloads) -> Self {
        Self { acceptor, reloads, words: Vec::new() }
    }

    /// Shows whoever asks for a name by `acme-tls/1` a certificate that proves the account (RFC 8737 section 3).
    pub(super) fn show_certificate(&self, name: &str, proof: &KeyAuthorization) -> Result<(), String> {
        let identity = identity(name, proof.digest().as_ref())?;
        self.acceptor.show_challenge(name, Arc::new(identity));
        Ok(())
    }

    /// Tells whoever asks for a token the word that proves the account. Every core knows it when this returns, if it turns.
    pub(super) fn tell_word(&mut self, token: &str, proof: &KeyAuthorization) {
        self.words.push((token.into(), proof.as_str().into()));
        self.reloads.send_words(self.words.as_slice().into());
        self.reloads.wait_until_taken();
    }

    /// Answers nothing any more.
    pub(super) fn close(&mut self) {
        self.acceptor.hide_challenges();
        if !self.words.is_empty() {
            self.words.clear();
            self.reloads.send_words(Arc::default());
        }
    }
}

fn identity(name: &str, digest: &[u8]) -> Result<CertifiedKey, String> {
    let failed = |error: rcgen::Error| format!("no certificate could be made for the challenge: {error}");
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(failed)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
    let key = any_supported_type(&key).map_err(|error| error.to_string())?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}
