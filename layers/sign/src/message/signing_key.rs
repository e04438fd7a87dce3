use std::fmt;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use ring::{error, hmac};

use super::algorithm::Algorithm;
use super::der::{self, Private};
use super::verifying_key::VerifyingKey;
use crate::{InvalidSettings, Secret};

/// `rsaEncryption` and `id-RSASSA-PSS`: the same kind of key, with and without a say in what it is for.
const RSA_OBJECTS: [&[u8]; 2] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a],
];

/// A key to sign with, for one algorithm. Cheap to clone, and never shown.
///
/// Private keys are PEM or DER: PKCS #8, or for RSA and ECDSA the older forms without it. The bytes that
/// are read on the way are wiped; those that the cryptographic library keeps, it does not wipe. A shared
/// secret for HMAC is.
#[derive(Clone)]
pub struct SigningKey(Arc<Signer>);

enum Signer {
    Hmac(Secret),
    Ed25519(Ed25519KeyPair),
    Ecdsa(Algorithm, EcdsaKeyPair),
    Rsa(Algorithm, RsaKeyPair),
}

impl SigningKey {
    /// A shared secret for [`Algorithm::HmacSha256`].
    ///
    /// # Errors
    ///
    /// If it is empty.
    pub fn hmac_sha256(secret: impl Into<Secret>) -> Result<Self, InvalidSettings> {
        Ok(Self::new(Signer::Hmac(shared(secret.into())?)))
    }

    /// A private key for [`Algorithm::Ed25519`].
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn ed25519(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        let der = der::der(key.as_ref());
        let pair = der.and_then(|der| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok());
        pair.map(|pair| Self::new(Signer::Ed25519(pair)))
            .ok_or(InvalidSettings::new(
                "not a private key for Ed25519: expected PKCS #8, as PEM or DER",
            ))
    }

    /// A private key for [`Algorithm::EcdsaP256Sha256`].
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn ecdsa_p256_sha256(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        Self::ecdsa(key.as_ref(), Algorithm::EcdsaP256Sha256).ok_or(InvalidSettings::new(
            "not a private key for ECDSA with P-256: expected PKCS #8 or SEC 1, as PEM or DER",
        ))
    }

    /// A private key for [`Algorithm::EcdsaP384Sha384`].
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn ecdsa_p384_sha384(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        Self::ecdsa(key.as_ref(), Algorithm::EcdsaP384Sha384).ok_or(InvalidSettings::new(
            "not a private key for ECDSA with P-384: expected PKCS #8 or SEC 1, as PEM or DER",
        ))
    }

    /// A private key for [`Algorithm::RsaPssSha512`], of 2048 to 4096 bits.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn rsa_pss_sha512(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        Self::rsa(key.as_ref(), Algorithm::RsaPssSha512)
    }

    /// A private key for [`Algorithm::RsaV1_5Sha256`], of 2048 to 4096 bits.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn rsa_v1_5_sha256(key: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        Self::rsa(key.as_ref(), Algorithm::RsaV1_5Sha256)
    }

    fn new(signer: Signer) -> Self {
        Self(Arc::new(signer))
    }

    fn ecdsa(key: &[u8], algorithm: Algorithm) -> Option<Self> {
        let curve = match algorithm {
            Algorithm::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            _ => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        };
        let der = der::der(key)?;
        let random = SystemRandom::new();
        let pair = match Private::of(&der)? {
            Private::Pkcs8 { .. } => EcdsaKeyPair::from_pkcs8(curve, &der, &random),
            Private::Sec1 { key, public } => {
                EcdsaKeyPair::from_private_key_and_public_key(curve, key, public, &random)
            }
            Private::Pkcs1 => return None,
        };
        Some(Self::new(Signer::Ecdsa(algorithm, pair.ok()?)))
    }

    fn rsa(key: &[u8], algorithm: Algorithm) -> Result<Self, InvalidSettings> {
        let pair = || {
            let der = der::der(key)?;
            let key = match Private::of(&der)? {
                Private::Pkcs8 { object, key } if RSA_OBJECTS.contains(&object) => key,
                Private::Pkcs1 => &der,
                Private::Pkcs8 { .. } | Private::Sec1 { .. } => return None,
            };
            RsaKeyPair::from_der(key).ok()
        };
        let pair = pair().ok_or(InvalidSettings::new(
            "not a private key for RSA of 2048 to 4096 bits: expected PKCS #8 or PKCS #1, as PEM or DER",
        ))?;
        Ok(Self::new(Signer::Rsa(algorithm, pair)))
    }

    /// The algorithm that it is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &*self.0 {
            Signer::Hmac(_) => Algorithm::HmacSha256,
            Signer::Ed25519(_) => Algorithm::Ed25519,
            Signer::Ecdsa(algorithm, _) | Signer::Rsa(algorithm, _) => *algorithm,
        }
    }

    /// The key that verifies what this one signs: its public half, or for HMAC the same secret.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let public = match &*self.0 {
            Signer::Hmac(secret) => return VerifyingKey::shared(secret.clone()),
            Signer::Ed25519(pair) => pair.public_key().as_ref(),
            Signer::Ecdsa(_, pair) => pair.public_key().as_ref(),
            Signer::Rsa(_, pair) => pair.public().as_ref(),
        };
        VerifyingKey::public(self.algorithm(), public)
    }

    pub(super) fn sign(&self, base: &[u8]) -> Result<Vec<u8>, error::Unspecified> {
        let random = SystemRandom::new();
        match &*self.0 {
            Signer::Hmac(secret) => {
                // From the secret each time: ring's key is not wiped, and the secret is.
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
                Ok(hmac::sign(&key, base).as_ref().to_vec())
            }
            Signer::Ed25519(pair) => Ok(pair.sign(base).as_ref().to_vec()),
            Signer::Ecdsa(_, pair) => Ok(pair.sign(&random, base)?.as_ref().to_vec()),
            Signer::Rsa(algorithm, pair) => {
                let padding: &dyn signature::RsaEncoding = match algorithm {
                    Algorithm::RsaV1_5Sha256 => &signature::RSA_PKCS1_SHA256,
                    _ => &signature::RSA_PSS_SHA512,
                };
                let mut made = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, base, &mut made)?;
                Ok(made)
            }
        }
    }
}

pub(super) fn shared(secret: Secret) -> Result<Secret, InvalidSettings> {
    if secret.expose().is_empty() {
        return Err(InvalidSettings::new("a key for HMAC must not be empty"));
    }
    Ok(secret)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ..)", self.algorithm())
    }
}
