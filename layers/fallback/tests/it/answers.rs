//! What is answered from where, and what is said of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::error::Error;
use std::io;

use buttress_fallback::{Fallback, FallbackLayer, Override};
use buttress_kernel::{Background, Body, BoxError, Facts, Failure, Kind, Sent, TransportError};
use buttress_testkit::{Scripted, Step};
use http::{HeaderName, Method, Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};

use crate::{fixed, get, request};

/// Status, body, and what a response stands for.
async fn told<S, R>(
    service: S,
    request: Request<Body>,
) -> Result<(u16, String, Option<Fallback>), BoxError>
where
    S: Service<Request<Body>, Response = Response<R>, Error = BoxError>,
    R: http_body::Body<Data = bytes::Bytes, Error = BoxError>,
{
    let response = service.oneshot(request).await?;
    let fallback = Fallback::of(response.extensions()).cloned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((
        status,
        String::from_utf8_lossy(&body).into_owned(),
        fallback,
    ))
}

fn refused() -> TransportError {
    TransportError::connect(io::Error::from(io::ErrorKind::ConnectionRefused))
}

#[tokio::test(start_paused = true)]
async fn ic39_a_failed_call_is_answered_with_the_value() {
    let server = Scripted::new([
        Step::status(503).body("down"),
        Step::error(refused),
        Step::ok().body("up"),
    ]);
    let service = FallbackLayer::value(fixed("[]")).layer(server);
    let (status, body, fallback) = told(service.clone(), get()).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "[]"));
    assert_eq!(fallback.unwrap().status().unwrap(), 503);

    let (status, body, fallback) = told(service.clone(), get()).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "[]"));
    let fallback = fallback.unwrap();
    assert_eq!(fallback.status(), None);
    assert_eq!(fallback.failure().unwrap().kind(), Kind::Connect);

    let (status, body, fallback) = told(service, get()).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "up"));
    assert!(fallback.is_none());
}

