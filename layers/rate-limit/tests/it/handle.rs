//! What a handle shows and changes.

use buttress_rate_limit::{Override, Rate, RateLimitLayer, Reason};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn trap14_a_rate_can_change_and_the_level_stays() {
    let layer = per_second(10, 10);
    let (handle, (service, server)) = (layer.handle(), limited(&layer));
    send(&service, with(Override::new().cost(6))).await.unwrap();
    handle.set_rate(Rate::per_second(1).unwrap().burst(20).unwrap());
    let peek = handle.peek("");
    assert_eq!((peek.level(), peek.burst()), (4, 20));
    assert_eq!(peek.full_at(), now() + secs(16));
    handle.set_rate(Rate::per_second(1).unwrap().burst(2).unwrap());
    assert_eq!(handle.peek("").level(), 2, "no more than fits in");
    let start = now();
    for _ in 0..4 {
        send(&service, api()).await.unwrap();
    }
    assert_eq!(server.times(start)[1..], [0, 0, 1, 2].map(secs));
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_served_at_the_new_rate() {
    let layer = RateLimitLayer::per(1, secs(50)).unwrap();
    let (handle, (service, _)) = (layer.handle(), limited(&layer));
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    let start = now();
    handle.set_rate(Rate::per_second(1).unwrap());
    waiting.await.unwrap().unwrap();
    assert_eq!(now() - start, secs(1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_gives_up_in_time_when_the_rate_is_lowered() {
    let layer = per_second(1, 1).wait(secs(3));
    let (handle, (service, _)) = (layer.handle(), limited(&layer));
    send(&service, api()).await.unwrap();
    let start = now();
    let waiting = begin(&service, api()).await;
    handle.set_rate(Rate::per(1, secs(100)).unwrap());
    let refusal = refused(waiting.await.unwrap());
    assert_eq!(
        (now() - start, refusal.reason()),
        (secs(3), Reason::TooLong)
    );
    assert_eq!(refusal.wait(), secs(97));
    assert_eq!((handle.waiting(), handle.rejected()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_costs_more_than_a_lowered_burst_goes_when_the_bucket_is_full() {
    let layer = per_second(1, 5);
    let (handle, (service, _)) = (layer.handle(), limited(&layer));
    send(&service, with(Override::new().cost(5))).await.unwrap();
    let start = now();
    let waiting = begin(&service, with(Override::new().cost(5))).await;
    handle.set_rate(Rate::per_second(1).unwrap().burst(2).unwrap());
    waiting.await.unwrap().unwrap();
    assert_eq!(now() - start, secs(2));
    send(&service, api()).await.unwrap();
    assert_eq!(now() - start, secs(2 + 4), "its debt comes first");
}

#[tokio::test(start_paused = true)]
async fn trap14_a_handle_counts_without_taking() {
    let layer = per_second(1, 2);
    let (handle, (service, _)) = (layer.handle(), limited(&layer));
    let curt = || with(Override::new().reject());
    send(&service, api()).await.unwrap();
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    refused(send(&service, curt()).await);
    let peek = handle.peek("");
    assert_eq!((peek.level(), peek.burst(), peek.waiting()), (0, 2, 1));
    assert_eq!((peek.granted(), peek.rejected()), (2, 1));
    assert_eq!(
        (handle.granted(), handle.rejected(), handle.waiting()),
        (2, 1, 1)
    );
    assert_eq!(peek.full_at(), now() + secs(2));
    waiting.await.unwrap().unwrap();
    assert_eq!((handle.granted(), handle.waiting()), (3, 0));
    assert_eq!(handle.peek("no such key").level(), 2);
}
