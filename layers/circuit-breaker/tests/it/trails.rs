//! What a circuit leaves in a trail.

use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_kernel::{Body, Explain, Trail};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tokio::time::advance;
use tower::Layer;

use crate::support::*;

fn explained() -> (Explain, Request<Body>) {
    let explain = Explain::new();
    let mut request = api();
    request.extensions_mut().insert(explain.clone());
    (explain, request)
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_what_the_circuit_did() {
    let layer = CircuitBreakerLayer::consecutive(2)
        .open_for(secs(10))
        .build()
        .unwrap();
    let steps = [
        Step::status(500).after(ms(5)),
        Step::status(500),
        Step::hang(),
        Step::ok(),
    ];
    let service = layer.layer(Scripted::new(steps));
    let mut summaries = Vec::new();
    for _ in 0..2 {
        let (_, request) = explained();
        let response = send(&service, request).await.unwrap();
        let trail: &Trail = response.extensions().get().unwrap();
        summaries.push((trail.summary(), trail.entries()[0].duration()));
    }
    let (explain, request) = explained();
    refused(send(&service, request).await);
    summaries.push((explain.trail().summary(), ms(0)));
    advance(secs(10)).await;
    let hung = begin(&service).await;
    let (explain, request) = explained();
    refused(send(&service, request).await);
    summaries.push((explain.trail().summary(), ms(0)));
    hung.abort();
    let _ = hung.await;
    let (explain, request) = explained();
    send(&service, request).await.unwrap();
    summaries.push((explain.trail().summary(), ms(0)));
    layer.handle().force_open(API);
    let (explain, request) = explained();
    refused(send(&service, request).await);
    summaries.push((explain.trail().summary(), ms(0)));
    let expected = [
        ("circuit-breaker: passed", ms(5)),
        (
            "circuit-breaker: passed, opened for 10 s (consecutive)",
            ms(0),
        ),
        ("circuit-breaker: rejected, open for 10 s more", ms(0)),
        (
            "circuit-breaker: rejected, half-open and being tried",
            ms(0),
        ),
        ("circuit-breaker: probe, closed", ms(0)),
        ("circuit-breaker: rejected, open by hand", ms(0)),
    ];
    assert_eq!(
        summaries,
        expected.map(|(note, took)| (note.to_owned(), took))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_asked_about_leaves_no_trail() {
    let (service, _) = over(&builder().build().unwrap(), [200]);
    let response = send(&service, api()).await.unwrap();
    assert!(response.extensions().is_empty());
}
