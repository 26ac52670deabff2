use super::*;
use std::time::Duration;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/tls/", $name)).as_slice()
    };
}

const RSA: &[u8] = fixture!("rsa.crt.pem");
const EC: &[u8] = fixture!("ec.crt.pem");
const EC_KEY: &[u8] = fixture!("ec.sec1.pem");

fn refused(chain: &[u8], key: &[u8]) -> CertificateError {
    read_identity(chain, key, SystemTime::now()).expect_err("must be refused")
}

#[test]
fn every_format_of_keys_is_read() {
    for (chain, key) in [(RSA, fixture!("rsa.pkcs1.pem")), (RSA, fixture!("rsa.pkcs8.pem")), (EC, EC_KEY)] {
        let identity = read_identity(chain, key, SystemTime::now()).unwrap();
        assert_eq!(identity.cert.len(), 1);
    }
    let both = [EC, EC_KEY].concat();
    read_identity(&both, &both, SystemTime::now()).expect("one file may hold both");
    let parameters =
        [b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n", EC_KEY].concat();
    read_identity(EC, &parameters, SystemTime::now())
        .expect("what openssl writes before a key is passed over");
    let chain = [EC, RSA].concat();
    assert_eq!(read_identity(&chain, EC_KEY, SystemTime::now()).unwrap().cert.len(), 2);
}

#[test]
fn what_cannot_be_served_is_named() {
    assert_eq!(refused(b"", EC_KEY), CertificateError::NoCertificate);
    assert_eq!(refused(EC_KEY, EC_KEY), CertificateError::NoCertificate);
    assert_eq!(refused(EC, b""), CertificateError::NoKey);
    assert_eq!(refused(EC, EC), CertificateError::NoKey);
    assert_eq!(refused(EC, fixture!("rsa.pkcs8.pem")), CertificateError::Mismatch);
    assert_eq!(refused(RSA, fixture!("rsa.encrypted.pem")), CertificateError::EncryptedKey);
    assert_eq!(refused(RSA, fixture!("rsa.encrypted-pkcs1.pem")), CertificateError::EncryptedKey);
    assert!(matches!(refused(EC, fixture!("ec521.sec1.pem")), CertificateError::DamagedKey(_)));
    let later = SystemTime::now() + Duration::from_secs(150 * 365 * 86_400);
    let expired = read_identity(EC, EC_KEY, later).expect_err("must be refused");
    let CertificateError::Expired(when) = &expired else { panic!("{expired}") };
    assert!(when.ends_with("GMT"), "{when}");
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let trimmed = |text: &'static [u8]| text.trim_ascii_end();
    for cut in 0..trimmed(EC).len() {
        let error = refused(&EC[..cut], EC_KEY);
        assert!(!error.is_of_key(), "{cut}: {error}");
    }
    for cut in 0..trimmed(EC_KEY).len() {
        let error = refused(EC, &EC_KEY[..cut]);
        assert!(error.is_of_key(), "{cut}: {error}");
    }
}

#[test]
fn authorities_are_certificates() {
    assert_eq!(read_authorities(&[EC, RSA].concat()).unwrap().len(), 2);
    assert_eq!(read_authorities(EC_KEY).err(), Some(CertificateError::NoCertificate));
}
