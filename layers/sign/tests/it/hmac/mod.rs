//! HMAC over a form of one's own.

mod receiving;

use std::time::{Duration, SystemTime};

use buttress_sign::hmac::{DateFormat, Encoding, Hmac, Part};
use buttress_sign::{Payload, Reason, Sign, SignLayer, Unverified};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use crate::support::{URI, head, listen, now, request, stream};

const TOLERANCE: Duration = Duration::from_secs(300);

fn hmac() -> Hmac {
    Hmac::sha256("the key").unwrap()
}

fn name(text: &'static str) -> HeaderName {
    HeaderName::from_static(text)
}

/// A POST to the usual place.
fn post() -> Parts {
    head(
        Request::post(URI)
            .header("x-a", "1")
            .header("x-a", "2")
            .body(())
            .unwrap(),
    )
}

fn signed(hmac: &Hmac, body: &[u8]) -> Parts {
    let mut head = post();
    hmac.sign(&mut head, Payload::Bytes(body), now()).unwrap();
    head
}

fn value<'a>(head: &'a Parts, name: &str) -> &'a str {
    head.headers[name].to_str().unwrap()
}

fn verdict(hmac: &Hmac, head: &Parts, body: &[u8], now: SystemTime) -> Result<(), Reason> {
    let verdict = hmac.verify(head, Payload::Bytes(body), now, TOLERANCE);
    verdict.map_err(|error: Unverified| error.reason())
}

/// The expected values come from Python's `hmac` and `hashlib`.
#[test]
fn the_usual_form_is_method_authority_path_date_and_digest_by_line() {
    let head = signed(&hmac(), b"tea");
    assert_eq!(value(&head, "date"), "Sun, 15 Jun 2025 12:00:00 GMT");
    assert_eq!(
        value(&head, "x-signature"),
        "14dfbfb82108e9386d1334986796ddaaa5a4f0cc5669b3a67ef0aae6014a4abe"
    );
    assert!(head.headers["x-signature"].is_sensitive());
}

#[test]
fn every_setting_shows_in_the_request() {
    let hmac = Hmac::sha512("the key")
        .unwrap()
        .parts([
            Part::Text("v1"),
            Part::Method,
            Part::Path,
            Part::Query,
            Part::Authority,
            Part::Header(name("x-a")),
            Part::Date,
            Part::BodyDigest,
            Part::Body,
        ])
        .unwrap()
        .separator("|")
        .signature_header(name("authorization"))
        .prefix(HeaderValue::from_static("HMAC "))
        .encoding(Encoding::Base64)
        .date(DateFormat::UnixMillis, name("x-date"))
        .digest_header(name("x-digest"))
        .key_id(name("x-key"), HeaderValue::from_static("k1"));
    let head = signed(&hmac, b"tea");
    assert_eq!(value(&head, "x-date"), "1749988800000");
    assert_eq!(value(&head, "x-key"), "k1");
    assert_eq!(
        value(&head, "x-digest"),
        "vvgBv4bN2scoFqMnDxx89RDR/nbQ6hbs9hmsxxahx5pC7/FFR8FRHteA3WQdV46/F/IABbRIkpaIHDwWM3KrUQ=="
    );
    assert_eq!(
        value(&head, "authorization"),
        "HMAC gl6DT04XH4AkOP+P5NYk8yU7nglzDO0D9nL7x9GBwfx5SxAcd3VVT3YEFaamp3UdmtGZ5SqA0uV2IS+qY6s2GQ=="
    );
    assert_eq!(verdict(&hmac, &head, b"tea", now()), Ok(()));
}

