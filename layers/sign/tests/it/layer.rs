//! Which requests are signed, when, and what becomes of those that cannot be.

use std::time::Duration;

use buttress_kernel::{Body, Failure, Kind, Sent};
use buttress_sign::{Override, SignError, SignLayer};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::{Stamp, now, request, stream};

fn layer() -> SignLayer<Stamp> {
    SignLayer::any_origin(Stamp).wall_clock(ManualWallClock::at(now()))
}

/// The stamp that the server saw.
async fn sent(layer: &SignLayer<Stamp>, request: Request<Body>) -> Option<String> {
    let server = Scripted::new([Step::ok()]);
    layer.layer(server.clone()).oneshot(request).await.unwrap();
    server.calls()[0].header("x-stamp").map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_date_of_its_own_moment() {
    let clock = ManualWallClock::at(now());
    let layer = SignLayer::any_origin(Stamp).wall_clock(clock.clone());
    assert_eq!(sent(&layer, request("ab")).await.unwrap(), "1749988800 2");
    clock.advance(Duration::from_secs(3));
    assert_eq!(sent(&layer, request("ab")).await.unwrap(), "1749988803 2");
}

#[tokio::test(start_paused = true)]
async fn for_any_origin_everything_is_signed() {
    let layer = layer().origin("https://other.example".parse().unwrap());
    assert!(sent(&layer, request("")).await.is_some());
    let mut request = request("");
    let host = http::HeaderValue::from_static("other.example");
    request.headers_mut().insert("host", host);
    assert!(sent(&layer, request).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_leaves_the_origins_goes_unsigned() {
    let layer = SignLayer::new(Stamp, "https://api.example.com".parse().unwrap())
        .origin("http://localhost:8080".parse().unwrap())
        .wall_clock(ManualWallClock::at(now()));
    for (uri, signed) in [
        ("https://api.example.com/", true),
        ("https://API.example.com:443/", true),
        ("http://localhost:8080/", true),
        ("http://api.example.com/", false),
        ("https://localhost:8080/", false),
        ("https://api.example.com.evil.example/", false),
        ("https://evil.example/api.example.com", false),
        ("https://api.example.com@evil.example/", false),
    ] {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        assert_eq!(sent(&layer, request).await.is_some(), signed, "{uri}");
    }
}

/// RFC 9110 §7.2: a front that serves several customers goes by `Host`.
#[tokio::test(start_paused = true)]
async fn a_host_header_that_leaves_the_origins_goes_unsigned() {
    let layer = SignLayer::new(Stamp, "https://api.example.com".parse().unwrap())
        .wall_clock(ManualWallClock::at(now()));
    for (host, signed) in [
        ("api.example.com", true),
        ("API.EXAMPLE.COM:443", true),
        ("tenant-evil.example", false),
    ] {
        let mut request = request("");
        let value = http::HeaderValue::from_static(host);
        request.headers_mut().insert("host", value);
        assert_eq!(sent(&layer, request).await.is_some(), signed, "{host}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_request_can_go_unsigned() {
    let mut skipping = request("");
    skipping.extensions_mut().insert(Override::new().skip());
    assert_eq!(sent(&layer(), skipping).await, None);

    let mut usual = request("");
    usual.extensions_mut().insert(Override::new());
    assert!(sent(&layer(), usual).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_signed_is_not_sent() {
    let server = Scripted::new([Step::ok()]);
    let service = layer().layer(server.clone());
    let error = service.oneshot(request(stream("a"))).await.unwrap_err();
    assert!(server.calls().is_empty());

    let failure = Failure::of(&*error);
    assert_eq!(failure.kind(), Kind::Request);
    assert_eq!(failure.sent(), Sent::No);
    assert!(failure.find::<SignError>().is_some());
    assert!(
        error.to_string().contains("its body is a stream"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_error_behind_a_refusal_is_kept() {
    let error = SignError::new("it is late").caused_by(std::fmt::Error);
    assert!(Failure::of(&error).find::<std::fmt::Error>().is_some());
}

#[tokio::test(start_paused = true)]
async fn signed_bodies_arrive_as_they_were() {
    let server = Scripted::new([Step::ok()]);
    let service = layer().layer(server.collecting());
    service.oneshot(request("all of it")).await.unwrap();
    assert_eq!(server.calls()[0].body, "all of it");
}

#[tokio::test(start_paused = true)]
async fn services_over_shared_and_boxed_signers_sign_too() {
    let shared: std::sync::Arc<dyn buttress_sign::Sign> = std::sync::Arc::new(Stamp);
    let boxed: Box<dyn buttress_sign::Sign> = Box::new(std::sync::Arc::clone(&shared));
    for layer in [
        SignLayer::any_origin(Box::new(shared) as Box<dyn buttress_sign::Sign>),
        SignLayer::any_origin(boxed),
    ] {
        let server = Scripted::new([Step::ok()]);
        let service = layer
            .wall_clock(ManualWallClock::at(now()))
            .layer(server.clone());
        service.oneshot(request("ab")).await.unwrap();
        assert_eq!(server.calls()[0].header("x-stamp"), Some("1749988800 2"));
    }
}
