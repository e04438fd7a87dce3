//! Tokens that a client signs.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use buttress_auth::TokenSource;
use buttress_auth::oauth2::{
    Algorithm, ClientAuth, ClientCredentials, JwtBearer, JwtKey, NotGranted, TokenEndpoint,
};
use buttress_testkit::{ManualWallClock, Scripted};
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    VerificationAlgorithm,
};
use serde_json::{Value, json};

use crate::support::{TOKEN_URL, client, endpoint, endpoint_of, form, granted, hidden, secs};

const RSA: &str = include_str!("keys/rsa.pem");
const RSA_PKCS1: &str = include_str!("keys/rsa-pkcs1.pem");
const RSA_PUBLIC: &str = include_str!("keys/rsa-public.pem");

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

/// A new key of P-256, in PEM, and its public point.
pub(crate) fn p256() -> (String, Vec<u8>) {
    ec(&ECDSA_P256_SHA256_FIXED_SIGNING)
}

fn ec(algorithm: &'static signature::EcdsaSigningAlgorithm) -> (String, Vec<u8>) {
    let random = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).unwrap();
    (pem(der.as_ref()), pair.public_key().as_ref().to_vec())
}

/// As OpenSSL writes it, without the public key (RFC 8410 §7).
fn ed() -> (String, Vec<u8>) {
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend([7; 32]);
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
    (pem(&der), pair.public_key().as_ref().to_vec())
}

fn rsa_public() -> Vec<u8> {
    let der = STANDARD.decode(
        RSA_PKCS1
            .lines()
            .filter(|line| !line.contains('-'))
            .collect::<String>(),
    );
    let pair = signature::RsaKeyPair::from_der(&der.unwrap()).unwrap();
    pair.public_key().as_ref().to_vec()
}

