//! HTTP message signatures and digest fields.

mod digests;
mod judging;
mod keys;
mod making;
mod responses;
mod secrets;
mod vectors;
mod verifying;

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use buttress_sign::message::{SignatureParams, SigningKey, VerifyingKey};
use http::HeaderMap;

/// The moment of most examples of RFC 9421.
const CREATED: u64 = 1_618_884_473;

fn at(secs: u64) -> SystemTime {
    crate::secrets::guard();
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
}

fn shared() -> Vec<u8> {
    STANDARD.decode(keys::SHARED).unwrap()
}

fn signing_keys() -> [SigningKey; 5] {
    [
        SigningKey::hmac_sha256(shared()).unwrap(),
        SigningKey::ed25519(keys::ED25519_PRIVATE).unwrap(),
        SigningKey::ecdsa_p256_sha256(keys::P256_PRIVATE).unwrap(),
        SigningKey::rsa_pss_sha512(keys::RSA_PSS_PRIVATE).unwrap(),
        SigningKey::rsa_v1_5_sha256(keys::RSA_PSS_PRIVATE).unwrap(),
    ]
}

/// The keys of RFC 9421, by their names there.
fn rfc_keys(params: &SignatureParams) -> Option<VerifyingKey> {
    match params.key_id()? {
        "test-key-rsa" => VerifyingKey::rsa_v1_5_sha256(keys::RSA_PUBLIC).ok(),
        "test-key-rsa-pss" => VerifyingKey::rsa_pss_sha512(keys::RSA_PSS_PUBLIC).ok(),
        "test-key-ecc-p256" => VerifyingKey::ecdsa_p256_sha256(keys::P256_PUBLIC).ok(),
        "test-key-ed25519" => VerifyingKey::ed25519(keys::ED25519_PUBLIC).ok(),
        "test-shared-secret" => VerifyingKey::hmac_sha256(shared()).ok(),
        _ => None,
    }
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}