#[tokio::test(start_paused = true)]
async fn w21_d17_the_original_error_is_kept_with_its_chain() {
    let service = FallbackLayer::value(fixed("")).layer(Scripted::new([Step::error(refused)]));
    let (_, _, fallback) = told(service, get()).await.unwrap();
    let fallback = fallback.unwrap();
    let io = fallback.failure().unwrap().find::<io::Error>().unwrap();
    assert_eq!(io.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(
        fallback.to_string(),
        "a substitute for: no connection could be made"
    );
}

#[tokio::test(start_paused = true)]
async fn answers_and_faults_of_the_caller_stand() {
    for status in [200, 304, 400, 401, 404, 408, 429] {
        let server = Scripted::new([Step::status(status).header("x-own", "1").body("own")]);
        let service = FallbackLayer::value(fixed("[]")).layer(server);
        let (came, body, fallback) = told(service, get()).await.unwrap();
        assert_eq!((came, body.as_str()), (status, "own"));
        assert!(fallback.is_none());
    }
    let wrong = Step::error(|| Facts::new(Kind::Request));
    let service = FallbackLayer::value(fixed("[]")).layer(Scripted::new([wrong]));
    let error = told(service, get()).await.unwrap_err();
    assert_eq!(Failure::of(&*error).kind(), Kind::Request);
}

#[tokio::test(start_paused = true)]
async fn unsafe_methods_fall_back_only_where_somebody_says_so() {
    let down = || Scripted::new([Step::status(503)]);
    for (method, usually) in [
        ("GET", 200),
        ("HEAD", 200),
        ("OPTIONS", 200),
        ("POST", 503),
        ("PUT", 503),
        ("PATCH", 503),
        ("DELETE", 503),
    ] {
        let layer = FallbackLayer::value(fixed("[]"));
        let (status, ..) = told(layer.layer(down()), request(method)).await.unwrap();
        assert_eq!(status, usually, "{method}");
    }
    let layer = FallbackLayer::value(fixed("[]")).methods([Method::POST]);
    let (status, ..) = told(layer.layer(down()), request("POST")).await.unwrap();
    assert_eq!(status, 200);
    let (status, ..) = told(layer.layer(down()), get()).await.unwrap();
    assert_eq!(status, 503);
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_ones_own_names_the_failures() {
    let layer = FallbackLayer::value(fixed("[]")).when(|failed| {
        let limit = failed.headers().and_then(|headers| headers.get("x-limit"));
        limit.is_some_and(|limit| limit == "daily")
    });
    for (limit, wanted) in [("daily", 200), ("hourly", 429)] {
        let server = Scripted::new([Step::status(429).header("x-limit", limit)]);
        let (status, ..) = told(layer.layer(server), get()).await.unwrap();
        assert_eq!(status, wanted);
    }
    // What is no failure is never asked about.
    let always = FallbackLayer::value(fixed("[]")).when(|_| true);
    let (_, body, _) = told(always.layer(Scripted::new([Step::ok().body("own")])), get())
        .await
        .unwrap();
    assert_eq!(body, "own");
}

#[tokio::test(start_paused = true)]
async fn a_closure_sees_the_request_and_the_failure() {
    let layer = FallbackLayer::from_fn(|head, failed| {
        let text = format!(
            "{} {} {failed} {:?}",
            head.method(),
            head.uri().path(),
            head.headers()["x-own"]
        );
        head.extensions().get::<u8>()?;
        Some(Response::new(Body::from(text)))
    });
    let mut asked = get();
    asked.headers_mut().insert("x-own", "1".parse().unwrap());
    let server = Scripted::new([Step::status(502).body("original")]);
    let (status, body, _) = told(layer.layer(server.clone()), {
        let mut asked = get();
        asked.headers_mut().insert("x-own", "1".parse().unwrap());
        asked
    })
    .await
    .unwrap();
    assert_eq!(
        (status, body.as_str()),
        (502, "original"),
        "`None` lets the failure stand"
    );
    asked.extensions_mut().insert(7_u8);
    let (_, body, fallback) = told(layer.layer(server), asked).await.unwrap();
    assert_eq!(body, "GET /a 502 \"1\"");
    assert!(fallback.is_some());
}

#[tokio::test(start_paused = true)]
async fn another_service_gets_the_whole_request() {
    let other = Scripted::new([Step::status(203).body("other")]);
    let first = Scripted::new([Step::status(500)]);
    let service = FallbackLayer::service(other.collecting()).layer(first.collecting());
    let mut asked = get();
    asked.headers_mut().insert("x-own", "1".parse().unwrap());
    asked.extensions_mut().insert(7_u8);
    let (status, body, fallback) = told(service, asked).await.unwrap();
    assert_eq!((status, body.as_str()), (203, "other"));
    assert_eq!(fallback.unwrap().status().unwrap(), 500);
    let (sent, first) = (&other.calls()[0], &first.calls()[0]);
    assert_eq!((&sent.uri, &sent.method), (&first.uri, &first.method));
    assert_eq!(
        (sent.body.as_ref(), first.body.as_ref()),
        (&b"asked"[..], &b"asked"[..])
    );
    assert_eq!(sent.header("x-own"), Some("1"));
    assert_eq!(sent.extensions.get::<u8>(), Some(&7));
}

#[tokio::test(start_paused = true)]
async fn only_what_may_be_done_twice_goes_to_another_service() {
    let reset =
        || TransportError::broken(Sent::Maybe, io::Error::from(io::ErrorKind::ConnectionReset));
    let answered = || Step::status(503);
    let maybe = || Step::error(reset);
    let unsent = || Step::error(refused);
    let unknown = || Step::error(|| "it says nothing of what was sent");
    for (method, key, shared, failure, goes) in [
        ("GET", false, false, answered(), true),
        ("PUT", false, false, maybe(), true),
        ("DELETE", false, false, answered(), true),
        ("POST", false, false, answered(), false),
        ("POST", false, false, maybe(), false),
        ("POST", false, false, unknown(), false),
        ("POST", false, false, unsent(), true),
        ("PATCH", false, false, maybe(), false),
        ("POST", true, false, maybe(), false),
        ("POST", false, true, maybe(), false),
        ("POST", true, true, maybe(), true),
        ("POST", true, true, answered(), true),
    ] {
        let case = format!("{method} key {key} shared {shared}");
        let other = Scripted::new([Step::ok().body("other")]);
        let layer = FallbackLayer::service(other.collecting())
            .methods([Method::GET, Method::PUT, Method::DELETE, Method::PATCH])
            .shared_keys(shared);
        let mut asked = request(method);
        if method == "POST" {
            asked.extensions_mut().insert(Override::new().on());
        }
        if key {
            asked
                .headers_mut()
                .insert("idempotency-key", "k".parse().unwrap());
        }
        let end = told(layer.layer(Scripted::new([failure]).collecting()), asked).await;
        assert_eq!(other.calls().len(), usize::from(goes), "{case}");
        let is_other = end.is_ok_and(|(status, _, fallback)| status == 200 && fallback.is_some());
        assert_eq!(is_other, goes, "{case}");
        if goes && key {
            assert_eq!(other.calls()[0].header("idempotency-key"), Some("k"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_sent_once_has_no_other_service() {
    let other = Scripted::new([Step::ok()]);
    let service = FallbackLayer::service(other.clone()).layer(Scripted::new([Step::status(500)]));
    let (sender, body) = buttress_testkit::channel();
    drop(sender);
    let asked = get().map(|_| body.replay_limit(0));
    let (status, ..) = told(service, asked).await.unwrap();
    assert_eq!(status, 500);
    assert_eq!(other.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_outgrew_its_copy_has_no_other_service() {
    let other = Scripted::new([Step::ok()]);
    let first = Scripted::new([Step::status(500)]);
    let service = FallbackLayer::service(other.clone()).layer(first.collecting());
    let (sender, body) = buttress_testkit::channel();
    sender.data("more than four bytes");
    drop(sender);
    let asked = get().map(|_| body.replay_limit(4));
    let (status, ..) = told(service, asked).await.unwrap();
    assert_eq!(status, 500);
    assert_eq!(other.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_the_other_service_fails_too_the_first_failure_stands() {
    for other in [
        Scripted::new([Step::error(|| "the other is down, too")]),
        Scripted::new([Step::status(503).body("the other, too")]),
        Scripted::new([Step::status(401)]),
        Scripted::new([Step::ok()]).ready_error(|| "the other is not ready"),
    ] {
        let first = Scripted::new([Step::status(503).body("first"), Step::error(refused)]);
        let service = FallbackLayer::service(other).layer(first);
        let (status, body, fallback) = told(service.clone(), get()).await.unwrap();
        assert_eq!((status, body.as_str()), (503, "first"));
        assert!(fallback.is_none());
        let error = told(service, get()).await.unwrap_err();
        assert_eq!(Failure::of(&*error).kind(), Kind::Connect);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_can_bring_its_own_or_do_without() {
    let down = || Scripted::new([Step::status(503).body("down")]);
    let layer = FallbackLayer::value(fixed("[]"));
    for (method, change, wanted) in [
        ("GET", Override::new(), "[]"),
        ("GET", Override::new().off(), "down"),
        ("GET", Override::new().value(fixed("mine")), "mine"),
        ("POST", Override::new().value(fixed("mine")), "down"),
        ("POST", Override::new().on(), "[]"),
        ("POST", Override::new().on().value(fixed("mine")), "mine"),
    ] {
        let mut asked = request(method);
        asked.extensions_mut().insert(change.clone());
        let (_, body, _) = told(layer.layer(down()), asked).await.unwrap();
        assert_eq!(body, wanted, "{method} {change:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_tells_those_who_see_no_extensions() {
    let header = HeaderName::from_static("x-fallback");
    let layer = FallbackLayer::value(fixed("[]")).header(header.clone());
    let server = Scripted::new([Step::status(503), Step::error(refused), Step::ok()]);
    let service = layer.layer(server);
    for wanted in [Some("503"), Some("connect"), None] {
        let response = service.clone().oneshot(get()).await.unwrap();
        let came = response
            .headers()
            .get(&header)
            .map(|value| value.to_str().unwrap());
        assert_eq!(came, wanted);
    }
}

#[test]
fn debug_output_shows_the_settings_and_no_body() {
    let layer = FallbackLayer::value(fixed("s3cret")).methods([Method::GET]);
    let told = format!("{layer:?}");
    assert!(
        told.contains("Value(200)") && told.contains("GET"),
        "{told}"
    );
    assert!(!told.contains("s3cret"));
    let error: &dyn Error = &refused();
    assert!(error.source().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_gets_the_layers_substitute() {
    let layer = FallbackLayer::value(fixed("[]"));
    for change in [Override::new().off(), Override::new().value(fixed("mine"))] {
        let mut asked = get();
        asked.extensions_mut().insert(change);
        asked.extensions_mut().insert(Background);
        let down = Scripted::new([Step::status(503)]);
        let (_, body, _) = told(layer.layer(down), asked).await.unwrap();
        assert_eq!(body, "[]");
    }
}
