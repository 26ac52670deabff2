//! Sessions of users that logged in with a password: signed, so that every core knows them and a restart forgets none.
//! A session that was logged out before its time is kept in a list instead ([`super::LoggedOut`]).
//!
//! A session is `cs_`, a body and its signature. The body says until when it holds, which session it is, whose, and
//! under which password: another password ends the sessions of the one before.

use super::accounts::{Accounts, proof_of};
use super::{Secret, unauthenticated};
use crate::base::host::host;
use crate::base::time::{Now, rfc3339};
use crate::model::fault::Fault;
use crate::model::session::{Issued, Scopes, Session, folded};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use std::net::IpAddr;

/// Characters of a signature: 256 bits in base64.
const SIGNATURE_BYTES: usize = 43;

/// What every session starts with.
const PREFIX: &str = "cs_";

/// Bytes of a body before the user: the expiry, the id, the password's fingerprint.
const FIXED_BYTES: usize = 8 + 16 + 8;

/// Bits of an id that nobody can guess; those before them are the time.
const UNGUESSED_BITS: u32 = 96;

/// Which session it is.
pub type LoginId = u128;

/// A user at an address, or a host's other addresses, under the secret of the node's sessions.
pub type Place = u64;

/// Makes sessions and knows them again.
pub(super) struct Logins {
    keys: Option<(EncodingKey, DecodingKey)>,
    lifetime_s: u64,
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logins").field("lifetime_s", &self.lifetime_s).finish_non_exhaustive()
    }
}

/// What a session says, once its signature holds.
struct Signed<'a> {
    expires_unix_s: u64,
    id: LoginId,
    fingerprint: [u8; 8],
    user: &'a str,
}

impl Logins {
    /// With the secret that sessions are signed with; without one there are none.
    pub(super) fn new(secret: Option<&Secret>, lifetime_s: u32) -> Self {
        let keys = secret.map(Secret::expose);
        let keys = keys.map(|key| (EncodingKey::from_secret(key), DecodingKey::from_secret(key)));
        Self { keys, lifetime_s: lifetime_s.into() }
    }

    /// A new session of a user. `id` must be one that nobody can guess; its first 32 bits give way to the time.
    pub(super) fn open(&self, accounts: &Accounts, user: &str, id: LoginId, now: Now) -> Option<String> {
        let (user, password) = accounts.find(user)?;
        let id = stamped(id, now);
        let expires_unix_s = now.unix_s().saturating_add(self.lifetime_s);
        let mut body = Vec::with_capacity(FIXED_BYTES + user.len());
        body.extend_from_slice(&expires_unix_s.to_be_bytes());
        body.extend_from_slice(&id.to_be_bytes());
        body.extend_from_slice(&password.fingerprint());
        body.extend_from_slice(user.as_bytes());
        let message = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(body));
        let signature = self.sign(&message)?;
        Some(message + &signature)
    }

    /// A word that only whoever has the session can know, and that does not tell the session.
    pub(super) fn companion(&self, session: &str) -> Option<String> {
        self.sign(&format!("companion of {session}"))
    }

    /// Where a user is at an address, as a word that tells nobody the address who has not the secret.
    pub(super) fn place(&self, user: &str, address: IpAddr) -> Option<Place> {
        let signature = self.sign(&format!("place of {} at {}", folded(user), host(address)))?;
        let bytes = URL_SAFE_NO_PAD.decode(signature).ok()?;
        bytes.first_chunk().copied().map(u64::from_be_bytes)
    }

    fn sign(&self, message: &str) -> Option<String> {
        let (key, _) = self.keys.as_ref()?;
        crypto::sign(message.as_bytes(), key, Algorithm::HS256).ok()
    }

    /// The session of a credential that looks like one.
    pub(super) fn verify(&self, accounts: &Accounts, credential: &str, now: Now) -> Result<Session, Fault> {
        let unknown = || unauthenticated("The session is not known; log in again");
        let (message, signature) = parts(credential).ok_or_else(unknown)?;
        let (_, key) = self.keys.as_ref().ok_or_else(unknown)?;
        if !crypto::verify(signature, message.as_bytes(), key, Algorithm::HS256).unwrap_or(false) {
            return Err(unknown());
        }
        let bytes = decoded(message).ok_or_else(unknown)?;
        let body = Signed::read(&bytes).ok_or_else(unknown)?;
        if now.unix_s() >= body.expires_unix_s {
            let ended = rfc3339(body.expires_unix_s.saturating_mul(1000));
            return Err(unauthenticated(format!("The session ended at {ended}; log in again")));
        }
        let (user, password) = accounts.find(body.user).ok_or_else(unknown)?;
        if password.fingerprint() != body.fingerprint {
            return Err(unauthenticated("The password has changed since; log in again"));
        }
        Ok(Session {
            expires_unix_s: Some(body.expires_unix_s),
            issued: Issued::At(issued_unix_s(body.id)),
            proof: proof_of(user, password),
            ..Session::of(user, Scopes::READ.union(Scopes::WRITE))
        })
    }
}

impl<'a> Signed<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (expires, rest) = bytes.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (fingerprint, user) = rest.split_first_chunk::<8>()?;
        Some(Self {
            expires_unix_s: u64::from_be_bytes(*expires),
            id: LoginId::from_be_bytes(*id),
            fingerprint: *fingerprint,
            user: std::str::from_utf8(user).ok()?,
        })
    }
}

/// An id that says when its session was opened, in seconds since 1970. What is left cannot be guessed still.
fn stamped(id: LoginId, now: Now) -> LoginId {
    LoginId::from(now.unix_s() as u32) << UNGUESSED_BITS | id & (LoginId::MAX >> 32)
}

