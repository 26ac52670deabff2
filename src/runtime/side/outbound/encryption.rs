//! Encryption for one browser (RFC 8291): a key of its own for each message, agreed on with the browser's key, and one record
//! of the content coding `aes128gcm` (RFC 8188).

use crate::model::web_push::PushKeys;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SystemRandom, generate};

/// Bytes of the salt.
const SALT_BYTES: usize = 16;

/// Bytes of a record at most, as its header says: what every push service takes.
const RECORD_BYTES: u32 = 4_096;

/// Ends what is encrypted in the last record.
const LAST_RECORD: u8 = 2;

/// The body of a request that only the browser of these keys can read.
///
/// # Errors
/// The browser's key is none, or the system gives no randomness.
pub fn encrypt(keys: &PushKeys, plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let random = SystemRandom::new();
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
    let own_public = own.compute_public_key()?;
    let salt: [u8; SALT_BYTES] = generate(&random)?.expose();
    let browser = UnparsedPublicKey::new(&ECDH_P256, keys.p256dh);
    agree_ephemeral(own, &browser, |shared| seal(shared, own_public.as_ref(), keys, salt, plain))?
}

/// Encrypts with what both sides agreed on.
fn seal(
    shared: &[u8],
    own_public: &[u8],
    keys: &PushKeys,
    salt: [u8; SALT_BYTES],
    plain: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    // RFC 8291 section 3.4.
    let combined = Salt::new(HKDF_SHA256, &keys.auth).extract(shared);
    let input: [u8; 32] = derive(&combined, &[b"WebPush: info\0", &keys.p256dh, own_public])?;
    let prk = Salt::new(HKDF_SHA256, &salt).extract(&input);
    let key: [u8; 16] = derive(&prk, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = derive(&prk, &[b"Content-Encoding: nonce\0"])?;

    // The header (RFC 8188 section 2.1), whose key id is our public key, and the one record.
    let mut body = Vec::with_capacity(SALT_BYTES + 5 + own_public.len() + plain.len() + 17);
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD_BYTES.to_be_bytes());
    body.push(own_public.len() as u8);
    body.extend_from_slice(own_public);
    let mut record = [plain, &[LAST_RECORD]].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    body.extend_from_slice(&record);
    Ok(body)
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const BYTES: usize>(prk: &Prk, info: &[&[u8]]) -> Result<[u8; BYTES], Unspecified> {
    let mut bytes = [0; BYTES];
    prk.expand(info, Length(BYTES))?.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    use p256::{PublicKey, SecretKey};

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn secret(text: &str) -> SecretKey {
        SecretKey::from_slice(&bytes(text)).unwrap()
    }

    fn shared(own: &SecretKey, other: &[u8]) -> Vec<u8> {
        let other = PublicKey::from_sec1_bytes(other).unwrap();
        p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), other.as_affine()).raw_secret_bytes().to_vec()
    }

    /// Of RFC 8291 section 5 and appendix A.
    const BROWSER: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
    const SENDER: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
    const SHARED: &str = "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs";
    const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6\
         PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

    #[test]
    fn the_example_of_rfc_8291_comes_out_to_the_byte() {
        let keys = crate::model::web_push::testing::keys();
        assert_eq!(secret(BROWSER).public_key().to_encoded_point(false).as_bytes(), keys.p256dh);
        let (sender, salt) = (secret(SENDER), bytes(SALT).try_into().unwrap());
        let agreed = shared(&sender, &keys.p256dh);
        assert_eq!(agreed, bytes(SHARED));
        let public = sender.public_key().to_encoded_point(false);
        let plain = b"When I grow up, I want to be a watermelon";
        let body = seal(&agreed, public.as_bytes(), &keys, salt, plain).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(body), BODY);
    }

    /// The browser's side, with another implementation of the agreement.
    fn decrypt(body: &[u8]) -> Vec<u8> {
        let keys = crate::model::web_push::testing::keys();
        let (salt, rest) = body.split_at(SALT_BYTES);
        assert_eq!(rest[..5], [0, 0, 16, 0, 65]);
        let (sender, record) = rest[5..].split_at(65);
        let again = |plain: &[u8]| {
            seal(&shared(&secret(BROWSER), sender), sender, &keys, salt.try_into().unwrap(), plain).unwrap()
        };
        // A stream cipher: encrypting zeros tells the key stream.
        let stream = again(&vec![0; record.len() - 17]);
        let stream = &stream[SALT_BYTES + 5 + 65..];
        let plain: Vec<u8> =
            record.iter().zip(stream).take(record.len() - 17).map(|(one, other)| one ^ other).collect();
        assert_eq!(again(&plain), body, "the tag holds too");
        plain
    }

    #[test]
    fn what_is_encrypted_is_read_by_the_browser_and_never_comes_out_twice() {
        let keys = crate::model::web_push::testing::keys();
        for length in [0, 1, 15, 16, 17, crate::model::web_push::PAYLOAD_BYTES_MAX] {
            let plain: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let body = encrypt(&keys, &plain).unwrap();
            assert!(body.len() <= RECORD_BYTES as usize, "{length}");
            assert_eq!(decrypt(&body), plain, "{length}");
            assert_ne!(encrypt(&keys, &plain).unwrap(), body);
        }
    }

    #[test]
    fn a_key_that_is_no_point_is_refused() {
        let mut keys = crate::model::web_push::testing::keys();
        keys.p256dh[64] ^= 1;
        assert!(encrypt(&keys, b"hello").is_err());
    }
}
