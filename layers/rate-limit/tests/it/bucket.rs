use buttress_kernel::{Background, Deadline, Failure, Kind, Sent};
use buttress_rate_limit::{CostTooHigh, Override, RateLimitLayer, Reason};
use http::Request;
use tokio::time::advance;
use tower::retry::{Policy, RetryLayer};
use tower::timeout::TimeoutLayer;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn jp15_a_bucket_starts_full_and_is_refilled_by_elapsed_time() {
    let (service, server) = limited(&per_second(10, 3));
    let start = now();
    for _ in 0..6 {
        send(&service, api()).await.unwrap();
    }
    let expected = [0, 0, 0, 100, 200, 300].map(ms);
    assert_eq!(server.times(start), expected);
}

#[tokio::test(start_paused = true)]
async fn jp15_a_bucket_holds_no_more_than_its_burst_however_long_it_rests() {
    let layer = per_second(10, 3).reject();
    let (service, server) = limited(&layer);
    advance(secs(3_600)).await;
    for _ in 0..3 {
        send(&service, api()).await.unwrap();
    }
    refused(send(&service, api()).await);
    assert_eq!(server.calls(), 3);
    advance(ms(99)).await;
    refused(send(&service, api()).await);
    advance(ms(1)).await;
    send(&service, api()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn jp16_sixty_at_once_and_then_one_a_second() {
    let (service, server) = limited(&per_second(1, 60));
    let start = now();
    for _ in 0..62 {
        send(&service, api()).await.unwrap();
    }
    assert_eq!(server.times(start)[59..], [0, 1, 2].map(secs));
}

/// Tries three times in all, at once.
#[derive(Clone)]
struct Twice(u32);

impl<E> Policy<Request<()>, http::Response<()>, E> for Twice {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<()>,
        _: &mut Result<http::Response<()>, E>,
    ) -> Option<Self::Future> {
        self.0 = self.0.checked_sub(1)?;
        Some(std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<()>) -> Option<Request<()>> {
        Some(request.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn jp16_under_retry_every_attempt_pays() {
    let (layer, server) = (per_second(1, 1), Server::default());
    let handle = layer.handle();
    let client = ServiceBuilder::new()
        .layer(RetryLayer::new(Twice(2)))
        .layer(layer)
        .service(server.clone());
    let start = now();
    client.oneshot(api()).await.unwrap();
    assert_eq!(server.times(start), [0, 1, 2].map(secs));
    assert_eq!(handle.granted(), 3);
}

#[tokio::test(start_paused = true)]
async fn jp16_the_wait_is_outside_of_a_timeout_below() {
    let client = ServiceBuilder::new()
        .layer(per_second(1, 1))
        .layer(TimeoutLayer::new(ms(500)))
        .service(Server::default());
    let start = now();
    for _ in 0..3 {
        send(&client, api()).await.unwrap();
    }
    assert_eq!(now() - start, secs(2));
}

#[tokio::test(start_paused = true)]
async fn acceptance_6_the_bucket_of_the_contract() {
    let layer = per_second(10, 2);
    let (service, server) = limited(&layer);
    let start = now();
    let error = send(&service, with(Override::new().cost(3)))
        .await
        .unwrap_err();
    assert!(
        error.is::<CostTooHigh>(),
        "more than the capacity is an error"
    );
    let mut calls = Vec::new();
    for _ in 0..5 {
        calls.push(begin(&service, api()).await);
    }
    calls.remove(2).abort();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let expected = [0, 0, 100, 200].map(ms);
    assert_eq!(
        server.times(start),
        expected,
        "the dropped one's place is used"
    );
}

#[tokio::test(start_paused = true)]
async fn w44_a_cost_above_the_burst_is_an_error_and_not_an_endless_wait() {
    let layer = per_second(10, 3).cost(|request: &Request<()>| match request.uri().path() {
        "/dear" => 4,
        _ => 3,
    });
    let server = Server::default();
    let service = tower_layer::Layer::layer(&layer, server.clone());
    let error = send(&service, get("http://a/dear")).await.unwrap_err();
    let failure = Failure::of(&*error);
    assert_eq!((failure.kind(), failure.sent()), (Kind::Request, Sent::No));
    assert_eq!(failure.retry_at(), None, "coming back is pointless");
    let dear: &CostTooHigh = failure.find().unwrap();
    assert_eq!((dear.cost(), dear.burst()), (4, 3));
    assert!(
        error
            .to_string()
            .contains("costs 4 tokens and the bucket holds 3")
    );
    send(&service, get("http://a/fits")).await.unwrap();
    assert_eq!(server.paths(), ["/fits"]);
}

#[tokio::test(start_paused = true)]
async fn trap4_ten_a_second_do_not_let_nineteen_through_in_ten_milliseconds() {
    let layer = per_second(10, 10).reject();
    let start = now();
    advance(ms(995)).await;
    let mut granted = 0;
    while now() - start < ms(1_005) {
        for _ in 0..20 {
            let (service, _) = limited(&layer.clone());
            granted += usize::from(send(&service, api()).await.is_ok());
        }
        advance(ms(1)).await;
    }
    assert_eq!(granted, 10, "one limit, whoever makes the service");
}

#[tokio::test(start_paused = true)]
async fn trap15_the_seconds_of_a_refusal_are_rounded_up_and_never_0() {
    let (service, _) = limited(&per_second(10, 1).reject());
    send(&service, api()).await.unwrap();
    let soon = refused(send(&service, api()).await);
    assert_eq!((soon.wait(), soon.seconds()), (ms(100), 1));
    let (service, _) = limited(&RateLimitLayer::per(1, ms(1_001)).unwrap().reject());
    send(&service, api()).await.unwrap();
    assert_eq!(refused(send(&service, api()).await).seconds(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_when_to_come_back_and_keeps_its_word() {
    let (service, _) = limited(&per_second(4, 1).reject());
    send(&service, api()).await.unwrap();
    let error = send(&service, api()).await.unwrap_err();
    let failure = Failure::of(&*error);
    let (kind, sent) = (failure.kind(), failure.sent());
    assert_eq!((kind, sent), (Kind::RateLimited, Sent::No));
    assert_eq!(failure.retry_at(), Some(now() + ms(250)));
    let refusal = refused(Err(error));
    assert_eq!(refusal.reason(), Reason::Rejecting);
    assert_eq!(
        refusal.to_string(),
        "the rate limit is exhausted, try again in 250 ms"
    );
    advance(refusal.wait()).await;
    send(&service, api()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_fit_fails_at_once() {
    let (service, server) = limited(&per_second(1, 1).wait(secs(2)));
    let start = now();
    send(&service, api()).await.unwrap();
    let waiting = [begin(&service, api()).await, begin(&service, api()).await];
    let refusal = refused(send(&service, api()).await);
    assert_eq!(now(), start, "at once");
    assert_eq!(
        (refusal.reason(), refusal.wait()),
        (Reason::TooLong, secs(3))
    );
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_fails_at_once() {
    let (service, _) = limited(&per_second(1, 1));
    let start = now();
    send(&service, api()).await.unwrap();
    let at = |wait| with(Deadline::at(start + wait));
    let refusal = refused(send(&service, at(secs(1))).await);
    assert_eq!(now(), start, "at once");
    assert_eq!(refusal.reason(), Reason::Deadline);
    assert!(
        refusal
            .to_string()
            .ends_with("try again in 1 s, with a later deadline")
    );
    send(&service, at(ms(1_001))).await.unwrap();
    assert_eq!(now() - start, secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded() {
    let layer = per_second(1, 1).max_waiting(2);
    let (service, _) = limited(&layer);
    send(&service, api()).await.unwrap();
    let waiting = [begin(&service, api()).await, begin(&service, api()).await];
    let refusal = refused(send(&service, api()).await);
    assert_eq!(
        (refusal.reason(), refusal.wait()),
        (Reason::Crowded, secs(3))
    );
    assert!(
        refusal
            .to_string()
            .contains("as many requests as allowed are waiting")
    );
    for call in waiting {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_skips_pays_waits_and_rejects() {
    let layer = per_second(1, 5).reject();
    let (handle, (service, _)) = (layer.handle(), limited(&layer));
    send(&service, with(Override::new().cost(4))).await.unwrap();
    assert_eq!(handle.peek("").level(), 1);
    send(&service, with(Override::new().skip())).await.unwrap();
    send(&service, with(Override::new().cost(0))).await.unwrap();
    assert_eq!(handle.peek("").level(), 1);
    send(&service, api()).await.unwrap();
    refused(send(&service, api()).await);
    let start = now();
    send(&service, with(Override::new().wait(secs(1))))
        .await
        .unwrap();
    assert_eq!(now() - start, secs(1));
    let (waits, _) = limited(&per_second(1, 1));
    send(&waits, api()).await.unwrap();
    refused(send(&waits, with(Override::new().reject())).await);
    assert_eq!(now() - start, secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_free_passes_those_who_wait() {
    let (service, server) = limited(&per_second(1, 1));
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    send(&service, with(Override::new().skip())).await.unwrap();
    assert_eq!(server.calls(), 2);
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_pays_what_it_costs_and_is_as_patient_as_the_layer() {
    let unattended = |change: Override| {
        let mut request = with(change);
        request.extensions_mut().insert(Background);
        request
    };
    let layer = per_second(1, 5);
    let (handle, (service, _)) = (layer.handle(), limited(&layer));
    send(&service, unattended(Override::new().skip()))
        .await
        .unwrap();
    assert_eq!(handle.peek("").level(), 4);
    send(&service, unattended(Override::new().cost(4)))
        .await
        .unwrap();
    assert_eq!(handle.peek("").level(), 0);
    let start = now();
    send(&service, unattended(Override::new().reject()))
        .await
        .unwrap();
    assert_eq!(now() - start, secs(1));
}
