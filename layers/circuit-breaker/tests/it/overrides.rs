//! What one request may want otherwise.

use buttress_circuit_breaker::{CircuitBreakerLayer, Override, State};
use buttress_kernel::{Background, Body, HttpRequest};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::*;

fn round() -> Request<Body> {
    let mut request = api();
    request.extensions_mut().insert(Override::new().bypass());
    request
}

#[tokio::test(start_paused = true)]
async fn a_request_can_go_round_an_open_circuit() {
    let layer = builder().build().unwrap();
    let (service, server) = over(&layer, [500, 500, 500, 500, 500, 200]);
    statuses(&service, 5).await;
    assert_eq!(send(&service, round()).await.unwrap().status(), 200);
    assert_eq!(server.calls().len(), 6);
    assert!(is_open(&layer), "it counts for nothing");
    let mut usual = api();
    usual.extensions_mut().insert(Override::new());
    refused(send(&service, usual).await);
}

#[tokio::test(start_paused = true)]
async fn what_goes_round_a_closed_circuit_does_not_open_it() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    for _ in 0..30 {
        send(&service, round()).await.unwrap();
    }
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn every_mode_honours_it() {
    let whole = builder().until_body_end().build().unwrap();
    let seen = CircuitBreakerLayer::any_request()
        .seen_as::<HttpRequest>()
        .build()
        .unwrap();
    whole.handle().force_open(API);
    seen.handle().force_open("");
    let server = || Scripted::new([Step::ok()]);
    let (whole, seen) = (whole.layer(server()), seen.layer(server()));
    whole.clone().oneshot(round()).await.unwrap();
    seen.clone().oneshot(round()).await.unwrap();
    refused(whole.oneshot(api()).await);
    refused(seen.oneshot(api()).await);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_does_not_go_round() {
    let layer = builder().build().unwrap();
    layer.handle().force_open(API);
    let (service, _) = over(&layer, [200]);
    let mut asked = round();
    asked.extensions_mut().insert(Background);
    refused(send(&service, asked).await);
}