fn part(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// The header and the claims of a token whose signature is right.
fn verified(
    token: &str,
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
) -> (Value, Value) {
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = signature::UnparsedPublicKey::new(algorithm, key);
    key.verify(text.as_bytes(), &signature).unwrap();
    let (header, claims) = text.split_once('.').unwrap();
    (part(header), part(claims))
}

/// An assertion that a client with this key makes at this time, in seconds.
async fn assertion(key: JwtKey, at: u64, audience: Option<&str>) -> String {
    let mut client = ClientAuth::private_key_jwt("robot", key).unwrap();
    if let Some(audience) = audience {
        client = client.audience(audience);
    }
    hidden(&client);
    let server = Scripted::new([granted("")]);
    let clock = ManualWallClock::at(SystemTime::UNIX_EPOCH + secs(at));
    let endpoint = endpoint_of(&server, client).wall_clock(clock);
    ClientCredentials::new(endpoint).request().await.unwrap();
    let form = form(&server.calls()[0]);
    assert_eq!(form["client_id"], "robot");
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    form["client_assertion"].clone()
}

#[tokio::test(start_paused = true)]
async fn every_algorithm_signs_what_its_public_key_verifies() {
    let (p256, p256_public) = p256();
    let (p384, p384_public) = ec(&ECDSA_P384_SHA384_FIXED_SIGNING);
    let (ed, ed_public) = ed();
    let rsa = rsa_public();
    let cases: [(Algorithm, &str, &'static dyn VerificationAlgorithm, &[u8]); 10] = [
        (Algorithm::RS256, RSA, &RSA_PKCS1_2048_8192_SHA256, &rsa),
        (
            Algorithm::RS256,
            RSA_PKCS1,
            &RSA_PKCS1_2048_8192_SHA256,
            &rsa,
        ),
        (Algorithm::RS384, RSA, &RSA_PKCS1_2048_8192_SHA384, &rsa),
        (Algorithm::RS512, RSA, &RSA_PKCS1_2048_8192_SHA512, &rsa),
        (Algorithm::PS256, RSA, &RSA_PSS_2048_8192_SHA256, &rsa),
        (Algorithm::PS384, RSA, &RSA_PSS_2048_8192_SHA384, &rsa),
        (Algorithm::PS512, RSA, &RSA_PSS_2048_8192_SHA512, &rsa),
        (
            Algorithm::ES256,
            &p256,
            &ECDSA_P256_SHA256_FIXED,
            &p256_public,
        ),
        (
            Algorithm::ES384,
            &p384,
            &ECDSA_P384_SHA384_FIXED,
            &p384_public,
        ),
        (Algorithm::EdDSA, &ed, &signature::ED25519, &ed_public),
    ];
    for (algorithm, pem, verifier, public) in cases {
        let key = JwtKey::from_pem(algorithm, pem.as_bytes()).unwrap();
        let token = assertion(key, 1_000, None).await;
        let (header, claims) = verified(&token, verifier, public);
        assert_eq!(
            header,
            json!({"typ": "JWT", "alg": format!("{algorithm:?}")})
        );
        assert_eq!(claims["iss"], "robot");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_signs_another_assertion_for_each_request() {
    let (pem, public) = p256();
    let key = JwtKey::from_pem(Algorithm::ES256, pem.as_bytes())
        .unwrap()
        .id("2026");
    let read = |token: String| verified(&token, &ECDSA_P256_SHA256_FIXED, &public);
    let (header, one) = read(assertion(key.clone(), 1_000, None).await);
    assert_eq!(header["kid"], "2026");
    assert_eq!(
        one,
        json!({"iss": "robot", "sub": "robot", "aud": TOKEN_URL, "iat": 1_000, "exp": 1_300, "jti": one["jti"]})
    );
    let (_, two) = read(assertion(key, 1_000, Some("https://id.example.com")).await);
    assert_eq!(two["aud"], "https://id.example.com");
    assert!(one["jti"].as_str().unwrap().len() >= 22);
    assert_ne!(one["jti"], two["jti"]);
}

#[tokio::test(start_paused = true)]
async fn an_assertion_is_a_grant() {
    let (pem, public) = p256();
    let key = JwtKey::from_pem(Algorithm::ES256, pem.as_bytes()).unwrap();
    let server = Scripted::new([granted("")]);
    let clock = ManualWallClock::at(SystemTime::UNIX_EPOCH + secs(7));
    let endpoint = endpoint_of(&server, ClientAuth::anonymous()).wall_clock(clock);
    let source = JwtBearer::new(endpoint, key, "robot@example.com")
        .subject("alice")
        .audience("https://id.example.com")
        .claim("scope", "secret-scope")
        .claim("exp", "never")
        .scope("read");
    hidden(&source);
    source.fetch(None).await.unwrap();
    source.request().await.unwrap();

    let mut sent = form(&server.calls()[0]);
    let (_, mut claims) = verified(
        &sent.remove("assertion").unwrap(),
        &ECDSA_P256_SHA256_FIXED,
        &public,
    );
    claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(
        claims,
        json!({"iss": "robot@example.com", "sub": "alice", "aud": "https://id.example.com",
               "scope": "secret-scope", "iat": 7, "exp": 307})
    );
    let expected = crate::support::params([
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("scope", "read"),
    ]);
    assert_eq!(sent, expected);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_speaks_for_himself_to_the_endpoint_unless_told() {
    let (pem, public) = p256();
    let key = JwtKey::from_pem(Algorithm::ES256, pem.as_bytes()).unwrap();
    let server = Scripted::new([granted("")]);
    JwtBearer::new(endpoint(&server), key, "robot")
        .request()
        .await
        .unwrap();
    let sent = form(&server.calls()[0]);
    let (_, claims) = verified(&sent["assertion"], &ECDSA_P256_SHA256_FIXED, &public);
    assert_eq!(
        (&claims["sub"], &claims["aud"]),
        (&json!("robot"), &json!(TOKEN_URL))
    );
    assert!(
        claims["iat"].as_u64().unwrap() > 1_700_000_000,
        "not the system's date"
    );
}

#[tokio::test(start_paused = true)]
async fn an_audience_is_the_endpoint_as_it_was_written() {
    let (pem, public) = p256();
    let key = JwtKey::from_pem(Algorithm::ES256, pem.as_bytes()).unwrap();
    let server = Scripted::new([granted("")]);
    let url = "https://ID.example.com:443/%7etoken";
    let endpoint = TokenEndpoint::new(server.collecting(), url, client()).unwrap();
    let issuer = JwtBearer::new(endpoint, key, "robot");
    issuer.request().await.unwrap();
    let sent = form(&server.calls()[0]);
    let (_, claims) = verified(&sent["assertion"], &ECDSA_P256_SHA256_FIXED, &public);
    assert_eq!(claims["aud"], url);
}

#[test]
fn keys_that_cannot_sign_are_refused() {
    let (p256, _) = p256();
    let (p384, _) = ec(&ECDSA_P384_SHA384_FIXED_SIGNING);
    let broken = pem(b"secret");
    for (algorithm, pem) in [
        (Algorithm::HS256, RSA),
        (Algorithm::RS256, RSA_PUBLIC),
        (Algorithm::RS256, &p256),
        (Algorithm::ES256, RSA),
        (Algorithm::ES256, &p384),
        (Algorithm::ES384, &p256),
        (Algorithm::EdDSA, &p256),
        (Algorithm::ES256, ""),
        (Algorithm::ES256, "secret"),
        (Algorithm::RS256, &broken),
        (Algorithm::RS256, &RSA[..RSA.len() / 2]),
    ] {
        hidden(&JwtKey::from_pem(algorithm, pem.as_bytes()).unwrap_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_calendar_before_1970_is_an_error_and_no_panic() {
    let (pem, _) = p256();
    let key = JwtKey::from_pem(Algorithm::ES256, pem.as_bytes()).unwrap();
    let client = ClientAuth::private_key_jwt("robot", key).unwrap();
    let server = Scripted::new([granted("")]);
    let clock = ManualWallClock::at(SystemTime::UNIX_EPOCH - secs(1));
    let endpoint = endpoint_of(&server, client).wall_clock(clock);
    let error: NotGranted = ClientCredentials::new(endpoint)
        .request()
        .await
        .unwrap_err();
    assert!(error.is_terminal());
    assert_eq!(server.calls().len(), 0);
}
