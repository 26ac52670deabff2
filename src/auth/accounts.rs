//! Users that prove who they are with a password.

use super::proofs::proof;
use super::{AuthSetupError, PasswordHash, is_user};
use crate::model::session::folded;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A user and the hash of its password.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user's id: a mail address.
    pub user: String,
    /// The hash of its password.
    pub password: PasswordHash,
}

/// What a password is checked against.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The user, as it is configured; `None` is nobody, whatever the check says.
    pub user: Option<Arc<str>>,
    /// What the password must fit. Somebody else's where there is no such user, so that the answer takes as long.
    pub password: Arc<PasswordHash>,
}

/// The accounts by folded address.
#[derive(Debug, Default)]
pub(super) struct Accounts(BTreeMap<String, (Arc<str>, Arc<PasswordHash>)>);

impl Accounts {
    pub(super) fn new(accounts: Vec<Account>) -> Result<Self, AuthSetupError> {
        let mut by_address = BTreeMap::new();
        for Account { user, password } in accounts {
            if !is_address(&user) {
                return Err(AuthSetupError::Address);
            }
            if by_address.insert(folded(&user).into_owned(), (user.into(), Arc::new(password))).is_some() {
                return Err(AuthSetupError::AccountTwice);
            }
        }
        Ok(Self(by_address))
    }

    /// What a password for this user is checked against. `None` if there are no users at all.
    pub(super) fn challenge(&self, user: &str) -> Option<Challenge> {
        if let Some((user, password)) = self.0.get(&*folded(user)) {
            return Some(Challenge { user: Some(user.clone()), password: password.clone() });
        }
        let (_, password) = self.0.values().next()?;
        Some(Challenge { user: None, password: password.clone() })
    }

    /// What proves who somebody is, by the passwords.
    pub(super) fn proofs(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.values().map(|(user, password)| proof_of(user, password))
    }

    /// Every user.
    pub(super) fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.values().map(|(user, _)| user)
    }

    /// A user by its id, with the hash of its password.
    pub(super) fn find(&self, user: &str) -> Option<&(Arc<str>, Arc<PasswordHash>)> {
        self.0.get(&*folded(user))
    }
}

/// What a login of a user under its password proves.
pub(super) fn proof_of(user: &str, password: &PasswordHash) -> u64 {
    proof(&[&password.fingerprint(), user.as_bytes()])
}

/// Whether a user can be told from others in a list with commas.
pub fn is_address(user: &str) -> bool {
    let plain = |character: char| !character.is_whitespace() && character != ',';
    is_user(user)
        && user.chars().all(plain)
        && user.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}
