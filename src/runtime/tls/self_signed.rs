//! A certificate that nobody vouches for, for trying.

use std::io;

/// A certificate for these names with its key, as PEM.
///
/// # Errors
/// A name cannot be one, or there is no randomness.
pub fn make_self_signed(names: Vec<String>) -> io::Result<String> {
    let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
    Ok(format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem()))
}