fn issued_unix_s(id: LoginId) -> u64 {
    (id >> UNGUESSED_BITS) as u64
}

/// What is signed, and its signature.
fn parts(credential: &str) -> Option<(&str, &str)> {
    credential.split_at_checked(credential.len().checked_sub(SIGNATURE_BYTES)?)
}

fn decoded(message: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(message.strip_prefix(PREFIX)?).ok()
}

/// Whether a credential looks like a session, whether or not it is one.
pub(super) fn is_login(credential: &str) -> bool {
    credential.starts_with(PREFIX)
}

/// Which session a credential is, and until when, in seconds since 1970. Says nothing of whether it holds.
pub fn login_id(credential: &str) -> Option<(LoginId, u64)> {
    let (message, _) = parts(credential)?;
    let bytes = decoded(message)?;
    Signed::read(&bytes).map(|body| (body.id, body.expires_unix_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Account, LoggedOut, PasswordHash};

    const HASH: &str =
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2NeynwkO9ujmpBV6bVmUl658OWY77JKheBp8ZDfytGs";

    fn at(unix_s: u64) -> Now {
        Now { monotonic_us: 0, unix_ms: unix_s * 1000 }
    }

    fn accounts(hash: &str) -> Accounts {
        let password = PasswordHash::parse(hash).expect("a hash");
        Accounts::new(vec![Account { user: "Ada@example.com".into(), password }]).expect("accounts")
    }

    fn logins(secret: &str) -> Logins {
        Logins::new(Some(&Secret::new(secret)), 60)
    }

    #[test]
    fn a_session_holds_for_its_time() {
        let (logins, accounts) = (logins("one"), accounts(HASH));
        let session = logins.open(&accounts, "ada@EXAMPLE.com", 7, at(100)).expect("a session");
        let found = logins.verify(&accounts, &session, at(159)).expect("holds");
        assert_eq!((&*found.user, found.expires_unix_s), ("Ada@example.com", Some(160)));
        assert_eq!(found.issued, Issued::At(100));
        assert_eq!(login_id(&session), Some((stamped(7, at(100)), 160)));
        let fault = logins.verify(&accounts, &session, at(160)).expect_err("ended");
        assert!(fault.message.contains("1970-01-01T00:02:40Z"), "{}", fault.message);
        assert_eq!(logins.open(&accounts, "bob@example.com", 7, at(100)), None);
        assert_eq!(Logins::new(None, 60).open(&accounts, "ada@example.com", 7, at(100)), None);
    }

    #[test]
    fn nothing_of_a_session_can_be_changed() {
        let (logins, accounts) = (logins("one"), accounts(HASH));
        let session = logins.open(&accounts, "ada@example.com", 7, at(100)).expect("a session");
        for index in 0..session.len() {
            let mut changed = session.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            // The last letter of a signature has two bits that say nothing.
            let same = index + 1 == session.len();
            assert!(same || logins.verify(&accounts, &changed, at(100)).is_err(), "{index}");
        }
        for other in ["", "cs_", "cs_AAAA", &session[..43], &session[1..]] {
            assert!(logins.verify(&accounts, other, at(100)).is_err(), "{other}");
        }
        assert!(super::tests::logins("two").verify(&accounts, &session, at(100)).is_err());
    }

    #[test]
    fn another_password_ends_the_sessions_of_the_one_before() {
        let logins = logins("one");
        let session = logins.open(&accounts(HASH), "ada@example.com", 7, at(100)).expect("a session");
        let other = accounts(&HASH.replace("$MDEy", "$NDEy"));
        let fault = logins.verify(&other, &session, at(100)).expect_err("another password");
        assert!(fault.message.contains("password"), "{}", fault.message);
        let nobody = Accounts::default();
        assert!(logins.verify(&nobody, &session, at(100)).is_err());
    }

    #[test]
    fn what_is_logged_out_is_remembered_for_its_time() {
        let (logins, accounts) = (logins("one"), accounts(HASH));
        let [first, second] =
            [7, 8].map(|id| logins.open(&accounts, "ada@example.com", id, at(100)).expect("a session"));
        let mut out = LoggedOut::default();
        let (id, until) = login_id(&first).expect("a session");
        let now = |monotonic_s: u64, unix_s: u64| Now {
            monotonic_us: monotonic_s * 1_000_000,
            unix_ms: unix_s * 1_000,
        };
        out.add(now(10, 100), id, until, 60);
        assert!(out.has(&first) && !out.has(&second) && !out.has("rc_key"));
        assert_eq!(out.expire(now(69, 159)), None);
        assert_eq!(out.expire(now(70, 160)), Some(stamped(7, at(100))));
        assert!(out.is_empty() && !out.has(&first));
    }

    #[test]
    fn a_wall_clock_that_goes_astray_brings_no_session_back() {
        let (logins, accounts) = (logins("one"), accounts(HASH));
        let session = logins.open(&accounts, "ada@example.com", 7, at(100)).expect("a session");
        let now = |monotonic_s: u64, unix_s: u64| Now {
            monotonic_us: monotonic_s * 1_000_000,
            unix_ms: unix_s * 1_000,
        };
        let mut out = LoggedOut::default();
        let (id, until) = login_id(&session).expect("a session");
        out.add(now(10, 100), id, until, 60);
        assert_eq!(out.expire(now(11, 100_000)), None, "a day ahead");
        assert!(out.has(&session));
        assert_eq!(out.expire(now(75, 0)), None, "set back, it would still hold");
        assert!(out.has(&session));
        assert_eq!(out.expire(now(80, 170)), None, "it is looked at from time to time");
        assert_eq!(out.expire(now(135, 225)), Some(stamped(7, at(100))));
    }
}
