use std::time::Duration;

use buttress_kernel::{Deadline, Failure, Kind, Readable, Sent};
use buttress_priority::{InvalidLimit, Override, Priority, PriorityLayer, Reason};
use tower::Layer;

use crate::support::*;

#[test]
fn a_limit_that_cannot_be_kept_is_refused_with_the_rule() {
    let refused = |most| PriorityLayer::new(most).unwrap_err().to_string();
    assert_eq!(
        refused(0),
        "with no request in flight none would ever go: allow at least 1"
    );
    assert_eq!(
        refused(1 << 31),
        "2147483648 requests in flight are more than the 2147483647 that can be counted"
    );
    let layer = of((1 << 31) - 1);
    let unchanged: Result<(), InvalidLimit> = layer.handle().set_max_in_flight(0);
    unchanged.unwrap_err();
    assert_eq!(layer.handle().max_in_flight(), (1 << 31) - 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_an_error_after_max_wait() {
    let server = Server::new();
    for (layer, most) in [(of(1), secs(60)), (of(1).max_wait(ms(1_500)), ms(1_500))] {
        let service = layer.layer(server.clone());
        let first = begin(&service, path("/")).await;
        let start = now();
        let error = send(&service, path("/")).await.unwrap_err();
        assert_eq!(now() - start, most);
        let failure = Failure::of(&*error);
        assert_eq!(
            (failure.kind(), failure.sent()),
            (Kind::RateLimited, Sent::No)
        );
        let crowded = refused(Err(error));
        assert_eq!(
            (crowded.reason(), crowded.waited()),
            (Reason::TooLong, most)
        );
        assert_eq!(
            crowded.to_string(),
            format!(
                "as many requests as allowed are in flight: waited {}, allow a longer wait",
                Readable(most)
            )
        );
        let handle = layer.handle();
        assert_eq!((handle.in_flight(), handle.waiting()), (1, 0));
        first.abort();
        settle().await;
        assert_eq!(handle.in_flight(), 0);
    }
    assert_eq!(server.calls(), 2, "only those that went");
}

#[tokio::test(start_paused = true)]
async fn without_max_wait_a_wait_has_no_end() {
    let server = Server::new();
    for layer in [of(1).max_wait(None), of(1).max_wait(Duration::MAX)] {
        let service = layer.layer(server.clone());
        let first = begin(&service, path("/")).await;
        let waiting = begin(&service, path("/")).await;
        tokio::time::sleep(secs(1_000_000)).await;
        assert!(!waiting.is_finished());
        server.answer(2).await;
        first.await.unwrap().unwrap();
        waiting.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_no_time_is_refused_at_once() {
    let server = Server::new();
    let layer = of(1).max_wait(Duration::ZERO);
    let service = layer.layer(server.clone());
    let _first = begin(&service, path("/")).await;
    let crowded = refused(send(&service, path("/")).await);
    assert_eq!(
        (crowded.reason(), crowded.waited()),
        (Reason::TooLong, Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_may_wait_longer_or_shorter_than_the_layer_allows() {
    let server = Server::new();
    let service = of(1).max_wait(secs(10)).layer(server.clone());
    let first = begin(&service, path("/")).await;
    let start = now();
    for wait in [1, 20] {
        let request = with(path("/"), Override::new().max_wait(secs(wait)));
        assert_eq!(refused(send(&service, request).await).waited(), secs(wait));
    }
    assert_eq!(now() - start, secs(21));
    let request = with(path("/"), Override::new().max_wait(None));
    let patient = begin(&service, request).await;
    tokio::time::sleep(secs(1_000)).await;
    server.answer(2).await;
    first.await.unwrap().unwrap();
    patient.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_the_deadline_and_does_not_begin_after_it() {
    let server = Server::new();
    let service = of(1).layer(server.clone());
    let first = begin(&service, path("/")).await;
    let (start, deadline) = (now(), Deadline::at(now() + secs(2)));
    for waited in [secs(2), Duration::ZERO] {
        let crowded = refused(send(&service, with(path("/"), deadline)).await);
        assert_eq!(
            (crowded.reason(), crowded.waited()),
            (Reason::Deadline, waited)
        );
        assert_eq!(
            crowded.to_string(),
            format!(
                "as many requests as allowed are in flight: waited {}, until the deadline",
                Readable(waited)
            )
        );
    }
    assert_eq!(now() - start, secs(2));
    server.answer(2).await;
    first.await.unwrap().unwrap();
    let late = send(&service, with(path("/"), deadline)).await;
    late.expect("who need not wait is not asked");
}

#[tokio::test(start_paused = true)]
async fn served_and_late_at_the_same_time_is_served() {
    let server = Server::new();
    let service = of(1).max_wait(secs(1)).layer(server.clone());
    let first = begin(&service, path("/")).await;
    let mut second = tokio_test::task::spawn(send(&service, path("/")));
    assert!(second.poll().is_pending());
    server.answer(2).await;
    first.await.unwrap().unwrap();
    tokio::time::sleep(secs(9)).await;
    second.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once_who_is_not_more_urgent() {
    let server = Server::new();
    let layer = of(1).max_waiting(2);
    let service = layer.layer(server.clone());
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(begin(&service, path("/")).await);
    }
    let start = now();
    for priority in [0, -1] {
        let crowded = refused(send(&service, with(path("/"), Priority(priority))).await);
        assert_eq!(
            (crowded.reason(), crowded.waited()),
            (Reason::Full, Duration::ZERO)
        );
        assert_eq!(
            crowded.to_string(),
            "as many requests as allowed are in flight, and as many wait: try again later"
        );
    }
    assert_eq!((now(), layer.handle().waiting()), (start, 2));
    server.answer(3).await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_full_queue_the_newest_of_the_least_urgent_makes_room() {
    let server = Server::new();
    let layer = of(1).max_waiting(3);
    let service = layer.layer(server.clone());
    let mut calls = Vec::new();
    for (name, priority) in [("/0", 0), ("/low", -1), ("/lower", -2), ("/newest", -2)] {
        calls.push(begin(&service, with(path(name), Priority(priority))).await);
    }
    tokio::time::sleep(secs(1)).await;
    calls.push(begin(&service, with(path("/high"), Priority(1))).await);
    let crowded = refused(calls.remove(3).await.unwrap());
    assert_eq!(
        (crowded.reason(), crowded.waited()),
        (Reason::Displaced, secs(1))
    );
    assert_eq!(
        crowded.to_string(),
        "as many requests as allowed are in flight: waited 1 s and made room for a more urgent one"
    );
    for _ in 0..4 {
        server.answer(1).await;
    }
    assert_eq!(server.paths(), ["/0", "/high", "/low", "/lower"]);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_usual_queue_is_bounded() {
    let server = Server::new();
    let layer = of(1).max_wait(None);
    let service = layer.layer(server.clone());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1_025 {
        let service = service.clone();
        tasks.spawn(async move { send(&service, path("/")).await });
    }
    settle().await;
    assert_eq!(layer.handle().waiting(), 1_024);
    assert_eq!(
        refused(send(&service, path("/")).await).reason(),
        Reason::Full
    );
}

#[tokio::test(start_paused = true)]
async fn who_skips_goes_at_once_and_is_not_counted() {
    let server = Server::new();
    let layer = of(1);
    let service = layer.layer(server.clone());
    let _first = begin(&service, path("/1")).await;
    let _second = begin(&service, path("/2")).await;
    let health = begin(&service, with(path("/health"), Override::new().skip())).await;
    assert_eq!(server.paths(), ["/1", "/health"]);
    let handle = layer.handle();
    assert_eq!((handle.in_flight(), handle.waiting()), (1, 1));
    server.answer(1).await;
    server.answer(1).await;
    health.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_raised_limit_lets_waiters_go_and_a_lowered_one_cancels_nobody() {
    let server = Server::new();
    let layer = of(1);
    let (service, handle) = (layer.layer(server.clone()), layer.handle());
    let mut calls = Vec::new();
    for _ in 0..5 {
        calls.push(begin(&service, path("/")).await);
    }
    handle.set_max_in_flight(3).unwrap();
    settle().await;
    assert_eq!((server.calls(), handle.in_flight()), (3, 3));
    handle.set_max_in_flight(1).unwrap();
    assert_eq!(handle.in_flight(), 3);
    for (in_flight, calls) in [(2, 3), (1, 3), (1, 4), (1, 5), (0, 5)] {
        server.answer(1).await;
        assert_eq!((handle.in_flight(), server.calls()), (in_flight, calls));
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn clones_and_siblings_share_one_limit() {
    let server = Server::new();
    let layer = of(2);
    let one = layer.layer(server.clone());
    let services = [
        one.clone(),
        one,
        layer.layer(server.clone()),
        layer.clone().layer(server.clone()),
        layer.clone().max_wait(secs(1)).layer(server.clone()),
    ];
    for service in &services {
        begin(service, path("/")).await;
    }
    assert_eq!(server.calls(), 2);
    let handle = layer.handle();
    assert_eq!((handle.in_flight(), handle.waiting()), (2, 3));
    for stranger in [
        of(2),
        layer.clone().max_waiting(9),
        layer.clone().ageing(secs(1)),
        layer.max_keys(9),
    ] {
        assert_eq!(stranger.handle().in_flight(), 0);
        assert_eq!(stranger.handle().max_in_flight(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_gives_its_place_back_and_keeps_its_error() {
    let server = Server::new();
    let layer = of(1);
    let service = layer.layer(server.clone());
    let fails = begin(&service, path("/fails")).await;
    let next = begin(&service, path("/next")).await;
    server.answer(1).await;
    assert_eq!(fails.await.unwrap().unwrap_err().to_string(), "it fails");
    assert_eq!(server.paths(), ["/fails", "/next"]);
    server.answer(1).await;
    next.await.unwrap().unwrap();
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_waits_as_long_as_the_layer_allows() {
    let server = Server::new();
    let service = of(1).max_wait(secs(10)).layer(server.clone());
    let _first = begin(&service, path("/")).await;
    let request = with(path("/"), Override::new().max_wait(secs(1)));
    let request = with(request, buttress_kernel::Background);
    assert_eq!(refused(send(&service, request).await).waited(), secs(10));
}
