//! *ring*'s keys by jsonwebtoken's names.
//!
//! Neither backend of jsonwebtoken will do: one is a second provider of cryptography in the process,
//! the other brings the crate `rsa` with its open advisory (RUSTSEC-2023-0071). A backend of our own would
//! be installed for the whole process, which is not for a library to do.

use jsonwebtoken::{Algorithm, EncodingKey};
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};

use super::invalid_key::{InvalidKey, KeyRule};

pub(super) enum KeyPair {
    Rsa(rsa::KeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl KeyPair {
    pub(super) fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, InvalidKey> {
        match algorithm {
            Algorithm::RS256 => Self::rsa(pem, &RSA_PKCS1_SHA256),
            Algorithm::RS384 => Self::rsa(pem, &RSA_PKCS1_SHA384),
            Algorithm::RS512 => Self::rsa(pem, &RSA_PKCS1_SHA512),
            Algorithm::PS256 => Self::rsa(pem, &RSA_PSS_SHA256),
            Algorithm::PS384 => Self::rsa(pem, &RSA_PSS_SHA384),
            Algorithm::PS512 => Self::rsa(pem, &RSA_PSS_SHA512),
            Algorithm::ES256 => Self::ec(pem, &ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => Self::ec(pem, &ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => {
                let key = EncodingKey::from_ed_pem(pem).map_err(|_| KeyRule::Pem)?;
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes());
                Ok(Self::Ed(pair.map_err(|_| KeyRule::Key)?))
            }
            // HMAC, and what a later version may add.
            _ => Err(KeyRule::Algorithm.into()),
        }
    }

    fn rsa(pem: &[u8], encoding: &'static dyn RsaEncoding) -> Result<Self, InvalidKey> {
        let key = EncodingKey::from_rsa_pem(pem).map_err(|_| KeyRule::Pem)?;
        let pair = rsa::KeyPair::from_der(key.as_bytes());
        Ok(Self::Rsa(pair.map_err(|_| KeyRule::Key)?, encoding))
    }

    fn ec(pem: &[u8], algorithm: &'static EcdsaSigningAlgorithm) -> Result<Self, InvalidKey> {
        let key = EncodingKey::from_ec_pem(pem).map_err(|_| KeyRule::Pem)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, key.as_bytes(), &SystemRandom::new());
        Ok(Self::Ec(pair.map_err(|_| KeyRule::Key)?))
    }

    /// `None` if the system gives no random numbers.
    pub(super) fn sign(&self, text: &[u8], random: &SystemRandom) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, random, text, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ec(pair) => Some(pair.sign(random, text).ok()?.as_ref().to_vec()),
            Self::Ed(pair) => Some(pair.sign(text).as_ref().to_vec()),
        }
    }
}
