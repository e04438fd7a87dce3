//! What one can set, and what is refused.

use std::time::{Duration, SystemTime};

use buttress_sign::sigv4::{Credentials, SigV4};
use buttress_sign::{Payload, Sign, SignLayer};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::request::Parts;
use http::{HeaderValue, Request};
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use super::{ID, SECRET, credentials, parameter, signer, then, value};
use crate::support::{listen, request as usual};

const TOKEN: &str = "a/session+token==";

fn get(uri: &str) -> Parts {
    Request::get(uri).body(()).unwrap().into_parts().0
}

fn signed(signer: &SigV4, uri: &str) -> Parts {
    let mut head = get(uri);
    signer.sign(&mut head, Payload::Bytes(b""), then()).unwrap();
    head
}

fn signature(head: &Parts) -> &str {
    value(head, "authorization").rsplit_once('=').unwrap().1
}

const URI: &str = "https://example.amazonaws.com/a/../b%20c?x=1";

#[test]
fn s3_takes_the_path_as_it_is_and_the_hash_in_a_header() {
    let head = signed(&signer().s3(), URI);
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(value(&head, "x-amz-content-sha256"), hash);
    let by_hand = signer()
        .double_encode(false)
        .normalize(false)
        .content_sha256(true);
    assert_eq!(signature(&head), signature(&signed(&by_hand, URI)));
    for other in [
        by_hand.clone().double_encode(true),
        by_hand.clone().normalize(true),
        by_hand.content_sha256(false),
    ] {
        assert_ne!(signature(&head), signature(&signed(&other, URI)));
    }
}

#[test]
fn a_path_that_is_not_encoded_yet_is_signed_as_s3_will_read_it() {
    let raw = signed(&signer().s3(), "https://example.amazonaws.com/user@home");
    let encoded = signed(&signer().s3(), "https://example.amazonaws.com/user%40home");
    assert_eq!(signature(&raw), signature(&encoded));
}

