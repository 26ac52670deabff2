//! `corecast hash-password`.

use super::{Failure, print};
use crate::auth::{PASSWORD_BYTES_MAX, PasswordHash, SALT_BYTES, Secret};
use std::io::{self, Read};

/// Prints the hash of what stands on standard input, without one newline at its end.
pub(super) fn run() -> Result<(), Failure> {
    let mut password = Vec::new();
    // One byte more than allowed, and a newline, so that what is too long is told from what is not.
    io::stdin().lock().take(PASSWORD_BYTES_MAX as u64 + 3).read_to_end(&mut password)?;
    if password.ends_with(b"\n") {
        password.pop();
        if password.ends_with(b"\r") {
            password.pop();
        }
    }
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt)?;
    print(PasswordHash::of(&Secret::new(password), salt)?)
}
