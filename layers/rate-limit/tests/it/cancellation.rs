use std::sync::Arc;

use buttress_rate_limit::Override;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tower::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_layer::Layer;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn dropped_before_its_first_poll_a_waiter_gives_its_place_back() {
    let layer = per_second(1, 1);
    let (mut service, _) = limited(&layer);
    send(&service, api()).await.unwrap();
    let start = now();
    drop(service.ready().await.unwrap().call(api()));
    assert_eq!(layer.handle().waiting(), 0);
    send(&service, api()).await.unwrap();
    assert_eq!(now() - start, secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiters_place_goes_to_the_next_at_once() {
    let layer = per_second(1, 5);
    let (service, server) = limited(&layer);
    send(&service, with(Override::new().cost(5))).await.unwrap();
    let start = now();
    let dear = begin(&service, with(Override::new().cost(5))).await;
    let cheap = begin(&service, api()).await;
    sleep(secs(2)).await;
    assert_eq!(server.calls(), 1);
    dear.abort();
    cheap.await.unwrap().unwrap();
    assert_eq!(now() - start, secs(2), "its tokens were there already");
    assert_eq!(layer.handle().peek("").level(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_a_call_that_never_was_are_given_back() {
    let layer = per_second(1, 1);
    let permits = Arc::new(Semaphore::new(1));
    let server = Server::default();
    let narrow = ConcurrencyLimit::with_semaphore(server.clone(), Arc::clone(&permits));
    let mut service = layer.layer(narrow);
    service.ready().await.unwrap().call(api()).await.unwrap();
    let call = service.ready().await.unwrap().call(api());
    sleep(secs(1)).await;
    let taken = permits.try_acquire().unwrap();
    let mut call = tokio_test::task::spawn(call);
    assert!(call.poll().is_pending(), "served, and not let in");
    let peek = layer.handle().peek("");
    assert_eq!((peek.waiting(), peek.level(), peek.granted()), (0, 0, 2));
    drop(call);
    let peek = layer.handle().peek("");
    assert_eq!((peek.level(), peek.granted()), (1, 1));
    drop(taken);
    assert_eq!(permits.available_permits(), 1);
    assert_eq!(server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_given_back_serve_the_next_waiter_at_once() {
    let layer = per_second(1, 1);
    let (mut service, _) = limited(&layer);
    send(&service, api()).await.unwrap();
    let start = now();
    let idle = service.ready().await.unwrap().call(api());
    let waiting = begin(&service, api()).await;
    sleep(ms(1_500)).await;
    drop(idle);
    waiting.await.unwrap().unwrap();
    assert_eq!(now() - start, ms(1_500));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_nobody_polls_does_not_stop_the_next() {
    let layer = per_second(1, 1);
    let (mut service, _) = limited(&layer);
    send(&service, api()).await.unwrap();
    let start = now();
    let idle = service.ready().await.unwrap().call(api());
    send(&service, api()).await.unwrap();
    assert_eq!(
        now() - start,
        ms(2_995),
        "late, since nobody looked when the first one's token came"
    );
    idle.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn trap9_over_a_limit_of_one_nobody_starves() {
    let server = Server::default();
    let service = ServiceBuilder::new()
        .layer(per_second(10, 1))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(server.clone());
    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(service.clone().oneshot(api())))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn who_waits_holds_no_place_of_the_inner_service() {
    let server = Server::default();
    let mut service = ServiceBuilder::new()
        .layer(per_second(1, 1))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(server.clone());
    service.ready().await.unwrap().call(api()).await.unwrap();
    let start = now();
    let waiting = service.ready().await.unwrap().call(api());
    let free = with(Override::new().skip());
    service.ready().await.unwrap().call(free).await.unwrap();
    assert_eq!(now(), start);
    waiting.await.unwrap();
    assert_eq!(server.calls(), 3);
}
