//! Passwords, kept as argon2id hashes in PHC strings. Making and checking one takes tens of milliseconds on purpose,
//! so no core ever does it.

use super::{AuthSetupError, Secret};
use argon2::password_hash::phc;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};
use std::fmt;

/// Bytes of a password; a longer one is refused before it is hashed.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// KiB of memory that one check may take.
const MEMORY_KIB_MAX: u32 = 256 << 10;

/// Passes over that memory.
const PASSES_MAX: u32 = 16;

/// Lanes of that memory.
const LANES_MAX: u32 = 16;

/// The hash of a password, with the parameters and the salt it was made with.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

impl PasswordHash {
    /// Hashes a password with parameters of today; `salt` must be random.
    ///
    /// # Errors
    /// The password is empty or longer than [`PASSWORD_BYTES_MAX`].
    pub fn of(password: &Secret, salt: [u8; SALT_BYTES]) -> Result<Self, AuthSetupError> {
        let password = password.expose();
        if !(1..=PASSWORD_BYTES_MAX).contains(&password.len()) {
            return Err(AuthSetupError::Password);
        }
        let hash = Argon2::default().hash_password_with_salt(password, &salt);
        hash.map(Self).map_err(|_| AuthSetupError::Password)
    }

    /// Reads a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
    ///
    /// # Errors
    /// It is none, of another algorithm, or checking it would take too much.
    pub fn parse(text: &str) -> Result<Self, AuthSetupError> {
        let hash = phc::PasswordHash::new(text).map_err(|_| AuthSetupError::PasswordHash)?;
        if hash.algorithm.as_str() != "argon2id" || hash.salt.is_none() || hash.hash.is_none() {
            return Err(AuthSetupError::PasswordHash);
        }
        let params = Params::try_from(&hash).map_err(|_| AuthSetupError::PasswordHash)?;
        if params.m_cost() > MEMORY_KIB_MAX || params.t_cost() > PASSES_MAX || params.p_cost() > LANES_MAX {
            return Err(AuthSetupError::PasswordHashCost);
        }
        Ok(Self(hash))
    }

    /// Whether this is the hash of a password. Takes tens of milliseconds and tens of MiB.
    pub fn verify(&self, password: &Secret) -> bool {
        let password = password.expose();
        password.len() <= PASSWORD_BYTES_MAX && Argon2::default().verify_password(password, &self.0).is_ok()
    }

    /// Tells this hash from others without telling anything of it.
    pub(super) fn fingerprint(&self) -> [u8; 8] {
        let digest = Sha256::digest(self.0.to_string());
        std::array::from_fn(|index| digest[index])
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whoever has a hash can try passwords on it, so no log shows it.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ada's password` with the least parameters, so that tests are quick.
    const CHEAP: &str =
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2NeynwkO9ujmpBV6bVmUl658OWY77JKheBp8ZDfytGs";

    #[test]
    fn a_hash_fits_its_password_only() {
        let hash = PasswordHash::of(&Secret::new("correct horse"), [7; SALT_BYTES]).expect("hashes");
        let text = hash.to_string();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let read = PasswordHash::parse(&text).expect("reads back");
        assert_eq!(read, hash);
        assert!(read.verify(&Secret::new("correct horse")));
        assert!(!read.verify(&Secret::new("correct horse ")));
        assert!(!read.verify(&Secret::new("")));
        assert_eq!(format!("{read:?}"), "PasswordHash(..)");
    }

    #[test]
    fn passwords_have_bounds() {
        for bad in ["".to_owned(), "x".repeat(PASSWORD_BYTES_MAX + 1)] {
            assert_eq!(PasswordHash::of(&Secret::new(bad), [0; SALT_BYTES]), Err(AuthSetupError::Password));
        }
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        assert!(PasswordHash::parse(CHEAP).is_ok());
        let costly = CHEAP.replace("m=8", "m=262145");
        assert_eq!(PasswordHash::parse(&costly), Err(AuthSetupError::PasswordHashCost));
        let other = CHEAP.replace("argon2id", "argon2i");
        let cut = CHEAP.rsplit_once('$').expect("parts").0;
        for bad in ["", "hunter2", other.as_str(), cut, "$argon2id$v=19$m=x$a$b"] {
            assert_eq!(PasswordHash::parse(bad), Err(AuthSetupError::PasswordHash), "{bad}");
        }
    }
}
