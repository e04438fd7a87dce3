//! What opens a closed circuit, and what does not.

use std::io;

use buttress_circuit_breaker::{CircuitBreakerLayer, State};
use buttress_kernel::{BoxError, Facts, Kind, Outcome, Sent, TransportError};
use buttress_testkit::{Scripted, Step};
use tokio::time::advance;
use tower::Layer;

use crate::support::*;

/// The rate alone: half of 20 calls.
fn by_rate() -> CircuitBreakerLayer {
    CircuitBreakerLayer::builder()
        .consecutive(None)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn jp12_five_failures_open_it_for_a_minute_and_three_successes_close_it() {
    let layer = CircuitBreakerLayer::consecutive(5)
        .open_for(secs(60))
        .close_after(3)
        .build()
        .unwrap();
    let (service, server) = over(&layer, [500, 502, 503, 504, 500, 200]);
    assert_eq!(statuses(&service, 7).await, [500, 502, 503, 504, 500, 0, 0]);
    advance(secs(60) - ms(1)).await;
    assert_eq!(status(&service).await, 0);
    advance(ms(1)).await;
    for _ in 0..3 {
        assert_eq!(state(&layer), State::HalfOpen);
        assert_eq!(status(&service).await, 200);
    }
    assert_eq!(state(&layer), State::Closed);
    assert_eq!(server.calls().len(), 8, "a refused call is none");
}

#[tokio::test(start_paused = true)]
async fn by_default_five_failures_in_a_row_open_it() {
    let layer = CircuitBreakerLayer::new();
    let (service, _) = over(&layer, [500]);
    assert_eq!(statuses(&service, 6).await, [500, 500, 500, 500, 500, 0]);
    assert!(open_for(&layer) >= secs(5) && open_for(&layer) <= secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_a_row() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500, 500, 500, 500, 200, 500, 500, 500, 500, 200]);
    statuses(&service, 10).await;
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn w41_half_of_the_calls_failing_opens_it_though_successes_come_between() {
    let layer = CircuitBreakerLayer::new();
    let (service, server) = over(
        &layer,
        (0..200).map(|call| if call % 5 == 0 { 200 } else { 500 }),
    );
    statuses(&service, 200).await;
    assert!(is_open(&layer));
    assert_eq!(server.calls().len(), 20, "as many as a rate needs");
}

#[tokio::test(start_paused = true)]
async fn jp13_half_of_twenty_calls_is_enough_and_less_is_not() {
    for (failures, opens) in [(9, false), (10, true)] {
        for failures_first in [false, true] {
            let layer = by_rate();
            let (first, then) = if failures_first {
                (500, 200)
            } else {
                (200, 500)
            };
            let firsts = if failures_first {
                failures
            } else {
                20 - failures
            };
            let sent = [vec![first; firsts], vec![then; 20 - firsts]].concat();
            let (service, _) = over(&layer, sent);
            statuses(&service, 19).await;
            assert!(!is_open(&layer), "19 calls are too few");
            status(&service).await;
            assert_eq!(is_open(&layer), opens, "{failures} of 20");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_leave_the_window_when_it_has_passed() {
    let layer = by_rate();
    let (service, _) = over(&layer, [vec![500; 19], vec![200; 19], vec![500]].concat());
    statuses(&service, 19).await;
    advance(secs(31)).await;
    statuses(&service, 19).await;
    status(&service).await;
    assert_eq!(state(&layer), State::Closed, "one failure of 20");
}

#[tokio::test(start_paused = true)]
async fn a_window_of_time_lasts_as_long_as_it_says() {
    for (later, opens) in [(secs(27), true), (secs(30), false)] {
        let layer = by_rate();
        let (service, _) = over(&layer, [500]);
        statuses(&service, 19).await;
        advance(later).await;
        status(&service).await;
        assert_eq!(is_open(&layer), opens, "after {later:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn trap10_a_count_window_slides() {
    let layer = CircuitBreakerLayer::builder()
        .consecutive(None)
        .count_window(10)
        .min_calls(10)
        .build()
        .unwrap();
    let (service, _) = over(&layer, [vec![200; 10_000], vec![500]].concat());
    statuses(&service, 10_004).await;
    assert_eq!(state(&layer), State::Closed, "four of the last ten");
    status(&service).await;
    assert!(is_open(&layer), "five of the last ten");
}

#[tokio::test(start_paused = true)]
async fn w43_faults_of_the_caller_do_not_count() {
    let layer = CircuitBreakerLayer::new();
    let faults = [400, 401, 403, 404, 409, 410, 422, 404, 404, 404];
    let (service, _) = over(&layer, faults);
    statuses(&service, 100).await;
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_caller_neither_end_a_row_nor_thin_a_rate() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500, 500, 404, 500, 500, 404, 500]);
    statuses(&service, 7).await;
    assert!(is_open(&layer), "five failures in a row");

    let layer = by_rate();
    let (service, _) = over(&layer, [vec![404; 50], vec![500; 10], vec![200]].concat());
    statuses(&service, 70).await;
    assert!(is_open(&layer), "ten of the twenty that count");
}

#[tokio::test(start_paused = true)]
async fn d20_a_429_counts_in_the_rate_alone() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [429]);
    statuses(&service, 100).await;
    assert_eq!(state(&layer), State::Closed, "no row");

    let (service, _) = over(&layer, [500, 500, 500, 500, 429, 500]);
    statuses(&service, 6).await;
    assert!(is_open(&layer), "it does not end a row either");

    let layer = by_rate();
    let (service, _) = over(&layer, [429]);
    statuses(&service, 20).await;
    assert!(is_open(&layer));
}

fn error(kind: Kind) -> BoxError {
    #[derive(Debug)]
    struct Ours(Facts);
    impl std::fmt::Display for Ours {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("ours")
        }
    }
    impl std::error::Error for Ours {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    Ours(Facts::new(kind)).into()
}

#[tokio::test(start_paused = true)]
async fn d20_errors_of_the_way_to_the_server_count_and_our_own_refusals_do_not() {
    for (kind, counts) in [
        (Kind::Timeout, true),
        (Kind::Connect, true),
        (Kind::Transport, true),
        (Kind::Other, true),
        (Kind::CircuitOpen, false),
        (Kind::RateLimited, false),
        (Kind::Held, false),
        (Kind::Unauthenticated, false),
        (Kind::Request, false),
        (Kind::RequestBody, false),
    ] {
        let layer = builder().build().unwrap();
        let server = Scripted::new([Step::error(move || error(kind))]);
        let service = layer.layer(server);
        for _ in 0..5 {
            send(&service, api()).await.unwrap_err();
        }
        assert_eq!(is_open(&layer), counts, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_pass_as_they_are() {
    let layer = builder().build().unwrap();
    let make = || TransportError::broken(Sent::Yes, io::Error::other("gone"));
    let service = layer.layer(Scripted::new([Step::error(make)]));
    let error = send(&service, api()).await.unwrap_err();
    assert!(error.downcast_ref::<TransportError>().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_a_result_means_can_be_set() {
    let layer = builder()
        .classify(
            |end: Result<&http::Response<_>, &(dyn std::error::Error + 'static)>| {
                let teapot = end.is_ok_and(|response| response.status() == 418);
                if teapot {
                    Outcome::ServerFailure
                } else {
                    Outcome::Success
                }
            },
        )
        .build()
        .unwrap();
    let service = layer.layer(Scripted::new([Step::status(418)]));
    for _ in 0..5 {
        let _ = tower::ServiceExt::oneshot(service.clone(), api()).await;
    }
    assert!(is_open(&layer));
}

#[tokio::test(start_paused = true)]
async fn jp14_any_async_function_can_be_wrapped() {
    let layer = CircuitBreakerLayer::any_request()
        .consecutive(3)
        .build()
        .unwrap();
    let divide = tower::service_fn(|(a, b): (i32, i32)| async move {
        a.checked_div(b).ok_or_else(|| io::Error::other("no"))
    });
    let service = layer.layer(divide);
    let call = |pair| tower::ServiceExt::oneshot(service.clone(), pair);
    assert_eq!(call((4, 2)).await.unwrap(), 2);
    for _ in 0..3 {
        assert_eq!(call((4, 0)).await.unwrap_err().to_string(), "no");
    }
    assert_eq!(refused(call((4, 2)).await).key().as_str(), "");
    assert!(matches!(layer.handle().state(""), State::Open { .. }));
}