#[test]
fn streams_are_refused_unless_they_may_go_unsigned() {
    let mut head = get(URI);
    let error = signer()
        .sign(&mut head, Payload::Stream, then())
        .unwrap_err();
    assert!(error.to_string().contains("stream"), "{error}");
    assert!(!head.headers.contains_key("authorization"));

    let lax = signer().unsigned_streams();
    lax.sign(&mut head, Payload::Stream, then()).unwrap();
    assert_eq!(value(&head, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    assert_eq!(
        signature(&signed(&lax, URI)),
        signature(&signed(&signer(), URI))
    );

    let none = signed(&signer().unsigned_payload(), URI);
    assert_eq!(value(&none, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    assert_eq!(signature(&none), signature(&head));
}

/// The payload that a link covers is that of AWS's documentation of S3.
#[test]
fn a_link_to_s3_leaves_the_payload_out() {
    let link = |signer: SigV4| signer.query(Duration::from_secs(60)).unwrap();
    let of = |signer: &SigV4, head: &mut Parts, body| {
        signer.sign(head, body, then()).unwrap();
        parameter(head, "X-Amz-Signature").unwrap().to_owned()
    };
    let s3 = link(signer().s3());
    let unsigned = link(
        signer()
            .double_encode(false)
            .normalize(false)
            .unsigned_payload(),
    );
    let wanted = of(&unsigned, &mut get(URI), Payload::Stream);
    for body in [Payload::Bytes(b"tea"), Payload::Bytes(b""), Payload::Stream] {
        assert_eq!(of(&s3, &mut get(URI), body), wanted);
    }
    let by_hand = link(signer().double_encode(false).normalize(false));
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let told = || {
        let mut head = get(URI);
        let hash = HeaderValue::from_static(hash);
        head.headers.insert("x-amz-content-sha256", hash);
        head
    };
    let wanted = of(&by_hand, &mut told(), Payload::Bytes(b""));
    assert_eq!(of(&s3, &mut told(), Payload::Stream), wanted);
}

#[test]
fn a_hash_of_somebody_else_is_taken_away() {
    let mut head = get(URI);
    let other = HeaderValue::from_static("UNSIGNED-PAYLOAD");
    head.headers.insert("x-amz-content-sha256", other);
    signer()
        .sign(&mut head, Payload::Bytes(b""), then())
        .unwrap();
    assert!(!head.headers.contains_key("x-amz-content-sha256"));
    assert_eq!(signature(&head), signature(&signed(&signer(), URI)));
}

#[test]
fn a_retry_replaces_the_signature_of_the_attempt_before_it() {
    let later = then() + Duration::from_secs(30);
    for signer in [signer(), signer().query(Duration::from_secs(60)).unwrap()] {
        let mut head = get("https://example.amazonaws.com/?x=1");
        signer.sign(&mut head, Payload::Bytes(b""), later).unwrap();
        let mut again = signed(&signer, "https://example.amazonaws.com/?x=1");
        signer.sign(&mut again, Payload::Bytes(b""), later).unwrap();
        assert_eq!(head.uri, again.uri);
        assert_eq!(head.headers, again.headers);
    }
}

#[test]
fn a_token_that_is_gone_is_taken_away() {
    let with = SigV4::new(
        credentials().session_token(TOKEN).unwrap(),
        "us-east-1",
        "service",
    );
    let mut head = signed(&with.unwrap(), URI);
    assert_eq!(value(&head, "x-amz-security-token"), TOKEN);
    signer()
        .sign(&mut head, Payload::Bytes(b""), then())
        .unwrap();
    assert!(!head.headers.contains_key("x-amz-security-token"));
}

#[test]
fn credentials_are_asked_for_before_each_signature() {
    let pairs = [
        (ID, SECRET),
        ("ASIARENEWED", "another secret"),
        (ID, SECRET),
    ];
    let asked = std::sync::Mutex::new(pairs.into_iter());
    let provider = move || {
        let (id, secret) = asked.lock().unwrap().next().ok_or("the role is gone")?;
        Ok(Credentials::new(id, secret)?)
    };
    let signer = SigV4::provided(provider, "us-east-1", "service").unwrap();
    for (id, secret) in pairs {
        let fixed = Credentials::new(id, secret).unwrap();
        let fixed = SigV4::new(fixed, "us-east-1", "service").unwrap();
        let wanted = signed(&fixed, URI);
        assert_eq!(signed(&signer, URI).headers, wanted.headers, "{id}");
    }
    let error = signer.sign(&mut get(URI), Payload::Bytes(b""), then());
    let error = error.unwrap_err();
    let failure = buttress_kernel::Failure::of(&error);
    let cause = failure.chain().last().unwrap().to_string();
    assert_eq!(cause, "the role is gone");
    assert!(!format!("{signer:?}").contains(SECRET));
}

#[test]
fn the_key_of_yesterday_is_not_used_today() {
    let signer = signer();
    signed(&signer, URI);
    let tomorrow = then() + Duration::from_secs(24 * 60 * 60);
    let mut kept = get(URI);
    signer
        .sign(&mut kept, Payload::Bytes(b""), tomorrow)
        .unwrap();
    let mut fresh = get(URI);
    super::signer()
        .sign(&mut fresh, Payload::Bytes(b""), tomorrow)
        .unwrap();
    assert_eq!(signature(&kept), signature(&fresh));
}

#[test]
fn headers_of_the_connection_are_not_signed() {
    let mut head = get(URI);
    for name in [
        "connection",
        "te",
        "user-agent",
        "x-amzn-trace-id",
        "x-mine",
    ] {
        head.headers.insert(name, HeaderValue::from_static("a"));
    }
    signer()
        .sign(&mut head, Payload::Bytes(b""), then())
        .unwrap();
    let authorization = value(&head, "authorization");
    assert!(
        authorization.contains("SignedHeaders=host;x-amz-date;x-mine,"),
        "{authorization}"
    );
}

#[test]
fn settings_that_cannot_work_are_refused_without_repeating_them() {
    let mistakes = [
        Credentials::new("", SECRET).err(),
        Credentials::new("a b", SECRET).err(),
        Credentials::new(ID, "").err(),
        Credentials::new(ID, vec![0xff]).err(),
        credentials().session_token("").err(),
        credentials().session_token("line\nbreak").err(),
        SigV4::new(credentials(), "", "s3").err(),
        SigV4::new(credentials(), "eu-central-1", "s3/x").err(),
        signer().query(Duration::ZERO).err(),
        signer().query(Duration::from_secs(604_801)).err(),
    ];
    for (place, mistake) in mistakes.into_iter().enumerate() {
        let error = mistake.unwrap_or_else(|| panic!("mistake {place} was not seen"));
        assert!(!error.to_string().contains("line\nbreak"), "{error}");
    }
    signer().query(Duration::from_secs(604_800)).unwrap();
}

#[test]
fn requests_that_cannot_be_signed_are_refused() {
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    signer()
        .sign(&mut get(URI), Payload::Bytes(b""), before)
        .unwrap_err();
    signer()
        .sign(&mut get("/"), Payload::Bytes(b""), then())
        .unwrap_err();

    let long = format!("https://a.example/{}", "a".repeat(65_400));
    let link = signer().query(Duration::from_secs(60)).unwrap();
    let error = link
        .sign(&mut get(&long), Payload::Bytes(b""), then())
        .unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[test]
fn a_link_keeps_the_query_that_was_there() {
    let link = signer().query(Duration::from_secs(60)).unwrap();
    let head = signed(&link, "https://example.amazonaws.com/a?b=c%20d&&e");
    let query = head.uri.query().unwrap();
    assert!(
        query.starts_with("b=c%20d&e&X-Amz-Algorithm=AWS4-HMAC-SHA256&"),
        "{query}"
    );
    assert_eq!(parameter(&head, "X-Amz-SignedHeaders"), Some("host"));
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_logged_or_shown() {
    let (log, _guard) = listen();
    let credentials = credentials().session_token(TOKEN).unwrap();
    let signer = SigV4::new(credentials, "us-east-1", "service").unwrap();
    let server = Scripted::new([Step::ok()]);
    let layer = SignLayer::any_origin(signer.clone()).wall_clock(ManualWallClock::at(then()));
    layer
        .layer(server.clone())
        .oneshot(usual(""))
        .await
        .unwrap();
    let head = &server.calls()[0].headers;
    assert_eq!(head["x-amz-security-token"], TOKEN);

    for text in [log.text(), format!("{signer:?} {layer:?} {head:?}")] {
        for secret in [SECRET, TOKEN, head["authorization"].to_str().unwrap()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn no_request_makes_the_signer_panic(
        uri in "[ -~é]{0,40}",
        name in "[a-z-]{1,10}",
        value: Vec<u8>,
        body: Vec<u8>,
    ) {
        let mut head = get(URI);
        if let Ok(uri) = uri.parse() {
            head.uri = uri;
        }
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), HeaderValue::from_bytes(&value)) {
            head.headers.append(name, value);
        }
        for signer in [signer(), signer().s3(), signer().query(Duration::from_secs(60)).unwrap()] {
            // Whether it can be signed is not the question.
            let _ = signer.sign(&mut head.clone(), Payload::Bytes(&body), then());
        }
    }
}
