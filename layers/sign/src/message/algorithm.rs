use std::fmt;

/// How a signature is made ([RFC 9421 §3.3](https://www.rfc-editor.org/rfc/rfc9421#section-3.3)).
// Open: the registry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256: both sides know the key.
    HmacSha256,
    /// `EdDSA` with Curve25519.
    Ed25519,
    /// ECDSA with the curve P-256 and SHA-256.
    EcdsaP256Sha256,
    /// ECDSA with the curve P-384 and SHA-384.
    EcdsaP384Sha384,
    /// RSA with PSS and SHA-512.
    RsaPssSha512,
    /// RSA with PKCS #1 version 1.5 and SHA-256, for those who cannot do better.
    RsaV1_5Sha256,
}

impl Algorithm {
    /// The name in the registry, as the parameter `alg` carries it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::RsaV1_5Sha256 => "rsa-v1_5-sha256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
