//! Proofs for TURN servers, as coturn's `use-auth-secret` takes them: the user name says until when, the password is its
//! HMAC-SHA1 under a secret that both sides have.

use super::Secret;
use crate::base::time::Now;
use crate::model::people::ice::{IceServers, TurnCredentials};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use std::sync::Arc;

/// Seconds for which a proof holds.
const TTL_S: u64 = 86_400;

/// Bytes of a block of SHA-1.
const BLOCK_BYTES: usize = 64;

/// The servers that programs reach each other by, and the secret shared with the TURN servers.
#[derive(Clone, Debug, Default)]
pub struct IceSettings {
    /// URLs of STUN servers.
    pub stun_urls: Arc<[Arc<str>]>,
    /// URLs of TURN servers.
    pub turn_urls: Arc<[Arc<str>]>,
    /// The TURN servers' secret, if it is configured.
    pub turn_secret: Option<Secret>,
}

impl IceSettings {
    /// What a user's program is told.
    pub fn servers_for(&self, user: &str, now: Now) -> IceServers {
        let secret = self.turn_secret.as_ref().filter(|_| !self.turn_urls.is_empty());
        let credentials = secret.map(|secret| credentials(secret, user, now));
        let turn = if credentials.is_some() { self.turn_urls.clone() } else { Arc::default() };
        IceServers { stun: self.stun_urls.clone(), turn, credentials, ttl_s: TTL_S }
    }
}

fn credentials(secret: &Secret, user: &str, now: Now) -> TurnCredentials {
    let username = format!("{}:{user}", now.unix_s() + TTL_S);
    let credential = STANDARD.encode(hmac_sha1(secret.expose(), username.as_bytes()));
    TurnCredentials { username: username.into(), credential: credential.into() }
}

/// RFC 2104.
fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..20].copy_from_slice(&Sha1::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha1::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha1::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 2202 section 3.
    #[test]
    fn known_answers() {
        for (key, message, digest) in [
            (vec![0x0b; 20], b"Hi There".to_vec(), "b617318655057264e28bc0b6fb378c8ef146be00"),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (vec![0xaa; 20], vec![0xdd; 50], "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
            (
                vec![0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "aa4ae5e15272d00e95705637ce8a3b55ed402112",
            ),
        ] {
            assert_eq!(hex(&hmac_sha1(&key, &message)), digest);
        }
    }

    /// Made with `openssl dgst -sha1 -hmac`, as coturn's own documentation does.
    #[test]
    fn credentials_are_those_of_coturn() {
        let settings = IceSettings {
            stun_urls: Arc::from([Arc::from("stun:a")]),
            turn_urls: Arc::from([Arc::from("turn:a")]),
            turn_secret: Some(Secret::new(b"north-wind-and-sun".to_vec())),
        };
        let now = Now { monotonic_us: 0, unix_ms: 1_705_225_800_000 };
        let ice = settings.servers_for("user-123", now);
        let own = ice.credentials.expect("there is a secret");
        assert_eq!(&*own.username, "1705312200:user-123");
        assert_eq!(&*own.credential, "wNz411cOB7L8YWJB40iNHBDLsQE=");
        assert_eq!((ice.turn.len(), ice.ttl_s), (1, 86_400));
        let bare = IceSettings { turn_secret: None, ..settings }.servers_for("user-123", now);
        assert_eq!((bare.turn.len(), bare.stun.len(), bare.credentials), (0, 1, None));
    }
}
