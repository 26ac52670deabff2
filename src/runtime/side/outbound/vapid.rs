//! By what push services know this node (VAPID, RFC 8292): a key, and tokens that it signs, one for each service.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::rand::{SystemRandom, generate};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// Seconds for which a token holds; a service refuses more than a day (RFC 8292 section 2).
const TOKEN_S: u64 = 12 * 3_600;

/// Seconds before its end at which a token is replaced.
const RENEW_S: u64 = 3_600;

/// Tokens that are kept.
const TOKENS_MAX: usize = 1_024;

/// The key of a node.
pub struct VapidKey {
    pair: EcdsaKeyPair,
    public: Box<str>,
}

/// Why a text is no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "must hold a private key on the curve P-256, either its base64url (43 characters, as `web-push generate-vapid-keys` prints \
     it) or PKCS #8 in PEM (as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` prints it)"
)]
pub struct NoKey;

impl VapidKey {
    /// The key of a text.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &[u8]) -> Result<Self, NoKey> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = match PrivateKeyDer::from_pem_slice(text) {
            Ok(PrivateKeyDer::Pkcs8(key)) => {
                EcdsaKeyPair::from_pkcs8(algorithm, key.secret_pkcs8_der(), &random)
            }
            Ok(_) => return Err(NoKey),
            Err(_) => {
                let bytes = URL_SAFE_NO_PAD.decode(text.trim_ascii()).map_err(|_| NoKey)?;
                let public =
                    SecretKey::from_slice(&bytes).map_err(|_| NoKey)?.public_key().to_encoded_point(false);
                EcdsaKeyPair::from_private_key_and_public_key(algorithm, &bytes, public.as_bytes(), &random)
            }
        };
        let pair = pair.map_err(|_| NoKey)?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()).into();
        Ok(Self { pair, public })
    }

    /// The base64url of the public key, as browsers take it to subscribe.
    pub fn public(&self) -> &str {
        &self.public
    }

    fn token(&self, origin: &str, subject: Option<&str>, expires_unix_s: u64) -> Option<String> {
        let mut claims = serde_json::json!({ "aud": origin, "exp": expires_unix_s });
        if let Some(subject) = subject {
            claims["sub"] = subject.into();
        }
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidKey({})", self.public)
    }
}

/// The text of a new key.
///
/// # Errors
/// The system gives no randomness.
pub fn new_vapid_key() -> io::Result<String> {
    loop {
        let bytes: [u8; 32] = generate(&SystemRandom::new()).map_err(io::Error::other)?.expose();
        // Of 2^32 numbers, one is too large to be a key.
        if SecretKey::from_slice(&bytes).is_ok() {
            return Ok(URL_SAFE_NO_PAD.encode(bytes));
        }
    }
}

/// What requests to push services are authorised by, kept for as long as it holds.
#[derive(Default)]
pub struct Authorizations {
    by_origin: BTreeMap<Box<str>, (u64, String)>,
}

impl Authorizations {
    /// The value of the field Authorization for a service. `None` if the system gives no randomness.
    pub fn of(&mut self, key: &VapidKey, subject: Option<&str>, origin: &str, unix_s: u64) -> Option<&str> {
        let holds = self.by_origin.get(origin).is_some_and(|(expires_s, _)| unix_s + RENEW_S < *expires_s);
        if !holds {
            if self.by_origin.len() >= TOKENS_MAX {
                self.by_origin.clear();
            }
            let expires_s = unix_s + TOKEN_S;
            let token = key.token(origin, subject, expires_s)?;
            let value = format!("vapid t={token}, k={}", key.public());
            self.by_origin.insert(origin.into(), (expires_s, value));
        }
        self.by_origin.get(origin).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    /// The audience, subject and end of a token whose signature holds.
    fn read(authorization: &str) -> Option<serde_json::Value> {
        let (token, key) = authorization.strip_prefix("vapid t=")?.split_once(", k=")?;
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes(key)?);
        key.verify(signed.as_bytes(), &bytes(signature)?).ok()?;
        assert_eq!(bytes(header)?, br#"{"typ":"JWT","alg":"ES256"}"#);
        serde_json::from_slice(&bytes(claims)?).ok()
    }

    /// Of RFC 8292 section 2.4.
    const EXAMPLE: &str = "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOj\
        E0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErt\
        mysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";

    #[test]
    fn tokens_are_those_of_rfc_8292() {
        let claims = read(EXAMPLE).expect("the example holds");
        let key = VapidKey::parse(new_vapid_key().unwrap().as_bytes()).unwrap();
        let expires_s = claims["exp"].as_u64().unwrap();
        let token =
            key.token("https://push.example.net", Some("mailto:push@example.com"), expires_s).unwrap();
        assert_eq!(
            token.rsplit_once('.').unwrap().0,
            EXAMPLE[8..].split_once(", k=").unwrap().0.rsplit_once('.').unwrap().0
        );
        assert_eq!(read(&format!("vapid t={token}, k={}", key.public())), Some(claims));
    }

    #[test]
    fn a_token_is_kept_for_each_service_while_it_holds() {
        let key = VapidKey::parse(new_vapid_key().unwrap().as_bytes()).unwrap();
        let mut kept = Authorizations::default();
        let mut of = |origin: &str, unix_s| kept.of(&key, None, origin, unix_s).unwrap().to_owned();
        let first = of("https://a.example", 1_000);
        assert_eq!(
            read(&first).unwrap(),
            serde_json::json!({"aud": "https://a.example", "exp": 1_000 + TOKEN_S})
        );
        assert_eq!(of("https://a.example", 1_000 + TOKEN_S - RENEW_S - 1), first);
        assert_ne!(of("https://a.example", 1_000 + TOKEN_S - RENEW_S), first);
        for service in 0..3 * TOKENS_MAX {
            of(&format!("https://{service}.example"), 1_000);
        }
        assert!(kept.by_origin.len() <= TOKENS_MAX);
    }

    #[test]
    fn a_key_is_read_in_both_forms_and_nothing_else_is() {
        let text = new_vapid_key().unwrap();
        assert_eq!(text.len(), 43);
        let key = VapidKey::parse(format!("{text}\n").as_bytes()).unwrap();
        assert_eq!((key.public().len(), format!("{key:?}")), (87, format!("VapidKey({})", key.public())));
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pem = |label: &str, bytes: &[u8]| {
            let body = base64::engine::general_purpose::STANDARD.encode(bytes);
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        VapidKey::parse(pem("PRIVATE KEY", document.as_ref()).as_bytes()).unwrap();
        let zero = URL_SAFE_NO_PAD.encode([0; 32]);
        let public = key.public().to_owned();
        for wrong in
            ["", "a", &text[..42], &zero, &public, &pem("PRIVATE KEY", &[1, 2]), &pem("EC PRIVATE KEY", &[1])]
        {
            assert!(VapidKey::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
