//! Digest access authentication, against servers that do as they are told.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use buttress_kernel::{Attempt, Body, Cause, Explain, Failure, Sent, Trail, TransportError};
use buttress_sign::digest::DigestLayer;
use buttress_sign::{InvalidSettings, Override};
use buttress_testkit::{Call, Scripted, Step};
use http::{Request, StatusCode};
use tower::{Layer, ServiceExt};

use crate::support::{URI, listen, request, stream};

mod realms;

const PASSWORD: &str = "Circle of Life";

fn layer() -> DigestLayer {
    crate::secrets::guard();
    let origin = "https://api.example.com".parse().unwrap();
    let made = Arc::new(AtomicUsize::new(0));
    let layer = DigestLayer::new(origin, "Mufasa", PASSWORD).unwrap();
    layer.cnonce(move || format!("c{}", made.fetch_add(1, Ordering::Relaxed)))
}

fn challenge(rest: &str) -> Step {
    let line = format!("Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, {rest}");
    Step::status(401).header("www-authenticate", &line)
}

/// The parameter of the answer that a call brought, without quotes.
fn param(call: &Call, name: &str) -> Option<String> {
    let answer = call.header("authorization")?.strip_prefix("Digest ")?;
    let mut params = answer.split(", ");
    let value = params.find_map(|param| param.strip_prefix(name)?.strip_prefix('='));
    value.map(|value| value.trim_matches('"').to_owned())
}

/// Nonce and count of each call, `-` for one that was not signed.
fn signed(server: &Scripted) -> Vec<String> {
    let one = |call: &Call| match param(call, "nonce") {
        Some(nonce) => format!("{nonce} {}", param(call, "nc").unwrap()),
        None => "-".to_owned(),
    };
    server.calls().iter().map(one).collect()
}

