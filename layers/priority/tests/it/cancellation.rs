use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use buttress_priority::Handle;
use tokio::sync::Semaphore;
use tower::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_flight_gives_its_place_to_the_next() {
    let server = Server::new();
    let layer = of(1);
    let service = layer.layer(server.clone());
    let first = begin(&service, path("/1")).await;
    let second = begin(&service, path("/2")).await;
    first.abort();
    settle().await;
    assert_eq!(server.paths(), ["/1", "/2"]);
    server.answer(1).await;
    second.await.unwrap().unwrap();
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_gone_before_its_place_is_given_on() {
    struct Call(Handle, Arc<AtomicUsize>);
    impl Drop for Call {
        fn drop(&mut self) {
            self.1.store(self.0.in_flight(), Ordering::Relaxed);
        }
    }
    let (layer, seen) = (of(1), Arc::new(AtomicUsize::new(0)));
    let (handle, noted) = (layer.handle(), Arc::clone(&seen));
    let mut service = layer.layer(tower::service_fn(move |_: http::Request<()>| {
        let call = Call(handle.clone(), Arc::clone(&noted));
        async move {
            std::future::pending::<()>().await;
            drop(call);
            Ok::<_, buttress_kernel::BoxError>(http::Response::new(()))
        }
    }));
    drop(service.ready().await.unwrap().call(path("/")));
    assert_eq!(seen.load(Ordering::Relaxed), 1);
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn bq26_a_waiter_that_is_dropped_leaves_the_queue_and_is_never_sent() {
    let server = Server::new();
    let layer = of(1);
    let mut service = layer.layer(server.clone());
    let first = begin(&service, path("/1")).await;
    let second = begin(&service, path("/2")).await;
    let unpolled = service.ready().await.unwrap().call(path("/3"));
    assert_eq!(layer.handle().waiting(), 2);
    drop(unpolled);
    second.abort();
    settle().await;
    assert_eq!(layer.handle().waiting(), 0);
    server.answer(1).await;
    first.await.unwrap().unwrap();
    assert_eq!((layer.handle().in_flight(), server.calls()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_woken_waiter_that_is_dropped_before_its_poll_hands_its_place_on() {
    let server = Server::new();
    let layer = of(1);
    let mut service = layer.layer(server.clone());
    let first = begin(&service, path("/1")).await;
    let mut woken = tokio_test::task::spawn(service.ready().await.unwrap().call(path("/2")));
    assert!(woken.poll().is_pending());
    let last = begin(&service, path("/3")).await;
    server.answer(1).await;
    first.await.unwrap().unwrap();
    assert!(woken.is_woken());
    assert_eq!(server.calls(), 1, "the place is its");
    drop(woken);
    settle().await;
    assert_eq!(server.paths(), ["/1", "/3"]);
    server.answer(1).await;
    last.await.unwrap().unwrap();
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_is_woken_where_it_was_polled_last() {
    let server = Server::new();
    let mut service = of(1).layer(server.clone());
    let first = begin(&service, path("/1")).await;
    let mut wait = Box::pin(service.ready().await.unwrap().call(path("/2")));
    let mut here = tokio_test::task::spawn(());
    here.enter(|cx, _| assert!(wait.as_mut().poll(cx).is_pending()));
    let mut there = tokio_test::task::spawn(());
    there.enter(|cx, _| assert!(wait.as_mut().poll(cx).is_pending()));
    server.answer(1).await;
    first.await.unwrap().unwrap();
    assert!(there.is_woken() && !here.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_permit_whose_call_never_was_is_given_back() {
    let layer = of(1);
    let permits = Arc::new(Semaphore::new(1));
    let server = Server::new();
    let narrow = ConcurrencyLimit::with_semaphore(server.clone(), Arc::clone(&permits));
    let mut service = layer.layer(narrow);
    let first = begin(&service, path("/1")).await;
    let mut call = tokio_test::task::spawn(service.clone().call(path("/2")));
    assert!(call.poll().is_pending());
    server.answer(1).await;
    first.await.unwrap().unwrap();
    let taken = permits.try_acquire().unwrap();
    assert!(call.poll().is_pending(), "served, and not let in");
    assert_eq!(
        (layer.handle().in_flight(), layer.handle().waiting()),
        (1, 0)
    );
    drop(call);
    assert_eq!(layer.handle().in_flight(), 0);
    drop(taken);
    service.ready().await.unwrap();
    assert_eq!(server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn trap9_a_ready_clone_that_is_not_called_holds_nothing() {
    let server = Server::new();
    let layer = of(1);
    let service = layer.layer(server.clone());
    let mut idle = service.clone();
    idle.ready().await.unwrap();
    server.answer(1).await;
    send(&service, path("/")).await.unwrap();
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn trap9_over_a_limit_of_one_nobody_starves() {
    let server = Server::new();
    server.answer(20).await;
    let service = ServiceBuilder::new()
        .layer(of(2))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(server.clone());
    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(service.clone().oneshot(path("/"))))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn who_waits_or_is_refused_holds_no_place_of_the_inner_service() {
    let permits = Arc::new(Semaphore::new(2));
    let server = Server::new();
    let narrow = ConcurrencyLimit::with_semaphore(server.clone(), Arc::clone(&permits));
    let mut service = of(1).max_waiting(1).layer(narrow);
    let _first = begin(&service, path("/1")).await;
    assert_eq!(permits.available_permits(), 1);
    let _waiting = service.ready().await.unwrap().call(path("/2"));
    assert_eq!(permits.available_permits(), 1);
    refused(service.ready().await.unwrap().call(path("/3")).await);
    assert_eq!(permits.available_permits(), 1);
}
