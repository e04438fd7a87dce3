//! Keys that are none, and keys that nobody sees.

use buttress_sign::message::{Component, MessageSigner, SigningKey, VerifyingKey};
use buttress_sign::{InvalidSettings, SignLayer};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use super::{CREATED, at, keys, shared, signing_keys};
use crate::support::{listen, request};

type Outcome = Result<(), InvalidSettings>;

fn all_private(key: &[u8]) -> [Outcome; 5] {
    [
        SigningKey::ed25519(key).map(drop),
        SigningKey::ecdsa_p256_sha256(key).map(drop),
        SigningKey::ecdsa_p384_sha384(key).map(drop),
        SigningKey::rsa_pss_sha512(key).map(drop),
        SigningKey::rsa_v1_5_sha256(key).map(drop),
    ]
}

fn all_public(key: &[u8]) -> [Outcome; 5] {
    [
        VerifyingKey::ed25519(key).map(drop),
        VerifyingKey::ecdsa_p256_sha256(key).map(drop),
        VerifyingKey::ecdsa_p384_sha384(key).map(drop),
        VerifyingKey::rsa_pss_sha512(key).map(drop),
        VerifyingKey::rsa_v1_5_sha256(key).map(drop),
    ]
}

/// Which of the algorithms took it.
fn taken(outcomes: [Outcome; 5]) -> [bool; 5] {
    outcomes.map(|outcome| outcome.is_ok())
}

#[test]
fn a_key_is_taken_by_its_own_algorithm_alone() {
    let (t, f) = (true, false);
    for (key, by) in [
        (keys::ED25519_PRIVATE, [t, f, f, f, f]),
        (keys::P256_PRIVATE, [f, t, f, f, f]),
        (keys::RSA_PSS_PRIVATE, [f, f, f, t, t]),
        (keys::ED25519_PUBLIC, [f; 5]),
        ("", [f; 5]),
        ("-----BEGIN PRIVATE KEY-----", [f; 5]),
        (
            "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
            [f; 5],
        ),
    ] {
        assert_eq!(taken(all_private(key.as_bytes())), by, "{key}");
    }
    for (key, by) in [
        (keys::ED25519_PUBLIC, [t, f, f, f, f]),
        (keys::P256_PUBLIC, [f, t, f, f, f]),
        (keys::RSA_PSS_PUBLIC, [f, f, f, t, t]),
        (keys::RSA_PUBLIC, [f, f, f, t, t]),
        (keys::ED25519_PRIVATE, [f; 5]),
        (keys::RSA_PSS_PRIVATE, [f; 5]),
        ("", [f; 5]),
    ] {
        assert_eq!(taken(all_public(key.as_bytes())), by, "{key}");
    }
    assert!(
        VerifyingKey::ed25519([7; 32]).is_ok(),
        "the bytes themselves"
    );
    assert!(
        VerifyingKey::ecdsa_p256_sha256([4; 65]).is_ok(),
        "an uncompressed point"
    );
    assert!(
        VerifyingKey::ecdsa_p384_sha384([4; 97]).is_ok(),
        "an uncompressed point"
    );
}

#[test]
fn a_key_that_does_not_parse_is_not_repeated() {
    let broken = keys::ED25519_PRIVATE.replace("MC4C", "AAAA");
    for outcome in all_private(broken.as_bytes())
        .into_iter()
        .chain(all_public(broken.as_bytes()))
    {
        let text = outcome.unwrap_err().to_string();
        assert!(
            text.starts_with("not a p") && !text.contains("AQAw"),
            "{text}"
        );
    }
    let error = SigningKey::hmac_sha256("").unwrap_err();
    assert_eq!(error.to_string(), "a key for HMAC must not be empty");
    VerifyingKey::hmac_sha256("").unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_logged_or_shown() {
    let (log, _guard) = listen();
    for key in signing_keys() {
        let public = key.verifying_key();
        let signer = MessageSigner::new(key.clone(), [Component::method()]).unwrap();
        let layer =
            SignLayer::any_origin(signer.clone()).wall_clock(ManualWallClock::at(at(CREATED)));
        let server = Scripted::new([Step::ok()]);
        layer
            .layer(server.clone())
            .oneshot(request(""))
            .await
            .unwrap();
        let headers = &server.calls()[0].headers;
        let shown = format!("{key:?} {public:?} {signer:?} {layer:?} {headers:?}");
        let signature = headers["signature"].to_str().unwrap();
        let secret = format!("{:?}", shared());
        for text in [shown, log.text()] {
            assert!(!text.contains(signature), "{text}");
            assert!(
                !text.contains(&secret[1..40]) && !text.contains(keys::SHARED),
                "{text}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_of_keys_panic(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x30), Just(0x02), Just(0x82), Just(4)], 0..60),
    ) {
        // None of them is a key, or by chance a point.
        let _ = (all_private(&bytes), all_public(&bytes));
    }

    #[test]
    fn no_key_that_is_cut_or_changed_makes_the_reader_panic(
        cut in 0_usize..1_300,
        place in 0_usize..1_300,
        byte: u8,
    ) {
        use base64::Engine;
        let body: String = keys::RSA_PSS_PRIVATE.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
        der.truncate(cut);
        if let Some(at) = der.get_mut(place) {
            *at = byte;
        }
        let _ = (all_private(&der), all_public(&der));
    }
}
