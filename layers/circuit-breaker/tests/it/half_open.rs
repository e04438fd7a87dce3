//! Probes.

use buttress_circuit_breaker::{CircuitBreakerLayer, State};
use buttress_testkit::{Scripted, Step};
use tokio::time::advance;
use tower::Layer;

use crate::support::*;

/// A half-open circuit over a server that answers so from then on.
async fn half_open(layer: &CircuitBreakerLayer, then: &[Step]) -> (Broken, Scripted) {
    let steps = [vec![Step::status(500); 5], then.to_vec()].concat();
    let server = Scripted::new(steps);
    let service = layer.layer(server.clone());
    statuses(&service, 5).await;
    advance(open_for(layer)).await;
    (service, server)
}

#[tokio::test(start_paused = true)]
async fn w42_one_failed_probe_opens_it_again() {
    let layer = builder().close_after(3).build().unwrap();
    let (service, _) = half_open(&layer, &[Step::ok(), Step::ok(), Step::status(500)]).await;
    assert_eq!(statuses(&service, 4).await, [200, 200, 500, 0]);
    assert_eq!(open_for(&layer), secs(10));
}

#[tokio::test(start_paused = true)]
async fn w42_successes_of_an_earlier_half_open_state_are_forgotten() {
    let layer = builder().close_after(3).build().unwrap();
    let steps = [Step::ok(), Step::ok(), Step::status(500), Step::ok()];
    let (service, _) = half_open(&layer, &steps).await;
    statuses(&service, 3).await;
    advance(secs(10)).await;
    statuses(&service, 2).await;
    assert_eq!(state(&layer), State::HalfOpen, "two of three");
    statuses(&service, 1).await;
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn w42_as_many_probes_as_allowed_go_through_at_once() {
    for probes in [1, 3] {
        let layer = builder().probes(probes).close_after(3).build().unwrap();
        let (service, server) = half_open(&layer, &[Step::ok().after(secs(1))]).await;
        let mut calls = Vec::new();
        for _ in 0..50 {
            calls.push(begin(&service).await);
        }
        assert_eq!(server.calls().len(), 5 + probes as usize);
        let mut well = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(_) => well += 1,
                end => assert_eq!(refused(end).seconds(), Some(1)),
            }
        }
        assert_eq!(well, probes);
        let closes = if probes == 3 {
            State::Closed
        } else {
            State::HalfOpen
        };
        assert_eq!(state(&layer), closes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_while_it_is_tried_promises_nothing() {
    let layer = builder().build().unwrap();
    let (service, _) = half_open(&layer, &[Step::hang()]).await;
    let _probe = begin(&service).await;
    let open = refused(send(&service, api()).await);
    assert_eq!(open.retry_at(), Some(now()));
    assert_eq!(
        open.to_string(),
        "the circuit is half-open (api.example.com) and being tried, try again soon"
    );
}

#[tokio::test(start_paused = true)]
async fn trap11_one_success_closes_it_only_if_that_is_enough() {
    for (close_after, then) in [(1, State::Closed), (2, State::HalfOpen)] {
        let layer = builder().close_after(close_after).build().unwrap();
        let (service, _) = half_open(&layer, &[Step::ok()]).await;
        status(&service).await;
        assert_eq!(state(&layer), then);
    }
}

#[tokio::test(start_paused = true)]
async fn trap10_w43_a_late_result_changes_nothing() {
    for (late, then) in [(200, State::HalfOpen), (500, State::HalfOpen)] {
        let layer = builder().build().unwrap();
        let steps = [
            vec![Step::status(late).after(secs(15))],
            vec![Step::status(500); 5],
        ];
        let service = layer.layer(Scripted::new(steps.concat()));
        let early = begin(&service).await;
        statuses(&service, 5).await;
        assert!(is_open(&layer));
        advance(secs(11)).await;
        assert_eq!(state(&layer), State::HalfOpen);
        assert_eq!(early.await.unwrap().unwrap().status(), late);
        assert_eq!(state(&layer), then, "{late} from before it opened");
    }
}

#[tokio::test(start_paused = true)]
async fn w43_a_late_failure_does_not_count_against_a_circuit_that_has_closed_again() {
    let layer = builder().build().unwrap();
    let steps = [
        vec![Step::status(500).after(secs(15)); 5],
        vec![Step::status(500); 5],
        vec![Step::ok()],
    ];
    let service = layer.layer(Scripted::new(steps.concat()));
    let mut early = Vec::new();
    for _ in 0..5 {
        early.push(begin(&service).await);
    }
    statuses(&service, 5).await;
    advance(secs(11)).await;
    assert_eq!(status(&service).await, 200);
    assert_eq!(state(&layer), State::Closed);
    for call in early {
        call.await.unwrap().unwrap();
    }
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn trap10_sparse_probes_close_a_circuit_whatever_its_window() {
    let layer = CircuitBreakerLayer::builder()
        .jitter(false)
        .close_after(3)
        .window(secs(5))
        .build()
        .unwrap();
    let (service, _) = half_open(&layer, &[Step::ok()]).await;
    for _ in 0..3 {
        assert_eq!(state(&layer), State::HalfOpen);
        status(&service).await;
        advance(secs(60)).await;
    }
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_finds_fault_with_the_caller_shows_that_the_server_is_well() {
    let layer = builder().build().unwrap();
    let (service, _) = half_open(&layer, &[Step::status(404)]).await;
    assert_eq!(status(&service).await, 404);
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_never_sent_or_is_throttled_frees_its_place_and_says_nothing() {
    let unsent = || buttress_kernel::TransportError::request("no host");
    for step in [Step::status(429), Step::error(unsent)] {
        let layer = builder().build().unwrap();
        let (service, _) = half_open(&layer, &[step, Step::ok()]).await;
        let _ = send(&service, api()).await;
        assert_eq!(state(&layer), State::HalfOpen);
        assert_eq!(status(&service).await, 200);
        assert_eq!(state(&layer), State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_has_failed_after_its_time() {
    let layer = builder()
        .max_open(secs(20))
        .probe_timeout(secs(7))
        .build()
        .unwrap();
    let (service, _) = half_open(&layer, &[Step::ok().after(secs(100)), Step::ok()]).await;
    let hung = begin(&service).await;
    advance(secs(7) - ms(1)).await;
    assert_eq!(status(&service).await, 0);
    assert_eq!(state(&layer), State::HalfOpen);
    advance(ms(1)).await;
    assert_eq!(status(&service).await, 0);
    assert_eq!(open_for(&layer), secs(20), "the second time");
    advance(secs(20)).await;
    assert_eq!(state(&layer), State::HalfOpen);
    hung.await.unwrap().unwrap();
    assert_eq!(state(&layer), State::HalfOpen, "it comes too late");
    assert_eq!(status(&service).await, 200);
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_hung_probe_failed_when_its_time_was_over_though_nobody_was_there_to_see_it() {
    let layer = builder().probe_timeout(secs(7)).build().unwrap();
    let (service, _) = half_open(&layer, &[Step::hang(), Step::ok()]).await;
    let _hung = begin(&service).await;
    advance(secs(12)).await;
    assert_eq!(open_for(&layer), secs(5), "ten from then on");
    advance(secs(60)).await;
    assert_eq!(status(&service).await, 200, "another probe");
}

#[tokio::test(start_paused = true)]
async fn a_probe_has_as_long_as_a_call_that_is_not_slow_or_a_minute() {
    for (layer, limit) in [
        (builder().slow_calls(secs(3), 50).build(), secs(3)),
        (
            builder()
                .slow_calls(secs(3), 50)
                .probe_timeout(secs(9))
                .build(),
            secs(9),
        ),
        (builder().build(), secs(60)),
    ] {
        let layer = layer.unwrap();
        let (service, _) = half_open(&layer, &[Step::hang()]).await;
        let _hung = begin(&service).await;
        advance(limit - ms(1)).await;
        assert_eq!(state(&layer), State::HalfOpen);
        advance(ms(1)).await;
        assert!(is_open(&layer), "after {limit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_answers_too_late_has_failed() {
    let layer = builder().slow_calls(secs(3), 50).build().unwrap();
    let (service, _) = half_open(&layer, &[Step::ok().after(secs(3))]).await;
    assert_eq!(status(&service).await, 200);
    assert!(is_open(&layer));
}
