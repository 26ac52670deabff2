//! Floor 2: who speaks. A credential is an API key, a session of a login, or a signed token (JWT); each becomes a [`Session`] or a
//! fault that says what is wrong with it and never repeats it.
//!
//! Invariants:
//! - the algorithm of a token is decided by the kind of the key, never by the token;
//! - nothing of a token is acted upon before its signature holds, and it never names a key or an address
//!   that is looked up (`kid`, `jku`, `jwk`, `x5u`, `x5c` are not read);
//! - API keys are kept as digests only.

mod accounts;
mod api_keys;
mod claims;
mod download;
mod fingerprint;
mod logged_out;
mod login;
mod password;
mod proofs;
mod public_key;
mod remembered;
mod revoked;
mod shown;
mod sign;
mod token;
mod turn;

pub use accounts::{Account, Challenge, is_address};
pub use api_keys::ApiKey;
pub use download::DownloadKey;
pub use fingerprint::{Fingerprint, Fingerprints};
pub use logged_out::LoggedOut;
pub use login::{LoginId, Place, login_id};
pub use password::{PASSWORD_BYTES_MAX, PasswordHash, SALT_BYTES};
pub use revoked::Revoked;
pub use shown::Shown;
pub use sign::{SignError, TokenClaims, TokenPair, sign, sign_pair};
pub use turn::IceSettings;

pub use crate::base::secret::Secret;
use crate::base::time::Now;
use crate::model::fault::{Fault, FaultCode};
use crate::model::session::Session;
use accounts::Accounts;
use api_keys::ApiKeys;
use login::Logins;
use proofs::Proofs;
use public_key::PublicKey;
use std::net::IpAddr;
use std::sync::Arc;
use token::TokenVerifier;

/// Bytes of a credential; a longer one is refused before it is looked at.
pub const CREDENTIAL_BYTES_MAX: usize = 8 << 10;

/// Bytes of a user's id, in tokens and API keys.
pub const USER_BYTES_MAX: usize = 128;

/// Bytes of a user's display name, in tokens and API keys.
pub const NAME_BYTES_MAX: usize = 256;

/// Bytes of an HS256 secret at least: as many as its hash has (RFC 7518 section 3.2).
pub const JWT_SECRET_BYTES_MIN: usize = 32;

/// What an [`Authenticator`] accepts.
#[derive(Clone, Debug, Default)]
pub struct AuthSettings {
    /// The API keys, each of one user.
    pub api_keys: Vec<ApiKey>,
    /// The secret of HS256 tokens; `None` accepts none.
    pub jwt_secret: Option<Secret>,
    /// PEM public keys (`PUBLIC KEY`, or `RSA PUBLIC KEY`) of RS256, ES256 and EdDSA tokens.
    pub jwt_public_keys: Vec<Vec<u8>>,
    /// Seconds by which the clock of whoever signs may differ from ours.
    pub leeway_s: u32,
    /// Users that log in with a password.
    pub accounts: Vec<Account>,
    /// The secret that their sessions are signed with; `None` opens none.
    pub session_secret: Option<Secret>,
    /// Seconds that a session lasts.
    pub session_s: u32,
}

/// Settings that cannot be served.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthSetupError {
    /// Not something a header or a query can carry.
    #[error("an API key must be 1 to 512 visible ASCII characters")]
    ApiKeyForm,
    /// One key cannot be two users.
    #[error("this API key is given twice")]
    ApiKeyTwice,
    /// The user of an API key.
    #[error("a user must be 1 to {USER_BYTES_MAX} bytes without control characters")]
    User,
    /// The display name of an API key.
    #[error("a name must be at most {NAME_BYTES_MAX} bytes without control characters")]
    Name,
    /// Short secrets are found by trial from a single token.
    #[error("the secret of HS256 tokens must have at least {JWT_SECRET_BYTES_MIN} bytes")]
    JwtSecretShort,
    /// A password that cannot be hashed.
    #[error("a password must be 1 to {PASSWORD_BYTES_MAX} bytes")]
    Password,
    /// Not what `corecast hash-password` prints.
    #[error("the hash of a password must be an argon2id PHC string, as `corecast hash-password` prints it")]
    PasswordHash,
    /// Checking a password would take the machine's memory or time.
    #[error("the hash of a password must be made with at most m=262144, t=16 and p=16")]
    PasswordHashCost,
    /// The user of an account.
    #[error(
        "a user with a password must be an address such as ada@example.com, of at most {USER_BYTES_MAX} bytes"
    )]
    Address,
    /// One address cannot have two passwords.
    #[error("this user is given twice")]
    AccountTwice,
    /// A public key of no use.
    #[error("{0}")]
    PublicKey(&'static str),
}

/// Tells who a credential belongs to.
#[derive(Debug)]
pub struct Authenticator {
    api_keys: ApiKeys,
    tokens: TokenVerifier,
    accounts: Accounts,
    logins: Logins,
    proofs: Proofs,
}

