use std::time::Duration;

use buttress_kernel::{Body, Deadline, Explain, Trail};
use buttress_retry::{Budget, Override};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tokio::time::Instant;

use crate::common::{SECOND, broken, get, plain, send};

fn explained() -> (Explain, Request<Body>) {
    let explain = Explain::new();
    let mut request = get();
    request.extensions_mut().insert(explain.clone());
    (explain, request)
}

#[tokio::test(start_paused = true)]
async fn each_retry_is_written_down_with_its_wait() {
    let (_, request) = explained();
    let server = Scripted::new([Step::status(503), broken(), Step::ok()]);
    let response = send(&plain().build().unwrap(), &server, request)
        .await
        .unwrap();
    let trail: &Trail = response.extensions().get().unwrap();
    assert_eq!(
        trail.summary(),
        "retry: attempt 2 after 503, waited 1.0 s; retry: attempt 3 after transport, waited 2.0 s"
    );
    let waits: Vec<_> = trail
        .entries()
        .iter()
        .map(buttress_kernel::Entry::duration)
        .collect();
    assert_eq!(waits, [SECOND, SECOND * 2]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_measured_against_what_the_deadline_leaves() {
    let (explain, mut request) = explained();
    let total = Duration::from_millis(1_240);
    let deadline = Deadline::after(Instant::now().into_std(), total).unwrap();
    request.extensions_mut().insert(deadline);
    request
        .extensions_mut()
        .insert(
            Override::new().backoff(buttress_retry::Backoff::constant(Duration::from_millis(
                140,
            ))),
        );
    let server = Scripted::new([Step::status(503), Step::ok()]);
    send(&plain().build().unwrap(), &server, request)
        .await
        .unwrap();
    let summary = explain.trail().summary();
    assert_eq!(
        summary,
        "retry: attempt 2 after 503, waited 140 ms of 1.2 s budget"
    );
}

#[tokio::test(start_paused = true)]
async fn giving_up_is_written_down_with_its_reason() {
    let (explain, request) = explained();
    let layer = plain().budget(Budget::new(0, 0).unwrap()).build().unwrap();
    let server = Scripted::new([broken()]);
    assert!(send(&layer, &server, request).await.is_err());
    assert_eq!(
        explain.trail().summary(),
        "retry: gave up: the retry budget is spent"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_needs_no_retry_or_can_have_none_says_so() {
    let (_, request) = explained();
    let server = Scripted::new([Step::ok()]);
    let response = send(&plain().build().unwrap(), &server, request)
        .await
        .unwrap();
    let trail: &Trail = response.extensions().get().unwrap();
    assert_eq!(trail.summary(), "retry: no retry needed");

    let (explain, mut request) = explained();
    request.extensions_mut().insert(Override::never());
    send(&plain().build().unwrap(), &server, request)
        .await
        .unwrap();
    assert_eq!(explain.trail().summary(), "retry: off for this request");
}
