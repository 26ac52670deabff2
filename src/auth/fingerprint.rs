//! Credentials known again without being kept: the very same one need not be verified again for every frame that it comes with.

use crate::base::hash::KeyedState;
use crate::base::time::Now;
use crate::model::session::Session;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// What is kept of a credential that held. It tells nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint {
    hash: (u64, u64),
    /// Seconds since 1970 at which the credential ends.
    until_unix_s: u64,
}

/// Takes the fingerprints of one core, under a key that nobody else has: whoever does not know it finds no second credential
/// with the fingerprint of a first one but by 2^128 tries.
#[derive(Clone, Debug)]
pub struct Fingerprints {
    key: (u64, u64),
    /// Changes of what holds. Each makes all fingerprints from before those of no credential.
    changes: u64,
}

impl Fingerprints {
    /// Fingerprints that only somebody with this seed can take.
    pub fn new(seed: u64) -> Self {
        let half = |purpose| KeyedState::new(seed, purpose).hash_bytes(b"fingerprints");
        Self { key: (half(0xf19e_0000), half(0xf19e_0001)), changes: 0 }
    }

    /// The fingerprint of a credential that holds, and is that of this session.
    pub fn take(&self, credential: &[u8], session: &Session) -> Fingerprint {
        let until_unix_s = session.expires_unix_s.unwrap_or(u64::MAX);
        Fingerprint { hash: self.hash(credential), until_unix_s }
    }

    /// Whether a credential is the one that this was taken of, and holds still.
    pub fn know(&self, taken: Fingerprint, credential: &[u8], now: Now) -> bool {
        now.unix_s() < taken.until_unix_s && taken.hash == self.hash(credential)
    }

    /// Other credentials hold than before: every one has to be verified again, the next time that it comes.
    pub fn forget_all(&mut self) {
        self.changes += 1;
    }

    fn hash(&self, credential: &[u8]) -> (u64, u64) {
        let mut hasher = SipHasher24::new_with_keys(self.key.0, self.key.1);
        hasher.write_u64(self.changes);
        hasher.write(credential);
        hasher.finish128().as_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::Scopes;

    const CREDENTIAL: &[u8] = b"header.claims.signature";

    fn at(unix_s: u64) -> Now {
        Now { monotonic_us: 0, unix_ms: unix_s * 1_000 }
    }

    fn until(expires_unix_s: Option<u64>) -> Session {
        Session { expires_unix_s, ..Session::of("ada", Scopes::READ) }
    }

    #[test]
    fn only_the_very_same_credential_is_known_and_only_until_it_ends() {
        let fingerprints = Fingerprints::new(7);
        let taken = fingerprints.take(CREDENTIAL, &until(Some(100)));
        assert!(fingerprints.know(taken, CREDENTIAL, at(99)));
        assert!(!fingerprints.know(taken, CREDENTIAL, at(100)));
        for bit in 0..CREDENTIAL.len() * 8 {
            let mut changed = CREDENTIAL.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!fingerprints.know(taken, &changed, at(99)), "bit {bit}");
        }
        for length in 0..CREDENTIAL.len() {
            assert!(!fingerprints.know(taken, &CREDENTIAL[..length], at(99)), "{length} bytes");
        }
        let endless = fingerprints.take(CREDENTIAL, &until(None));
        assert!(fingerprints.know(endless, CREDENTIAL, at(u64::MAX / 1_000)));
    }

    #[test]
    fn none_is_known_after_a_change_and_none_of_another_core() {
        let mut fingerprints = Fingerprints::new(7);
        let taken = fingerprints.take(CREDENTIAL, &until(None));
        assert!(!Fingerprints::new(8).know(taken, CREDENTIAL, at(1)));
        fingerprints.forget_all();
        assert!(!fingerprints.know(taken, CREDENTIAL, at(1)));
        let again = fingerprints.take(CREDENTIAL, &until(None));
        assert!(fingerprints.know(again, CREDENTIAL, at(1)));
    }
}
