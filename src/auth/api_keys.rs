//! API keys, found by digest.

use super::proofs::proof;
use super::{AuthSetupError, Secret, is_name, is_user};
use crate::model::session::{Issued, Scopes, Session};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// An API key and the user it stands for.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The key: 1 to 512 visible ASCII characters.
    pub key: Secret,
    /// The user's id.
    pub user: String,
    /// The user's display name.
    pub name: Option<String>,
    /// What the key may do.
    pub scopes: Scopes,
}

impl ApiKey {
    /// Whether this key can be served.
    ///
    /// # Errors
    /// The first field that cannot.
    pub fn check(&self) -> Result<(), AuthSetupError> {
        let key = self.key.expose();
        if !(1..=512).contains(&key.len()) || !key.iter().all(u8::is_ascii_graphic) {
            return Err(AuthSetupError::ApiKeyForm);
        }
        if !is_user(&self.user) {
            return Err(AuthSetupError::User);
        }
        if !self.name.as_deref().is_none_or(is_name) {
            return Err(AuthSetupError::Name);
        }
        Ok(())
    }
}

/// The sessions of the API keys. An attacker who times the search learns about digests of guesses, which tell
/// nothing of the keys.
pub(super) struct ApiKeys {
    by_digest: BTreeMap<[u8; 32], Arc<Session>>,
}

impl ApiKeys {
    pub(super) fn new(keys: Vec<ApiKey>) -> Result<Self, AuthSetupError> {
        let mut by_digest = BTreeMap::new();
        for key in keys {
            key.check()?;
            let digest = digest(key.key.expose());
            let session = Session {
                proof: proof(&[&digest, key.user.as_bytes(), &[key.scopes.bits()]]),
                user: key.user.into(),
                name: key.name.map(Arc::from),
                scopes: key.scopes,
                expires_unix_s: None,
                issued: Issued::Never,
                grants: None,
                handle: None,
                client_info: None,
            };
            if by_digest.insert(digest, Arc::new(session)).is_some() {
                return Err(AuthSetupError::ApiKeyTwice);
            }
        }
        Ok(Self { by_digest })
    }

    /// Whose they are, with their display names.
    pub(super) fn users(&self) -> impl Iterator<Item = (Arc<str>, Option<Arc<str>>)> + '_ {
        self.by_digest.values().map(|session| (session.user.clone(), session.name.clone()))
    }

    /// What proves who somebody is, by the keys.
    pub(super) fn proofs(&self) -> impl Iterator<Item = u64> + '_ {
        self.by_digest.values().map(|session| session.proof)
    }

    /// The session of a key. The entry that the search found is compared once more in constant time, so that
    /// acceptance never rests on an ordinary comparison.
    pub(super) fn find(&self, key: &str) -> Option<Arc<Session>> {
        let wanted = digest(key.as_bytes());
        let (found, session) = self.by_digest.get_key_value(&wanted)?;
        bool::from(found.ct_eq(&wanted)).then(|| Arc::clone(session))
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").field("count", &self.by_digest.len()).finish()
    }
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}
