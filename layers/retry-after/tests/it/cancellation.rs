use std::sync::Arc;

use buttress_retry_after::RetryAfterLayer;
use tokio::sync::Semaphore;
use tower::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_layer::Layer;

use crate::support::*;

const PAUSE: (u16, &[(&str, &str)]) = (429, &[("retry-after", "5")]);

#[tokio::test(start_paused = true)]
async fn dropped_before_its_first_poll_a_waiter_gives_its_place_back() {
    let layer = RetryAfterLayer::new().max_waiting(1);
    let (mut service, server) = gated(&layer, &[PAUSE]);
    send(&service, api()).await.unwrap();
    drop(service.ready().await.unwrap().call(api()));
    assert_eq!(layer.handle().waiting(), 0);
    send(&service, api()).await.unwrap();
    assert_eq!(server.paths().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn dropped_while_held_a_waiter_gives_its_place_back() {
    let layer = RetryAfterLayer::new().max_waiting(1);
    let (service, server) = gated(&layer, &[PAUSE]);
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    assert_eq!(layer.handle().waiting(), 1);
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(layer.handle().waiting(), 0);
    send(&service, api()).await.unwrap();
    assert_eq!(
        server.paths().len(),
        2,
        "nothing was sent for the one that was dropped"
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_during_the_spread_a_waiter_gives_its_place_back() {
    let layer = RetryAfterLayer::new().spread(secs(10));
    let (service, server) = gated(&layer, &[PAUSE]);
    send(&service, api()).await.unwrap();
    let waiting = [begin(&service, api()).await, begin(&service, api()).await];
    tokio::time::sleep(secs(5)).await;
    tokio::task::yield_now().await;
    let before = layer.handle().waiting();
    assert!(before > 0, "somebody is still there");
    for task in waiting {
        task.abort();
        drop(task.await);
    }
    assert_eq!(layer.handle().waiting(), 0);
    assert!(server.paths().len() < 3);
}

#[tokio::test(start_paused = true)]
async fn dropped_while_it_waits_for_the_service_nothing_stays_behind() {
    let layer = RetryAfterLayer::new().spread(secs(0));
    let permits = Arc::new(Semaphore::new(1));
    let server = Server::answering([answer(429, &[("retry-after", "5")])]);
    let narrow = ConcurrencyLimit::with_semaphore(server.clone(), Arc::clone(&permits));
    let mut service = layer.layer(narrow);
    service.ready().await.unwrap().call(api()).await.unwrap();
    let call = service.ready().await.unwrap().call(api());
    tokio::time::sleep(secs(5)).await;
    let taken = permits.try_acquire().unwrap();
    let mut call = tokio_test::task::spawn(call);
    assert!(call.poll().is_pending());
    assert_eq!(layer.handle().waiting(), 0, "the hold is over");
    drop(call);
    drop(taken);
    assert_eq!(permits.available_permits(), 1);
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_holds_no_place_of_the_inner_service() {
    let layer = RetryAfterLayer::new();
    let server = Server::answering([answer(429, &[("retry-after", "5")])]);
    let mut service = ServiceBuilder::new()
        .layer(layer.clone())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(server.clone());
    service.ready().await.unwrap().call(api()).await.unwrap();
    let start = now();
    let held = service.ready().await.unwrap().call(api());
    let other = service
        .ready()
        .await
        .unwrap()
        .call(get("https://other.example.com/"));
    other.await.unwrap();
    assert_eq!(
        now(),
        start,
        "the other key's request found the only place free"
    );
    held.await.unwrap();
    assert_eq!(server.paths().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn trap_9_over_a_limit_of_one_nobody_starves() {
    let layer = RetryAfterLayer::new();
    let server = Server::answering([answer(429, &[("retry-after", "5")])]);
    let service = ServiceBuilder::new()
        .layer(layer)
        .layer(ConcurrencyLimitLayer::new(1))
        .service(server.clone());
    service.clone().oneshot(api()).await.unwrap();
    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(service.clone().oneshot(api())))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.paths().len(), 21);
}
