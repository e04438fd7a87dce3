use std::fmt;
use std::sync::Arc;

use ring::hmac;
use ring::signature::{self, UnparsedPublicKey};

use super::algorithm::Algorithm;
use super::der;
use super::signing_key::shared;
use crate::{InvalidSettings, Secret};

/// The contents of the identifiers of algorithms with public keys of a fixed form.
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
const P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // a key on a curve
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, // this curve
];
const P384: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // a key on a curve
    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, // this curve
];

/// A key to verify with, for one algorithm: a signature of another is none of its.
#[derive(Clone)]
pub struct VerifyingKey(Verifier);

#[derive(Clone)]
enum Verifier {
    Hmac(Secret),
    Public(Algorithm, Arc<UnparsedPublicKey<Vec<u8>>>),
}

impl VerifyingKey {
    /// A shared secret for [`Algorithm::HmacSha256`].
    ///
    /// # Errors
    ///
    /// If it is empty.
    pub fn hmac_sha256(secret: impl Into<Secret>) -> Result<Self, InvalidSettings> {
        Ok(Self::shared(shared(secret.into())?))
    }

    /// A public key for [`Algorithm::Ed25519`]: PEM, DER, or its 32 bytes.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn ed25519(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        let fits = |point: &[u8]| point.len() == 32;
        Self::point(key.as_ref(), Algorithm::Ed25519, ED25519, fits).ok_or(InvalidSettings::new(
            "not a public key for Ed25519: expected PEM, DER or 32 bytes",
        ))
    }

    /// A public key for [`Algorithm::EcdsaP256Sha256`]: PEM, DER, or an uncompressed point.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn ecdsa_p256_sha256(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        let fits = |point: &[u8]| point.len() == 65 && point[0] == 4;
        let algorithm = Algorithm::EcdsaP256Sha256;
        Self::point(key.as_ref(), algorithm, P256, fits).ok_or(InvalidSettings::new(
            "not a public key for ECDSA with P-256: expected PEM, DER or an uncompressed point",
        ))
    }

    /// A public key for [`Algorithm::EcdsaP384Sha384`]: PEM, DER, or an uncompressed point.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn ecdsa_p384_sha384(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        let fits = |point: &[u8]| point.len() == 97 && point[0] == 4;
        let algorithm = Algorithm::EcdsaP384Sha384;
        Self::point(key.as_ref(), algorithm, P384, fits).ok_or(InvalidSettings::new(
            "not a public key for ECDSA with P-384: expected PEM, DER or an uncompressed point",
        ))
    }

    /// A public key for [`Algorithm::RsaPssSha512`], of 2048 to 8192 bits: PEM or DER.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn rsa_pss_sha512(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        Self::rsa(key.as_ref(), Algorithm::RsaPssSha512)
    }

    /// A public key for [`Algorithm::RsaV1_5Sha256`], of 2048 to 8192 bits: PEM or DER.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn rsa_v1_5_sha256(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        Self::rsa(key.as_ref(), Algorithm::RsaV1_5Sha256)
    }

    fn point(
        key: &[u8],
        algorithm: Algorithm,
        object: &[u8],
        fits: impl Fn(&[u8]) -> bool,
    ) -> Option<Self> {
        if fits(key) {
            return Some(Self::public(algorithm, key));
        }
        let der = der::der(key)?;
        let (found, point) = der::public(&der)?;
        (found == Some(object) && fits(point)).then(|| Self::public(algorithm, point))
    }

    fn rsa(key: &[u8], algorithm: Algorithm) -> Result<Self, InvalidSettings> {
        let public = || {
            let der = der::der(key)?;
            let (_, key) = der::public(&der)?;
            der::is_rsa(key).then(|| Self::public(algorithm, key))
        };
        public().ok_or(InvalidSettings::new(
            "not a public key for RSA: expected PEM or DER",
        ))
    }

    /// The same secret that signs.
    pub(super) const fn shared(secret: Secret) -> Self {
        Self(Verifier::Hmac(secret))
    }

    pub(super) fn public(algorithm: Algorithm, key: &[u8]) -> Self {
        let method: &'static dyn signature::VerificationAlgorithm = match algorithm {
            Algorithm::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_FIXED,
            Algorithm::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
            Algorithm::RsaV1_5Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ed25519 | Algorithm::HmacSha256 => &signature::ED25519,
        };
        let key = UnparsedPublicKey::new(method, key.to_vec());
        Self(Verifier::Public(algorithm, Arc::new(key)))
    }

    /// The algorithm that it is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Verifier::Hmac(_) => Algorithm::HmacSha256,
            Verifier::Public(algorithm, _) => *algorithm,
        }
    }

    pub(super) fn verifies(&self, base: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Verifier::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
                hmac::verify(&key, base, signature).is_ok()
            }
            Verifier::Public(_, key) => key.verify(base, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, ..)", self.algorithm())
    }
}
