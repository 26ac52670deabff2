//! Links to what was recorded: whoever has one may fetch the recording until the time that it says. The link's token is that time,
//! seconds since 1970, and its HMAC-SHA256 with the recording's id.

use super::Secret;
use crate::base::time::Now;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::recording::DOWNLOAD_TTL_S;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use std::fmt;

/// What links are signed with.
pub struct DownloadKey(EncodingKey, DecodingKey);

impl DownloadKey {
    /// The key that a secret is.
    pub fn new(secret: &Secret) -> Self {
        Self(EncodingKey::from_secret(secret.expose()), DecodingKey::from_secret(secret.expose()))
    }

    /// The token of a link that holds from now on. `None` cannot be with a key that is a secret.
    pub fn token(&self, recording: &str, now: Now) -> Option<String> {
        let ends_s = now.unix_s() + DOWNLOAD_TTL_S;
        let signature =
            crypto::sign(message(recording, ends_s).as_bytes(), &self.0, Algorithm::HS256).ok()?;
        Some(format!("{ends_s}.{signature}"))
    }

    /// Whether a token lets somebody fetch a recording.
    ///
    /// # Errors
    /// It is none of this node's, it is of another recording, or its time is over.
    pub fn verify(&self, recording: &str, token: &str, now: Now) -> Result<(), Fault> {
        let bad = || {
            refused(
                "This link to a recording is not whole or not of this node. Ask for a new one (GET /recordings/{id}/download).",
            )
        };
        let (ends, signature) = token.split_once('.').ok_or_else(bad)?;
        let is_number =
            !ends.is_empty() && !ends.starts_with('0') && ends.bytes().all(|byte| byte.is_ascii_digit());
        let ends_s: u64 = ends.parse().ok().filter(|_| is_number).ok_or_else(bad)?;
        let message = message(recording, ends_s);
        if !crypto::verify(signature, message.as_bytes(), &self.1, Algorithm::HS256).unwrap_or(false) {
            return Err(bad());
        }
        if now.unix_s() < ends_s {
            return Ok(());
        }
        Err(refused(
            "The time of this link to a recording is over. Ask for a new one (GET /recordings/{id}/download).",
        ))
    }
}

fn message(recording: &str, ends_s: u64) -> String {
    format!("{recording}:{ends_s}")
}

fn refused(message: &'static str) -> Fault {
    Fault::new(FaultCode::Forbidden, message).about(Subject::Recording)
}

/// The key is a secret.
impl fmt::Debug for DownloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DownloadKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix_s: u64) -> Now {
        Now { unix_ms: unix_s * 1_000, monotonic_us: 0 }
    }

    #[test]
    fn a_token_holds_for_its_recording_until_its_time() {
        let key = DownloadKey::new(&Secret::new("0123456789abcdef"));
        let token = key.token("rec_1", at(1_000)).expect("a token");
        assert!(token.starts_with("4600."), "{token}");
        assert!(key.verify("rec_1", &token, at(4_599)).is_ok());
        let message =
            |recording: &str, token: &str, now| key.verify(recording, token, now).unwrap_err().message;
        assert!(message("rec_1", &token, at(4_600)).contains("time"));
        assert!(message("rec_2", &token, at(1_000)).contains("not of this node"));
        let other = DownloadKey::new(&Secret::new("0123456789abcdeF"));
        assert!(other.verify("rec_1", &token, at(1_000)).is_err());
    }

    #[test]
    fn a_token_that_was_tampered_with_does_not_hold() {
        let key = DownloadKey::new(&Secret::new("0123456789abcdef"));
        let token = key.token("rec_1", at(1_000)).expect("a token");
        for at_byte in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at_byte] = if bytes[at_byte] == b'5' { b'6' } else { b'5' };
            let tampered = String::from_utf8(bytes).expect("text");
            assert!(key.verify("rec_1", &tampered, at(1_000)).is_err(), "{tampered}");
            assert!(key.verify("rec_1", &token[..at_byte], at(1_000)).is_err());
        }
        let (ends, signature) = token.split_once('.').expect("a token");
        for bad in [
            "",
            ".",
            "4600",
            "4600.",
            &format!("0{ends}.{signature}"),
            &format!("+{ends}.{signature}"),
            &format!("{ends}.{signature}="),
        ] {
            assert!(key.verify("rec_1", bad, at(1_000)).is_err(), "{bad}");
        }
    }
}
