//! What is wrong with certificates, keys, and what they are put to.

use thiserror::Error;

/// Why a certificate with its key cannot be used. The texts go on after the name of the file.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CertificateError {
    /// The file of the chain has no certificate in it.
    #[error(
        "has no certificate in it; it must hold the chain as PEM (-----BEGIN CERTIFICATE-----), the server's own first"
    )]
    NoCertificate,
    /// What is in it cannot be read.
    #[error("holds a certificate that cannot be read ({0}); write it anew as PEM")]
    DamagedCertificate(String),
    /// The certificate is out of date.
    #[error("holds a certificate that ended on {0}, so no client accepts it; renew it")]
    Expired(String),
    /// The file of the key has no key in it.
    #[error(
        "has no private key in it; it must hold one as PEM (PKCS#8 \"PRIVATE KEY\", SEC1 \"EC PRIVATE KEY\" or PKCS#1 \
         \"RSA PRIVATE KEY\")"
    )]
    NoKey,
    /// The key wants a passphrase, which nobody is there to type.
    #[error("holds a private key that is encrypted; decrypt it with: openssl pkey -in ENCRYPTED -out PLAIN")]
    EncryptedKey,
    /// What is in it cannot be used as a key.
    #[error(
        "holds a private key that cannot be used ({0}); RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384, and Ed25519 can"
    )]
    DamagedKey(String),
    /// They do not belong together.
    #[error("holds a private key that is not that of the certificate; give the two that were made together")]
    Mismatch,
}

impl CertificateError {
    /// Whether the key is meant, and not the certificate.
    pub fn is_of_key(&self) -> bool {
        matches!(self, Self::NoKey | Self::EncryptedKey | Self::DamagedKey(_) | Self::Mismatch)
    }
}

/// Why TLS cannot be served with what is there.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A listener wants TLS, and there is no certificate.
    #[error(
        "`listen` asks for TLS, and there is no certificate to serve: give tls.certificate_file and tls.key_file"
    )]
    NoCertificate,
    /// rustls refuses the settings.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}
