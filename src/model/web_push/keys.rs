//! What a browser's messages are encrypted with (RFC 8291 section 3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::PublicKey;
use std::borrow::Cow;
use std::fmt;

/// Bytes of an uncompressed point of P-256.
const POINT_BYTES: usize = 65;

/// Bytes of the secret that the browser and whoever sends share.
const AUTH_BYTES: usize = 16;

/// The keys of a subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct PushKeys {
    /// The browser's public key: an uncompressed point on P-256.
    pub p256dh: [u8; POINT_BYTES],
    /// The secret that proves who sends.
    pub auth: [u8; AUTH_BYTES],
}

impl PushKeys {
    /// The keys as browsers' programs spell them: base64 or base64url, with padding or without.
    ///
    /// # Errors
    /// Which of the two is wrong, and the half of a sentence that says what it must be.
    pub fn parse(p256dh: &str, auth: &str) -> Result<Self, (&'static str, &'static str)> {
        let point = decode(p256dh).and_then(|bytes| <[u8; POINT_BYTES]>::try_from(bytes).ok());
        let point = point.filter(is_point);
        let secret = decode(auth).and_then(|bytes| <[u8; AUTH_BYTES]>::try_from(bytes).ok());
        Ok(Self {
            p256dh: point
                .ok_or(("keys.p256dh", "must be the base64url of a point on the curve P-256, 65 bytes"))?,
            auth: secret.ok_or(("keys.auth", "must be the base64url of 16 bytes"))?,
        })
    }

    /// The keys that were stored. `None` if none can be so.
    pub fn restored(p256dh: &[u8], auth: &[u8]) -> Option<Self> {
        let keys = Self { p256dh: p256dh.try_into().ok()?, auth: auth.try_into().ok()? };
        is_point(&keys.p256dh).then_some(keys)
    }
}

/// Whether the bytes are an uncompressed point on the curve. Any other would tell something of the key that it meets.
fn is_point(bytes: &[u8; POINT_BYTES]) -> bool {
    bytes[0] == 4 && PublicKey::from_sec1_bytes(bytes).is_ok()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    // Longer ones are neither of the two.
    if text.len() > 2 * POINT_BYTES {
        return None;
    }
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    let text = bare;
    let text = if text.contains(['+', '/']) {
        Cow::from(text.replace('+', "-").replace('/', "_"))
    } else {
        Cow::from(text)
    };
    URL_SAFE_NO_PAD.decode(text.as_bytes()).ok()
}

impl fmt::Debug for PushKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    /// Of RFC 8291 section 5.
    const P256DH: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn keys_are_read_in_both_alphabets_with_padding_or_without() {
        let keys = PushKeys::parse(P256DH, AUTH).unwrap();
        let standard = (STANDARD.encode(keys.p256dh), STANDARD.encode(keys.auth));
        assert!(standard.1.ends_with('='));
        assert_eq!(PushKeys::parse(&standard.0, &standard.1).as_ref(), Ok(&keys));
        assert_eq!(PushKeys::restored(&keys.p256dh, &keys.auth), Some(keys.clone()));
        assert_eq!(format!("{keys:?}"), "PushKeys(..)");
    }

    #[test]
    fn what_is_no_point_or_of_another_length_is_refused() {
        let point = PushKeys::parse(P256DH, AUTH).unwrap().p256dh;
        let mut off = point;
        off[64] ^= 1;
        let mut hybrid = point;
        hybrid[0] = 6;
        let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
        let zero = [&[4][..], &[0; 64]].concat();
        for bytes in [&off[..], &hybrid, &compressed, &zero, &point[..64], &[], &[0]] {
            let refused = PushKeys::parse(&URL_SAFE_NO_PAD.encode(bytes), AUTH).unwrap_err();
            assert_eq!(refused.0, "keys.p256dh", "{bytes:?}");
        }
        for text in [
            "",
            "!",
            "BTBZMqHH6r4Tts7J_aSIgg=",
            "BTBZMqHH6r4Tts7J_aSIgg======",
            "BTBZMqHH6r4Tts7J_aSI",
            "BTBZMqHH6r4Tts7J_aSIggAA",
            P256DH,
        ] {
            assert_eq!(PushKeys::parse(P256DH, text).unwrap_err().0, "keys.auth", "{text}");
        }
        assert!(PushKeys::parse(&"A".repeat(1 << 20), AUTH).is_err());
    }
}