async fn send(layer: &DigestLayer, server: &Scripted, request: Request<Body>) -> u16 {
    let service = layer.layer(server.clone());
    service.oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_answered_once_and_later_requests_are_signed_ahead() {
    let server = Scripted::new([challenge("nonce=n"), Step::ok()]);
    let layer = layer();
    assert_eq!(send(&layer, &server, request("tea")).await, 200);
    assert_eq!(send(&layer.clone(), &server, request("tea")).await, 200);
    assert_eq!(signed(&server), ["-", "n 00000001", "n 00000002"]);
    let calls = server.calls();
    assert_eq!(param(&calls[1], "uri").as_deref(), Some("/orders?page=2"));
    assert_eq!(param(&calls[1], "qop").as_deref(), Some("auth"));
    assert_ne!(param(&calls[1], "cnonce"), param(&calls[2], "cnonce"));
    assert!(calls[1].headers["authorization"].is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn both_attempts_bring_the_whole_request() {
    let server = Scripted::new([challenge("nonce=n"), Step::ok()]);
    let service = layer().layer(server.collecting());
    let mut order = request(stream("tea"));
    order.headers_mut().insert("x-mine", "1".parse().unwrap());
    assert_eq!(service.oneshot(order).await.unwrap().status(), 200);
    for call in server.calls() {
        assert_eq!(call.body, "tea");
        assert_eq!(call.method, "POST");
        assert_eq!(call.uri, URI);
        assert_eq!(call.header("x-mine"), Some("1"));
    }
}

fn attempt(number: u32) -> Attempt {
    let cause = Cause::Status(StatusCode::UNAUTHORIZED);
    Attempt::new(number.try_into().unwrap(), cause)
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_another_attempt_and_says_so() {
    let server = Scripted::new([challenge("nonce=n"), Step::ok()]);
    let service = layer().layer(server.clone());
    let response = service.clone().oneshot(request("tea")).await.unwrap();
    assert_eq!(response.extensions().get(), Some(&attempt(2)));
    let signed_ahead = service.oneshot(request("tea")).await.unwrap();
    assert!(signed_ahead.extensions().is_empty());
    let attempts: Vec<_> = server.calls().iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [None, Some(attempt(2)), None]);
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_from_those_of_other_layers() {
    let inner = challenge("nonce=n").extension(attempt(5));
    let server = Scripted::new([challenge("nonce=n"), Step::ok(), inner, Step::ok()]);
    for made in [3, 4] {
        let mut order = request("tea");
        order.extensions_mut().insert(attempt(made));
        layer().layer(server.clone()).oneshot(order).await.unwrap();
    }
    let attempts: Vec<_> = server.calls().iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [3, 4, 4, 6].map(|number| Some(attempt(number))));
}

#[tokio::test(start_paused = true)]
async fn an_error_after_an_answer_says_that_there_were_two_attempts() {
    let broken = || Step::error(|| TransportError::broken(Sent::Maybe, "reset by peer"));
    for (steps, attempts) in [
        (vec![challenge("nonce=n"), broken()], 2),
        (vec![broken()], 1),
    ] {
        let service = layer().layer(Scripted::new(steps));
        let error = service.oneshot(request("tea")).await.unwrap_err();
        let failure = Failure::of(&*error);
        assert_eq!(failure.attempts(), attempts);
        assert!(failure.find::<TransportError>().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn the_usual_client_nonces_never_repeat() {
    let origin = "https://api.example.com".parse().unwrap();
    let layer = DigestLayer::new(origin, "Mufasa", PASSWORD).unwrap();
    let server = Scripted::new([challenge("nonce=n"), Step::ok()]);
    for _ in 0..20 {
        send(&layer, &server, request("")).await;
    }
    let nonces: HashSet<_> = server.calls()[1..]
        .iter()
        .map(|call| param(call, "cnonce"))
        .collect();
    assert_eq!(nonces.len(), 20);
    assert!(nonces.iter().flatten().all(|nonce| nonce.len() == 32));
}

#[tokio::test(start_paused = true)]
async fn concurrent_requests_have_counts_of_their_own() {
    let server = Scripted::new([
        challenge("nonce=n"),
        Step::ok().after(Duration::from_secs(1)),
    ]);
    let layer = layer();
    send(&layer, &server, request("")).await;
    let calls = (0..50).map(|_| {
        let service = layer.layer(server.clone());
        tokio::spawn(service.oneshot(request("")))
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    let counts: HashSet<_> = signed(&server).into_iter().skip(1).collect();
    assert_eq!(counts.len(), 51);
    assert!(counts.contains("n 00000033"), "{counts:?}");
}

/// Neither a gateway nor a proxy looks at the answer.
#[tokio::test(start_paused = true)]
async fn a_status_of_somebody_on_the_way_proves_no_password() {
    for status in [502, 407, 404] {
        let server = Scripted::new([
            challenge("nonce=a"),
            Step::status(status),
            challenge("nonce=b"),
            challenge("nonce=c"),
        ]);
        let layer = layer();
        assert_eq!(send(&layer, &server, request("")).await, status);
        assert_eq!(send(&layer, &server, request("")).await, 401);
        assert_eq!(signed(&server), ["-", "a 00000001", "a 00000002"]);
    }
}

/// RFC 7615 §3: the field is sent after an authentication that succeeded, whatever the status.
#[tokio::test(start_paused = true)]
async fn a_next_nonce_is_a_proof_whatever_the_status() {
    let next = Step::status(404).header("authentication-info", "nextnonce=\"b\"");
    let server = Scripted::new([challenge("nonce=a"), next, challenge("nonce=c"), Step::ok()]);
    let layer = layer();
    assert_eq!(send(&layer, &server, request("")).await, 404);
    assert_eq!(send(&layer, &server, request("")).await, 200);
    assert_eq!(signed(&server)[2..], ["b 00000001", "c 00000001"]);
}

#[tokio::test(start_paused = true)]
async fn a_stale_nonce_is_replaced_and_the_request_sent_again() {
    let server = Scripted::new([
        challenge("nonce=a"),
        Step::ok(),
        challenge("nonce=b, stale=true"),
        Step::ok(),
    ]);
    let layer = layer();
    assert_eq!(send(&layer, &server, request("")).await, 200);
    assert_eq!(send(&layer, &server, request("")).await, 200);
    assert_eq!(
        signed(&server),
        ["-", "a 00000001", "a 00000002", "b 00000001"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_worked_is_replaced_although_nobody_calls_it_stale() {
    let server = Scripted::new([
        challenge("nonce=a"),
        Step::ok(),
        challenge("nonce=b"),
        Step::ok(),
    ]);
    let layer = layer();
    send(&layer, &server, request("")).await;
    assert_eq!(send(&layer, &server, request("")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_once_a_request() {
    let server = Scripted::new([
        challenge("nonce=a"),
        challenge("nonce=b"),
        challenge("nonce=c"),
    ]);
    let layer = layer();
    assert_eq!(send(&layer, &server, request("")).await, 401);
    assert_eq!(signed(&server), ["-", "a 00000001"]);
    assert_eq!(send(&layer, &server, request("")).await, 401);
    assert_eq!(signed(&server), ["-", "a 00000001", "b 00000001"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_nonce_is_used() {
    let next = Step::ok().header("authentication-info", "nextnonce=\"b\", qop=auth");
    let server = Scripted::new([challenge("nonce=a"), next, Step::ok()]);
    let layer = layer();
    send(&layer, &server, request("")).await;
    send(&layer, &server, request("")).await;
    assert_eq!(signed(&server), ["-", "a 00000001", "b 00000001"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_sent_again_gets_the_401_and_teaches_the_next() {
    let server = Scripted::new([challenge("nonce=n"), Step::ok()]);
    let layer = layer();
    let once = stream("tea").replay_limit(0);
    assert_eq!(send(&layer, &server, request(once)).await, 401);
    assert_eq!(
        send(&layer, &server, request(stream("tea").replay_limit(0))).await,
        200
    );
    assert_eq!(signed(&server), ["-", "n 00000001"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_gets_the_401_where_its_digest_is_wanted() {
    let line = "Digest realm=r, nonce=n, qop=auth-int";
    let step = || Step::status(401).header("www-authenticate", line);
    let server = Scripted::new([step(), step(), Step::ok()]);
    let layer = layer();
    assert_eq!(send(&layer, &server, request(stream("tea"))).await, 401);
    assert_eq!(send(&layer, &server, request(stream("tea"))).await, 401);
    assert_eq!(send(&layer, &server, request("tea")).await, 200);
    assert_eq!(signed(&server)[..2], ["-", "-"]);
    assert_eq!(
        param(&server.calls()[2], "qop").as_deref(),
        Some("auth-int")
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_keeps_its_client_nonce() {
    let line = "Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess";
    let server = Scripted::new([
        Step::status(401).header("www-authenticate", line),
        Step::ok(),
    ]);
    let layer = layer();
    send(&layer, &server, request("")).await;
    send(&layer, &server, request("")).await;
    let calls = server.calls();
    assert_eq!(signed(&server), ["-", "n 00000001", "n 00000002"]);
    assert_eq!(param(&calls[1], "cnonce"), param(&calls[2], "cnonce"));
}

#[tokio::test(start_paused = true)]
async fn md5_can_be_refused() {
    let md5 = || Step::status(401).header("www-authenticate", "Digest realm=r, nonce=n");
    let server = Scripted::new([md5(), Step::ok()]);
    assert_eq!(send(&layer().refuse_md5(), &server, request("")).await, 401);
    let server = Scripted::new([md5(), Step::ok()]);
    assert_eq!(send(&layer(), &server, request("")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn other_challenges_and_other_statuses_are_not_answered() {
    let basic = Step::status(401).header("www-authenticate", "Basic realm=r");
    let forbidden = Step::status(403).header("www-authenticate", "Digest realm=r, nonce=n");
    for (step, status) in [(basic, 401), (Step::status(401), 401), (forbidden, 403)] {
        let server = Scripted::new([step]);
        assert_eq!(send(&layer(), &server, request("")).await, status);
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_origin_is_answered() {
    let layer = layer().origin("http://localhost:8080".parse().unwrap());
    for (uri, calls) in [
        ("https://api.example.com/", 2),
        ("http://localhost:8080/", 2),
        ("https://evil.example/", 1),
        ("http://api.example.com/", 1),
        ("https://api.example.com:8443/", 1),
    ] {
        let server = Scripted::new([challenge("nonce=n"), Step::ok()]);
        let request = Request::get(uri).body(Body::empty()).unwrap();
        send(&layer, &server, request).await;
        assert_eq!(server.calls().len(), calls, "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_host_at_the_same_place_is_answered() {
    let server = Scripted::new([challenge("nonce=n"), Step::ok()]);
    let mut request = request("");
    let host = http::HeaderValue::from_static("tenant-evil.example");
    request.headers_mut().insert("host", host);
    assert_eq!(send(&layer(), &server, request).await, 401);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_origin_has_a_nonce_of_its_own() {
    let layer = layer().origin("https://b.example".parse().unwrap());
    let server = Scripted::new([
        challenge("nonce=a"),
        Step::ok(),
        challenge("nonce=b"),
        Step::ok(),
    ]);
    let to_b = || {
        Request::get("https://b.example/")
            .body(Body::empty())
            .unwrap()
    };
    send(&layer, &server, request("")).await;
    send(&layer, &server, to_b()).await;
    send(&layer, &server, request("")).await;
    send(&layer, &server, to_b()).await;
    let wanted = [
        "-",
        "a 00000001",
        "-",
        "b 00000001",
        "a 00000002",
        "b 00000002",
    ];
    assert_eq!(signed(&server), wanted);
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_credentials_and_wishes_are_respected() {
    let server = Scripted::new([challenge("nonce=n")]);
    let mut own = request("");
    own.headers_mut()
        .insert("authorization", "Bearer mine".parse().unwrap());
    assert_eq!(send(&layer(), &server, own).await, 401);
    assert_eq!(
        server.calls()[0].header("authorization"),
        Some("Bearer mine")
    );
    let mut skipping = request("");
    skipping.extensions_mut().insert(Override::new().skip());
    assert_eq!(send(&layer(), &server, skipping).await, 401);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_that_fails_is_an_error() {
    let server = Scripted::new([challenge("nonce=n"), Step::error(|| "broken")]);
    let error = layer()
        .layer(server.clone())
        .oneshot(request(""))
        .await
        .unwrap_err();
    let cause = Failure::of(&*error).chain().last().unwrap().to_string();
    assert_eq!(cause, "broken");
}

#[test]
fn names_that_cannot_be_sent_are_refused() {
    let origin = || "https://a.example".parse().unwrap();
    for name in ["", "a:b", "a\nb"] {
        let error: InvalidSettings = DigestLayer::new(origin(), name, "p").unwrap_err();
        assert!(error.to_string().starts_with("a user's name"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_and_trail_say_what_became_of_a_challenge_and_no_secret() {
    let (log, _guard) = listen();
    let explain = Explain::new();
    let server = Scripted::new([challenge("nonce=n"), challenge("nonce=m")]);
    let layer = layer();
    let mut request = request("tea");
    request.extensions_mut().insert(explain.clone());
    let response = layer.layer(server.clone()).oneshot(request).await.unwrap();
    let shown = response.extensions().get::<Trail>().unwrap();
    assert_eq!(
        shown.summary(),
        "sign: a digest challenge: answered; sign: signed with digest; sign: a digest challenge: rejected"
    );
    let text = log.text();
    assert!(
        text.contains("DEBUG buttress_sign: challenged outcome=\"answered\""),
        "{text}"
    );
    assert!(
        text.contains("WARN buttress_sign: challenged: the 401 is the answer outcome=\"rejected\""),
        "{text}"
    );

    let answer = param(&server.calls()[1], "response").unwrap();
    let headers = &server.calls()[1].headers;
    for text in [
        text,
        format!("{layer:?} {:?} {headers:?}", layer.layer(server.clone())),
    ] {
        assert!(
            !text.contains(PASSWORD) && !text.contains(&answer),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_challenge_is_a_rejection_even_if_it_calls_the_nonce_stale() {
    let explain = Explain::new();
    let server = Scripted::new([challenge("nonce=n"), challenge("nonce=m, stale=true")]);
    let mut request = request("");
    request.extensions_mut().insert(explain.clone());
    assert_eq!(send(&layer(), &server, request).await, 401);
    assert_eq!(server.calls().len(), 2);
    let told = explain.trail().summary();
    assert!(told.ends_with("a digest challenge: rejected"), "{told}");
}

#[cfg(feature = "metrics")]
#[tokio::test(start_paused = true)]
async fn challenges_are_counted_by_what_became_of_them() {
    let counts = crate::metrics::Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let server = Scripted::new([
        Step::status(401),
        challenge("nonce=a"),
        challenge("nonce=b"),
        challenge("nonce=c, stale=true"),
    ]);
    let layer = layer();
    let once = || request(stream("tea").replay_limit(0));
    send(&layer, &server, request("")).await;
    send(&layer, &server, request("")).await;
    send(&layer, &server, once()).await;
    let counted: Vec<_> = counts.all();
    let of = |outcome: &str| {
        let name = format!("Key(buttress.sign.challenges, [outcome = {outcome}])");
        counted
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, count)| *count)
    };
    assert_eq!(of("unanswerable"), Some(1));
    assert_eq!(of("answered"), Some(1));
    assert_eq!(of("rejected"), Some(1));
    assert_eq!(of("unrepeatable"), Some(1));
}
