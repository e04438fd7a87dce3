//! What the layer says about itself.

use buttress_kernel::{Body, Explain, Trail};
use buttress_sign::{Override, SignLayer};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::{Stamp, listen, now, request, stream};

/// What is logged and written down about one request.
async fn told(mut request: Request<Body>) -> (String, String) {
    let (log, _guard) = listen();
    let explain = Explain::new();
    request.extensions_mut().insert(explain.clone());
    let layer = SignLayer::new(Stamp, "https://api.example.com".parse().unwrap())
        .wall_clock(ManualWallClock::at(now()));
    let answer = layer
        .layer(Scripted::new([Step::ok()]))
        .oneshot(request)
        .await;
    if let Ok(response) = answer {
        assert_eq!(response.extensions().get::<Trail>(), Some(&explain.trail()));
    }
    (log.text(), explain.trail().summary())
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_told_with_its_scheme() {
    let (log, trail) = told(request("secret body")).await;
    assert_eq!(log, "DEBUG buttress_sign: signed scheme=\"stamp\"\n");
    assert_eq!(trail, "sign: signed with stamp");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_goes_elsewhere_is_told_without_its_uri() {
    let request = Request::get("https://evil.example/?token=1").body(Body::empty());
    let (log, trail) = told(request.unwrap()).await;
    assert_eq!(
        log,
        " WARN buttress_sign: not signed: the request leaves the signer's origins \
         scheme=\"stamp\" reason=\"other-origin\"\n"
    );
    assert_eq!(trail, "sign: not signed: another origin");
}

#[tokio::test(start_paused = true)]
async fn a_downgrade_is_told() {
    let request = Request::get("http://api.example.com/").body(Body::empty());
    let (log, trail) = told(request.unwrap()).await;
    assert!(log.contains("reason=\"downgrade\""), "{log}");
    assert_eq!(trail, "sign: not signed: http instead of https");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_wants_no_signature_is_told() {
    let mut request = request("");
    request.extensions_mut().insert(Override::new().skip());
    let (log, trail) = told(request).await;
    assert_eq!(
        log,
        "DEBUG buttress_sign: not signed: the request asks for none scheme=\"stamp\" reason=\"override\"\n"
    );
    assert_eq!(trail, "sign: not signed: the request asks for none");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_its_reason() {
    let (log, trail) = told(request(stream("a"))).await;
    assert!(
        log.starts_with(" WARN buttress_sign: not sent: the request cannot be signed"),
        "{log}"
    );
    assert!(log.contains("its body is a stream"), "{log}");
    assert_eq!(trail, "sign: not sent: the request cannot be signed");
}

#[tokio::test(start_paused = true)]
async fn without_the_wish_a_response_carries_no_trail() {
    let service = SignLayer::any_origin(Stamp)
        .wall_clock(ManualWallClock::at(now()))
        .layer(Scripted::new([Step::ok()]));
    let response = service.oneshot(request("")).await.unwrap();
    assert!(response.extensions().is_empty());
}