impl Authenticator {
    /// An authenticator for these settings.
    ///
    /// # Errors
    /// The first setting that cannot be served.
    pub fn new(settings: AuthSettings) -> Result<Self, AuthSetupError> {
        if let Some(secret) = &settings.jwt_secret {
            check_jwt_secret(secret)?;
        }
        let public_keys = settings.jwt_public_keys.iter().map(|pem| PublicKey::from_pem(pem));
        let public_keys = public_keys.collect::<Result<Vec<_>, _>>()?;
        let api_keys = ApiKeys::new(settings.api_keys)?;
        let tokens = TokenVerifier::new(settings.jwt_secret.as_ref(), public_keys, settings.leeway_s);
        let accounts = Accounts::new(settings.accounts)?;
        Ok(Self {
            proofs: Proofs::new(api_keys.proofs().chain(accounts.proofs()).chain(tokens.proofs())),
            api_keys,
            tokens,
            accounts,
            logins: Logins::new(settings.session_secret.as_ref(), settings.session_s),
        })
    }

    /// Whether what a session began under still holds: its key, its account with its password, or the key of its token.
    pub fn still_holds(&self, session: &Session) -> bool {
        self.proofs.hold(session.proof)
    }

    /// Whether everything that another one takes holds here too.
    pub fn takes_all_of(&self, other: &Self) -> bool {
        self.proofs.have_all_of(&other.proofs)
    }

    /// The session of a credential: an API key, a session of a login, or a token that holds at `now`. Connections of one API key
    /// share one session.
    ///
    /// # Errors
    /// [`FaultCode::Unauthenticated`] with a sentence that says what is wrong and contains nothing of the
    /// credential.
    pub fn verify(&self, credential: &str, now: Now) -> Result<Arc<Session>, Fault> {
        self.verify_shown(credential, now).map(|(session, _)| session)
    }

    /// The session of a credential, with what others may be shown of its user.
    ///
    /// # Errors
    /// As [`Authenticator::verify`].
    pub fn verify_shown(&self, credential: &str, now: Now) -> Result<(Arc<Session>, Shown), Fault> {
        if credential.is_empty() {
            return Err(unauthenticated("Credentials are missing: send an API key or a token"));
        }
        if credential.len() > CREDENTIAL_BYTES_MAX {
            return Err(unauthenticated(format!(
                "The credentials are too long: at most {CREDENTIAL_BYTES_MAX} bytes"
            )));
        }
        if let Some(session) = self.api_keys.find(credential) {
            let shown = Shown::of_user(&session.user);
            return Ok((session, shown));
        }
        if login::is_login(credential) {
            let session = self.logins.verify(&self.accounts, credential, now)?;
            let shown = Shown::of_user(&session.user);
            return Ok((Arc::new(session), shown));
        }
        if credential.bytes().filter(|byte| *byte == b'.').count() == 2 {
            return self.tokens.verify(credential, now);
        }
        Err(unauthenticated("The API key is not known"))
    }

    /// The users that the operator knows, with their display names where they have one; one may come twice.
    pub fn users(&self) -> impl Iterator<Item = (Arc<str>, Option<Arc<str>>)> + '_ {
        let accounts = self.accounts.users().map(|user| (user.clone(), None));
        self.api_keys.users().chain(accounts)
    }

    /// What a password for this user is checked against; the check belongs on a thread of its own. `None` where no
    /// user has a password.
    pub fn challenge(&self, user: &str) -> Option<Challenge> {
        self.accounts.challenge(user)
    }

    /// A new session of a user whose password was checked. `id` must be one that nobody can guess. `None` if there
    /// is no such user.
    pub fn open_session(&self, user: &str, id: LoginId, now: Now) -> Option<String> {
        self.logins.open(&self.accounts, user, id, now)
    }

    /// A user at an address, by which it is known again there after a restart. `None` if this node opens no sessions.
    pub fn place(&self, user: &str, address: IpAddr) -> Option<Place> {
        self.logins.place(user, address)
    }

    /// A word that belongs to a session: who has the session can be told it, and nobody else can make it.
    pub fn companion(&self, session: &str) -> Option<String> {
        self.logins.companion(session)
    }
}

/// Whether a PEM public key can verify tokens.
///
/// # Errors
/// [`AuthSetupError::PublicKey`] with the reason.
pub fn check_public_key(pem: &[u8]) -> Result<(), AuthSetupError> {
    PublicKey::from_pem(pem).map(drop)
}

/// Whether a secret is long enough for HS256.
///
/// # Errors
/// [`AuthSetupError::JwtSecretShort`].
pub fn check_jwt_secret(secret: &Secret) -> Result<(), AuthSetupError> {
    if secret.expose().len() < JWT_SECRET_BYTES_MIN {
        return Err(AuthSetupError::JwtSecretShort);
    }
    Ok(())
}

fn unauthenticated(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(FaultCode::Unauthenticated, message)
}

fn is_user(text: &str) -> bool {
    !text.is_empty() && text.len() <= USER_BYTES_MAX && !text.chars().any(char::is_control)
}

fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
