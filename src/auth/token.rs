//! JSON Web Tokens (RFC 7519) in compact form (RFC 7515): the signature first, then the claims.

use super::claims::Claims;
use super::proofs::proof;
use super::public_key::PublicKey;
use super::{Secret, Shown, unauthenticated};
use crate::base::json;
use crate::base::time::Now;
use crate::model::fault::Fault;
use crate::model::session::Session;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;

/// Verifies tokens against fixed keys.
#[derive(Debug)]
pub(super) struct TokenVerifier {
    /// Keys, each with the one algorithm it may verify.
    keys: Vec<PublicKey>,
    leeway_s: u64,
}

/// What is read of a header. `kid`, `jku`, `jwk`, `x5u` and `x5c` are left unread: they would let the token
/// choose its key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that must be understood; we have none (RFC 7515 section 4.1.11).
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// True for any value, `null` too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl TokenVerifier {
    pub(super) fn new(secret: Option<&Secret>, mut keys: Vec<PublicKey>, leeway_s: u32) -> Self {
        if let Some(secret) = secret {
            let key = DecodingKey::from_secret(secret.expose());
            let proof = proof(&[b"secret", secret.expose()]);
            keys.push(PublicKey { algorithm: Algorithm::HS256, key, proof });
        }
        Self { keys, leeway_s: u64::from(leeway_s) }
    }

    /// What proves who somebody is, by the keys of tokens.
    pub(super) fn proofs(&self) -> impl Iterator<Item = u64> + '_ {
        self.keys.iter().map(|key| key.proof)
    }

    /// The session of a token of three parts, and what others may be shown of its user.
    pub(super) fn verify(&self, token: &str, now: Now) -> Result<(Arc<Session>, Shown), Fault> {
        let Some((message, signature)) = token.rsplit_once('.') else { return Err(malformed()) };
        let Some((header, payload)) = message.split_once('.') else { return Err(malformed()) };
        let header: Header = decode_part(header).ok_or_else(malformed)?;
        if header.crit {
            return Err(unauthenticated("The token demands an extension (crit) that is not supported"));
        }
        let proof = self.verify_signature(&header.alg, message, signature)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| malformed())?;
        let claims = Claims::parse(&payload)?;
        let shown = claims.shown();
        Ok((Arc::new(Session { proof, ..claims.into_session(now, self.leeway_s)? }), shown))
    }

    /// Tries the keys whose kind is for this algorithm. The token picks among our keys by naming one of their
    /// algorithms, but cannot have a key used with an algorithm of another kind. Says what the key that fits proves.
    fn verify_signature(&self, alg: &str, message: &str, signature: &str) -> Result<u64, Fault> {
        let algorithm = match alg {
            "HS256" => Algorithm::HS256,
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            "none" => return Err(unauthenticated("The token is not signed")),
            _ => return Err(unauthenticated("The token's algorithm is not supported")),
        };
        let mut keys = self.keys.iter().filter(|key| key.algorithm == algorithm).peekable();
        if keys.peek().is_none() {
            return Err(unauthenticated(format!("No key is configured for {alg} tokens")));
        }
        let message = message.as_bytes();
        let fits =
            |key: &&PublicKey| crypto::verify(signature, message, &key.key, algorithm).unwrap_or(false);
        let fitting = keys.find(fits).map(|key| key.proof);
        fitting.ok_or_else(|| unauthenticated("The token's signature does not match"))
    }
}

fn decode_part<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    json::read_bytes(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn malformed() -> Fault {
    unauthenticated("The token is malformed")
}
