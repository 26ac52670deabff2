//! Public keys of tokens: each kind of key verifies exactly one algorithm.

use super::AuthSetupError;
use super::proofs::proof;
use jsonwebtoken::crypto;
use jsonwebtoken::{Algorithm, DecodingKey};

/// Bytes of an RSA modulus: 2048 bits at least (RFC 7518 section 3.3), 4096 at most, as more costs the core
/// more than a token is worth.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// A key with the one algorithm it is for.
#[derive(Debug)]
pub(super) struct PublicKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// Tells this key from others.
    pub(super) proof: u64,
}

impl PublicKey {
    /// Reads a PEM public key. Certificates and private keys are refused: the first would be used without
    /// regard to its validity, the second has no place on a server that only verifies.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, AuthSetupError> {
        let text = std::str::from_utf8(pem).map_err(|_| refused("the public key is not PEM text"))?;
        if text.contains("PRIVATE KEY-----") {
            return Err(refused("this is a private key; give the public key that belongs to it"));
        }
        if text.matches("-----BEGIN ").count() != 1 {
            return Err(refused("the file must hold exactly one PEM block; give one file per key"));
        }
        if !text.contains("-----BEGIN PUBLIC KEY-----") && !text.contains("-----BEGIN RSA PUBLIC KEY-----") {
            return Err(refused("the PEM block must be a PUBLIC KEY or an RSA PUBLIC KEY"));
        }
        let (algorithm, key) = if let Ok(key) = DecodingKey::from_ed_pem(pem) {
            check_length(&key, 32..=32, "an Ed25519 key must have 32 bytes")?;
            (Algorithm::EdDSA, key)
        } else if let Ok(key) = DecodingKey::from_ec_pem(pem) {
            check_length(&key, 65..=65, "an elliptic curve key must be of P-256, uncompressed (for ES256)")?;
            (Algorithm::ES256, key)
        } else if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            check_rsa(&key)?;
            (Algorithm::RS256, key)
        } else {
            return Err(refused("the public key must be RSA, elliptic curve P-256 or Ed25519"));
        };
        // The verifier of the curves reads the point when it is made: a point off the curve shows here.
        crypto::verify("", b"", &key, algorithm)
            .map_err(|_| refused("the public key is damaged or of another curve"))?;
        let proof = proof(&[b"public key", pem.trim_ascii()]);
        Ok(Self { algorithm, key, proof })
    }
}

fn check_length(
    key: &DecodingKey,
    bytes: std::ops::RangeInclusive<usize>,
    reason: &'static str,
) -> Result<(), AuthSetupError> {
    match key.try_get_as_bytes() {
        Ok(key) if bytes.contains(&key.len()) => Ok(()),
        _ => Err(refused(reason)),
    }
}

/// An RSA key is `SEQUENCE { INTEGER modulus, INTEGER exponent }` in DER (RFC 8017, appendix A.1.1).
fn check_rsa(key: &DecodingKey) -> Result<(), AuthSetupError> {
    let modulus = key.try_get_as_bytes().ok().and_then(|der| {
        let (sequence, _) = der_element(der, 0x30)?;
        let (modulus, rest) = der_element(sequence, 0x02)?;
        let (exponent, _) = der_element(rest, 0x02)?;
        (!exponent.is_empty()).then_some(modulus)
    });
    let modulus = modulus.ok_or_else(|| refused("the RSA public key is damaged"))?;
    let magnitude = modulus.iter().skip_while(|byte| **byte == 0).count();
    if RSA_MODULUS_BYTES.contains(&magnitude) {
        Ok(())
    } else {
        Err(refused("an RSA key must have 2048 to 4096 bits"))
    }
}

/// The content of the first element, if it has this tag, and what follows it.
fn der_element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, short], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    if short < 0x80 {
        return rest.split_at_checked(usize::from(short));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
    if digits.len() > 2 {
        return None;
    }
    let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
    rest.split_at_checked(length)
}

fn refused(reason: &'static str) -> AuthSetupError {
    AuthSetupError::PublicKey(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pem: &str, expected: Result<Algorithm, &'static str>) {
        let found = PublicKey::from_pem(pem.as_bytes()).map(|key| key.algorithm);
        assert_eq!(found, expected.map_err(refused));
    }

    #[test]
    fn the_kind_of_key_decides_the_algorithm() {
        check(include_str!("testdata/rsa.public.pem"), Ok(Algorithm::RS256));
        check(include_str!("testdata/rsa-pkcs1.public.pem"), Ok(Algorithm::RS256));
        check(include_str!("testdata/ec.public.pem"), Ok(Algorithm::ES256));
        check(include_str!("testdata/ed.public.pem"), Ok(Algorithm::EdDSA));
    }

    #[test]
    fn weak_or_foreign_keys_are_refused() {
        check(include_str!("testdata/rsa1024.public.pem"), Err("an RSA key must have 2048 to 4096 bits"));
        check(
            include_str!("testdata/ec384.public.pem"),
            Err("an elliptic curve key must be of P-256, uncompressed (for ES256)"),
        );
        check(
            include_str!("testdata/secp256k1.public.pem"),
            Err("the public key is damaged or of another curve"),
        );
    }

    #[test]
    fn what_is_not_one_public_key_is_refused() {
        let ed = include_str!("testdata/ed.public.pem");
        check("", Err("the file must hold exactly one PEM block; give one file per key"));
        check(&ed.repeat(2), Err("the file must hold exactly one PEM block; give one file per key"));
        check(
            &ed.replace("PUBLIC", "PRIVATE"),
            Err("this is a private key; give the public key that belongs to it"),
        );
        check(
            &ed.replace("PUBLIC KEY", "CERTIFICATE"),
            Err("the PEM block must be a PUBLIC KEY or an RSA PUBLIC KEY"),
        );
        check(
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            Err("the public key must be RSA, elliptic curve P-256 or Ed25519"),
        );
    }

    #[test]
    fn no_damaged_key_panics() {
        for pem in [
            include_str!("testdata/rsa.public.pem"),
            include_str!("testdata/ec.public.pem"),
            include_str!("testdata/ed.public.pem"),
        ] {
            for at in 0..pem.len() {
                let _ = PublicKey::from_pem(&pem.as_bytes()[..at]);
                let mut changed = pem.as_bytes().to_vec();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                let _ = PublicKey::from_pem(&changed);
            }
        }
    }

    #[test]
    fn der_lengths_never_reach_past_the_end() {
        assert_eq!(der_element(&[0x30, 0x02, 1, 2, 3], 0x30), Some((&[1, 2][..], &[3][..])));
        assert_eq!(der_element(&[0x30, 0x81, 0x01, 7], 0x30), Some((&[7][..], &[][..])));
        for der in [&[0x30][..], &[0x30, 3, 1, 2], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x82, 1]] {
            assert_eq!(der_element(der, 0x30), None);
        }
    }
}
