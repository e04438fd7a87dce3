//! How requests and responses are signed.

use std::time::{Duration, SystemTime};

use buttress_sign::message::content_digest::DigestAlgorithm;
use buttress_sign::message::{
    Component, Message, MessageSigner, Policy, SigningKey, Structure, VerifyingKey, verify,
};
use buttress_sign::{InvalidSettings, Payload, Reason, Sign, SignLayer};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::request::Parts;
use http::{HeaderName, Request};
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use super::{CREATED, at, keys, shared, signing_keys, value};
use crate::support::{head, request};

fn key() -> SigningKey {
    SigningKey::hmac_sha256(shared()).unwrap()
}

fn signer() -> MessageSigner {
    MessageSigner::new(key(), [Component::method()]).unwrap()
}

fn get() -> Parts {
    head(Request::get("https://a.example/b?c=d").body(()).unwrap())
}

fn input(signer: &MessageSigner) -> String {
    let mut head = get();
    signer
        .sign(&mut head, Payload::Bytes(b"tea"), at(CREATED))
        .unwrap();
    value(&head.headers, "signature-input").to_owned()
}

#[test]
fn every_setting_shows_in_the_input() {
    assert_eq!(input(&signer()), r#"sig1=("@method");created=1618884473"#);
    let signer = signer()
        .created(false)
        .expires_after(Duration::from_secs(60))
        .label("mine")
        .unwrap()
        .key_id(r#"a "b" \"#)
        .unwrap()
        .show_algorithm()
        .nonce(|| "n".to_owned())
        .tag("t")
        .unwrap()
        .content_digest(DigestAlgorithm::Sha256);
    assert_eq!(
        input(&signer),
        r#"mine=("@method" "content-digest");expires=1618884533;keyid="a \"b\" \\";alg="hmac-sha256";nonce="n";tag="t""#
    );
}

#[test]
fn a_digest_is_covered_once_where_the_list_says_so() {
    let covered = [
        Component::field("content-digest".parse().unwrap()),
        Component::method(),
    ];
    let signer = MessageSigner::new(key(), covered).unwrap();
    let input = input(&signer.content_digest(DigestAlgorithm::Sha512));
    assert_eq!(
        input,
        r#"sig1=("content-digest" "@method");created=1618884473"#
    );
}

#[test]
fn random_nonces_differ() {
    let signer = signer().random_nonce();
    let (first, second) = (input(&signer), input(&signer));
    assert_ne!(first, second);
    assert!(first.contains(";nonce=\""), "{first}");
}

#[test]
fn a_structure_that_is_told_is_used() {
    let list: HeaderName = "x-list".parse().unwrap();
    let signer = MessageSigner::new(key(), [Component::field(list.clone()).sf()]).unwrap();
    let mut head = get();
    head.headers.insert(list.clone(), "a,   b".parse().unwrap());
    let error = signer
        .sign(&mut head.clone(), Payload::Bytes(b""), at(CREATED))
        .unwrap_err();
    assert!(error.to_string().contains("structure"), "{error}");
    let signer = signer.structured(list.clone(), Structure::List);
    signer
        .sign(&mut head, Payload::Bytes(b""), at(CREATED))
        .unwrap();

    head.headers.insert(list.clone(), "a, b".parse().unwrap());
    let types = [(list, Structure::List)];
    let message = Message::request(&head).structured(&types);
    let policy = Policy::new([]).unwrap();
    verify(
        &message,
        |_| Some(key().verifying_key()),
        &policy,
        at(CREATED),
    )
    .unwrap();
}

#[test]
fn a_second_label_stands_next_to_the_first() {
    let mut head = get();
    let (first, second) = (signer(), signer().label("sig2").unwrap());
    first
        .sign(&mut head, Payload::Bytes(b""), at(CREATED))
        .unwrap();
    second
        .sign(&mut head, Payload::Bytes(b""), at(CREATED))
        .unwrap();
    // And a retry of the first replaces its own.
    first
        .sign(&mut head, Payload::Bytes(b""), at(CREATED + 1))
        .unwrap();
    assert_eq!(
        value(&head.headers, "signature-input"),
        r#"sig2=("@method");created=1618884473, sig1=("@method");created=1618884474"#
    );
    for label in ["sig1", "sig2"] {
        let policy = Policy::new([]).unwrap().label(label);
        let keys = |_: &_| Some(key().verifying_key());
        verify(&Message::request(&head), keys, &policy, at(CREATED)).unwrap();
    }
}

#[test]
fn a_proxy_can_sign_the_signature_of_another() {
    let mut head = get();
    signer()
        .sign(&mut head, Payload::Bytes(b""), at(CREATED))
        .unwrap();
    let covered = Component::field("signature".parse().unwrap()).key("sig1");
    let proxy = MessageSigner::new(key(), [covered.clone()])
        .unwrap()
        .label("proxy")
        .unwrap();
    proxy
        .sign(&mut head, Payload::Bytes(b""), at(CREATED))
        .unwrap();
    let policy = Policy::new([covered]).unwrap();
    let keys = |_: &_| Some(key().verifying_key());
    verify(&Message::request(&head), keys, &policy, at(CREATED)).unwrap();
}

#[test]
fn signatures_that_cannot_be_read_are_not_added_to() {
    let mut head = get();
    head.headers.insert("signature", "???".parse().unwrap());
    let error = signer()
        .sign(&mut head, Payload::Bytes(b""), at(CREATED))
        .unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

#[test]
fn streams_are_refused_where_a_digest_is_wanted_and_signed_elsewhere() {
    signer()
        .sign(&mut get(), Payload::Stream, at(CREATED))
        .unwrap();
    let digesting = signer().content_digest(DigestAlgorithm::Sha256);
    let error = digesting
        .sign(&mut get(), Payload::Stream, at(CREATED))
        .unwrap_err();
    assert!(error.to_string().contains("stream"), "{error}");
}

#[test]
fn requests_that_cannot_be_signed_are_refused() {
    let refused = |signer: &MessageSigner, now: SystemTime| {
        signer
            .sign(&mut get(), Payload::Bytes(b""), now)
            .unwrap_err()
            .to_string()
    };
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert!(refused(&signer(), before).contains("clock"));
    assert!(refused(&signer(), at(1_000_000_000_000_000)).contains("clock"));
    assert!(refused(&signer().expires_after(Duration::MAX), at(CREATED)).contains("clock"));
    assert!(refused(&signer().nonce(|| "é".to_owned()), at(CREATED)).contains("nonce"));
    let absent = MessageSigner::new(key(), [Component::query_param("absent")]).unwrap();
    assert!(refused(&absent, at(CREATED)).contains("missing"));
    let status = MessageSigner::new(key(), [Component::status()]).unwrap();
    assert!(refused(&status, at(CREATED)).contains("status"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let new = |components: Vec<Component>| MessageSigner::new(key(), components).err();
    let mistakes: [Option<InvalidSettings>; 7] = [
        new(vec![
            Component::method(),
            Component::path(),
            Component::method(),
        ]),
        new(vec![Component::method().bs()]),
        new(vec![Component::field(http::header::DATE).bs().sf()]),
        new(vec![Component::query_param("é")]),
        signer().label("Upper").err(),
        signer().key_id("é").err(),
        signer().tag("\n").err(),
    ];
    for (place, mistake) in mistakes.iter().enumerate() {
        assert!(mistake.is_some(), "mistake {place} was not seen");
    }
    assert!(Policy::new([Component::method(), Component::method()]).is_err());
}

#[test]
fn keys_are_read_in_all_their_forms() {
    let (mut head, signer) = (get(), |key| {
        MessageSigner::new(key, [Component::method()]).unwrap()
    });
    for key in signing_keys() {
        let algorithm = key.algorithm();
        signer(key.clone())
            .sign(&mut head, Payload::Bytes(b""), at(CREATED))
            .unwrap();
        let public = match algorithm.as_str() {
            "ed25519" => VerifyingKey::ed25519(keys::ED25519_PUBLIC),
            "ecdsa-p256-sha256" => VerifyingKey::ecdsa_p256_sha256(keys::P256_PUBLIC),
            "rsa-pss-sha512" => VerifyingKey::rsa_pss_sha512(keys::RSA_PSS_PUBLIC),
            "rsa-v1_5-sha256" => VerifyingKey::rsa_v1_5_sha256(keys::RSA_PSS_PUBLIC),
            _ => VerifyingKey::hmac_sha256(shared()),
        };
        for verifying in [public.unwrap(), key.verifying_key()] {
            let policy = Policy::new([]).unwrap().algorithms([algorithm]);
            let keys = |_: &_| Some(verifying.clone());
            verify(&Message::request(&head), keys, &policy, at(CREATED)).unwrap();
        }
    }
}

#[test]
fn p384_signs_too() {
    let random = ring::rand::SystemRandom::new();
    let curve = &ring::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
    let der = ring::signature::EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
    let key = SigningKey::ecdsa_p384_sha384(&der).unwrap();
    assert!(SigningKey::ecdsa_p256_sha256(&der).is_err());
    let mut head = get();
    let signer = MessageSigner::new(key.clone(), [Component::method()]).unwrap();
    signer
        .sign(&mut head, Payload::Bytes(b""), at(CREATED))
        .unwrap();
    let policy = Policy::new([]).unwrap();
    let keys = |_: &_| Some(key.verifying_key());
    verify(&Message::request(&head), keys, &policy, at(CREATED)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_layer_signs_each_attempt_with_its_own_date() {
    let clock = ManualWallClock::at(at(CREATED));
    let signer = signer().content_digest(DigestAlgorithm::Sha256);
    let server = Scripted::new([Step::ok()]);
    let service = SignLayer::any_origin(signer)
        .wall_clock(clock.clone())
        .layer(server.clone());
    for _ in 0..2 {
        service.clone().oneshot(request("tea")).await.unwrap();
        clock.advance(Duration::from_secs(1));
    }
    let created = |call: usize| {
        server.calls()[call]
            .header("signature-input")
            .unwrap()
            .to_owned()
    };
    assert!(created(0).ends_with("created=1618884473"), "{}", created(0));
    assert!(created(1).ends_with("created=1618884474"), "{}", created(1));
    assert!(server.calls()[0].headers["signature"].is_sensitive());
}

/// What may be changed of a request, one thing at a time; the last is not covered.
fn change(head: &mut Parts, which: usize) {
    let uri = |text: &str| text.parse().unwrap();
    match which {
        0 => head.method = http::Method::PUT,
        1 => head.uri = uri("https://a.example/c?x=1&y=2"),
        2 => head.uri = uri("https://a.example/b?x=2&y=2"),
        3 => head.uri = uri("https://b.example/b?x=1&y=2"),
        4 => head.uri = uri("http://a.example/b?x=1&y=2"),
        5 => drop(head.headers.append("x-a", "more".parse().unwrap())),
        6 => drop(head.headers.insert("x-b", "a=1, b=3".parse().unwrap())),
        7 => {
            let input = value(&head.headers, "signature-input").replace("created=1", "created=01");
            head.headers.insert(
                "signature-input",
                input
                    .replace("=01618884473", "=1618884474")
                    .parse()
                    .unwrap(),
            );
        }
        8 => {
            let input = value(&head.headers, "signature-input").replace("\"@method\" ", "");
            head.headers
                .insert("signature-input", input.parse().unwrap());
        }
        _ => drop(head.headers.insert("x-c", "not covered".parse().unwrap())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_signed_verifies_and_no_covered_part_can_be_changed(
        a in prop::collection::vec("[ -~]{0,12}", 1..3),
        b in "[a-z]{1,4}",
        key in 0_usize..5,
        which in 0_usize..10,
    ) {
        let key = signing_keys()[key].clone();
        let covered = [
            Component::method(),
            Component::scheme(),
            Component::authority(),
            Component::target_uri(),
            Component::path(),
            Component::query_param("x"),
            Component::field("x-a".parse().unwrap()),
            Component::field("x-b".parse().unwrap()).key("b"),
        ];
        let signer = MessageSigner::new(key.clone(), covered).unwrap();
        let mut request = Request::get("https://a.example/b?x=1&y=2").header("x-b", format!("a=1, b={b}"));
        for line in a {
            request = request.header("x-a", line);
        }
        let mut head = head(request.body(()).unwrap());
        signer.sign(&mut head, Payload::Stream, at(CREATED)).unwrap();

        let policy = Policy::new([]).unwrap();
        let judge = |head: &Parts| {
            let verdict = verify(&Message::request(head), |_| Some(key.verifying_key()), &policy, at(CREATED));
            verdict.map(|_| ()).map_err(|error| error.reason())
        };
        prop_assert_eq!(judge(&head), Ok(()));
        change(&mut head, which);
        let wanted = if which == 9 { Ok(()) } else { Err(Reason::Mismatch) };
        prop_assert_eq!(judge(&head), wanted);
    }
}