/// GitHub's documentation of webhooks has this example.
#[test]
fn the_signature_of_a_webhook_of_github_is_reproduced() {
    let hmac = Hmac::sha256("It's a Secret to Everybody")
        .unwrap()
        .parts([Part::Body])
        .unwrap()
        .signature_header(name("x-hub-signature-256"))
        .prefix(HeaderValue::from_static("sha256="));
    let head = signed(&hmac, b"Hello, World!");
    assert_eq!(
        value(&head, "x-hub-signature-256"),
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
    assert!(
        !head.headers.contains_key("date"),
        "no date is sent that is not signed"
    );
    let later = now() + Duration::from_secs(1_000_000);
    assert_eq!(verdict(&hmac, &head, b"Hello, World!", later), Ok(()));
}

#[test]
fn a_second_signature_takes_the_place_of_the_first() {
    let hmac = hmac();
    let mut head = signed(&hmac, b"tea");
    let later = now() + Duration::from_secs(1_000);
    hmac.sign(&mut head, Payload::Bytes(b"tea"), later).unwrap();
    assert_eq!(head.headers.get_all("x-signature").iter().count(), 1);
    assert_eq!(verdict(&hmac, &head, b"tea", later), Ok(()));
}

#[test]
fn a_stream_is_refused_unless_the_body_may_be_left_out() {
    let mut head = post();
    let error = hmac().sign(&mut head, Payload::Stream, now()).unwrap_err();
    assert!(error.to_string().contains("stream"), "{error}");

    let lax = hmac()
        .parts([Part::Body, Part::BodyDigest])
        .unwrap()
        .digest_header(name("x-digest"))
        .unsigned_streams("UNSIGNED");
    lax.sign(&mut head, Payload::Stream, now()).unwrap();
    assert_eq!(value(&head, "x-digest"), "UNSIGNED");
    let verdict = lax.verify(&head, Payload::Stream, now(), TOLERANCE);
    verdict.unwrap();
    let error = lax
        .verify(&head, Payload::Bytes(b"tea"), now(), TOLERANCE)
        .unwrap_err();
    assert_eq!(error.reason(), Reason::Mismatch);
}

#[test]
fn a_word_that_fits_no_header_is_refused() {
    let hmac = hmac()
        .digest_header(name("x-digest"))
        .unsigned_streams("\n");
    hmac.sign(&mut post(), Payload::Stream, now()).unwrap_err();
}

#[test]
fn a_covered_part_that_is_missing_is_refused() {
    for part in [Part::Header(name("x-b")), Part::Authority] {
        let hmac = hmac().parts([part]).unwrap();
        let mut head = head(Request::get("/").body(()).unwrap());
        hmac.sign(&mut head, Payload::Bytes(b""), now())
            .unwrap_err();
    }
}

#[test]
fn a_date_that_cannot_be_written_is_refused() {
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    hmac()
        .sign(&mut post(), Payload::Bytes(b""), before)
        .unwrap_err();
}

/// What evil.example gets, and sends on to the API, which has the same key.
#[test]
fn a_signature_for_one_server_is_none_at_another() {
    let hmac = hmac();
    let mut head = head(Request::get("https://evil.example/admin").body(()).unwrap());
    hmac.sign(&mut head, Payload::Bytes(b""), now()).unwrap();
    assert_eq!(verdict(&hmac, &head, b"", now()), Ok(()));
    head.uri = "https://api.example.com/admin".parse().unwrap();
    assert_eq!(verdict(&hmac, &head, b"", now()), Err(Reason::Mismatch));
}

/// RFC 9112 §3.2.2: where the target has an authority, a server must ignore `Host`.
/// RFC 9110 §4.2.3: the usual port says nothing, and of a path alone nobody knows which that is.
#[test]
fn a_host_that_is_not_the_uris_is_refused_where_the_authority_is_covered() {
    let mut head = post();
    let host = HeaderValue::from_static("evil.example");
    head.headers.insert("host", host);
    let error = hmac().sign(&mut head, Payload::Bytes(b""), now());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("Host header names another place"), "{error}");
    assert!(!head.headers.contains_key("x-signature"));
    let lax = hmac().parts([Part::Method]).unwrap();
    lax.sign(&mut head, Payload::Bytes(b""), now()).unwrap();

    let mut head = post();
    let host = HeaderValue::from_static("API.example.com:443");
    head.headers.insert("host", host);
    hmac().sign(&mut head, Payload::Bytes(b""), now()).unwrap();
}

#[test]
fn a_digest_that_nothing_covers_is_neither_sent_nor_accepted() {
    let of = |part| {
        let hmac = hmac().parts([Part::Method, part]).unwrap();
        hmac.digest_header(name("x-digest"))
    };
    let bare = of(Part::Header(name("x-a")));
    let error = bare.sign(&mut post(), Payload::Bytes(b"tea"), now());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("covers neither its body"), "{error}");
    let lax = hmac()
        .parts([Part::Method, Part::Header(name("x-a"))])
        .unwrap();
    let mut head = signed(&lax, b"tea");
    let digest = signed(&of(Part::Body), b"rum").headers["x-digest"].clone();
    head.headers.insert("x-digest", digest);
    assert_eq!(
        verdict(&bare, &head, b"rum", now()),
        Err(Reason::Insufficient)
    );

    for part in [Part::BodyDigest, Part::Body, Part::Header(name("x-digest"))] {
        let hmac = of(part);
        let head = signed(&hmac, b"tea");
        assert_eq!(verdict(&hmac, &head, b"tea", now()), Ok(()));
        assert!(verdict(&hmac, &head, b"rum", now()).is_err());
    }
}

#[test]
fn a_signature_over_nothing_is_refused() {
    for parts in [vec![], vec![Part::Text("v1"), Part::Text("v2")]] {
        let error = hmac().parts(parts).unwrap_err().to_string();
        assert_eq!(error, "a signature covers at least one part of the request");
    }
}

#[test]
fn an_empty_key_is_refused() {
    let error = Hmac::sha256("").unwrap_err();
    assert_eq!(error.to_string(), "a key for HMAC must not be empty");
    Hmac::sha512("").unwrap_err();
}

#[test]
fn no_debug_output_and_no_error_shows_the_key() {
    let hmac = hmac();
    let head = signed(&hmac, b"tea");
    let signature = value(&head, "x-signature");
    for text in [format!("{hmac:?}"), format!("{head:?}")] {
        assert!(
            !text.contains("the key") && !text.contains(signature),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_logged_shows_the_key_or_a_signature() {
    let (log, _guard) = listen();
    let server = Scripted::new([Step::ok()]);
    let layer = SignLayer::any_origin(hmac()).wall_clock(ManualWallClock::at(now()));
    layer
        .layer(server.clone())
        .oneshot(request("tea"))
        .await
        .unwrap();
    let refused = layer
        .layer(server.clone())
        .oneshot(request(stream("tea")))
        .await;
    let signature = server.calls()[0].header("x-signature").unwrap().to_owned();
    for text in [log.text(), format!("{layer:?} {refused:?}")] {
        assert!(
            !text.contains("the key") && !text.contains(&signature),
            "{text}"
        );
    }
}
