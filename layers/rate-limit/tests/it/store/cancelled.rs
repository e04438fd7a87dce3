//! Requests that are dropped on their way.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt};

use super::*;

#[tokio::test(start_paused = true)]
async fn before_its_first_poll_a_request_asks_nothing() {
    let remote = Remote::default();
    let layer = sharing(&remote);
    let (mut service, _) = limited(&layer);
    drop(service.ready().await.unwrap().call(api()));
    sleep(secs(1)).await;
    assert_eq!(remote.asked(), 0);
    assert_eq!(layer.handle().peek("").level(), 5);
}

#[tokio::test(start_paused = true)]
async fn while_it_asks_a_request_gets_its_answer_and_gives_it_back() {
    let remote = Remote::far(ms(10));
    let layer = sharing(&remote);
    let (service, server) = limited(&layer);
    let call = begin(&service, api()).await;
    assert_eq!(layer.handle().peek("").level(), 4);
    call.abort();
    yield_now().await;
    assert_eq!(layer.handle().peek("").level(), 5);
    assert_eq!(layer.handle().granted(), 0);
    sleep(secs(1)).await;
    assert_eq!((remote.sums(), server.calls()), ((1, 1), 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_given_back() {
    let remote = Remote::far(ms(10));
    let (rival, _) = limited(&sharing(&remote));
    send(&rival, with(Override::new().cost(5))).await.unwrap();
    let layer = sharing(&remote);
    let (service, _) = limited(&layer);
    let asking = begin(&service, api()).await;
    asking.abort();
    sleep(ms(20)).await;
    let waiting = begin(&service, api()).await;
    sleep(ms(30)).await;
    assert_eq!(layer.handle().waiting(), 1);
    waiting.abort();
    sleep(secs(1)).await;
    assert_eq!(remote.sums(), (5, 0));
    assert_eq!(layer.handle().waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn once_served_and_not_let_in_a_request_gives_back_what_it_has() {
    let remote = Remote::default();
    let layer = sharing(&remote);
    let permits = Arc::new(Semaphore::new(1));
    let server = Server::default();
    let narrow = ConcurrencyLimit::with_semaphore(server.clone(), Arc::clone(&permits));
    let mut service = layer.layer(narrow);
    let call = service.ready().await.unwrap().call(api());
    let taken = permits.try_acquire().unwrap();
    let mut call = tokio_test::task::spawn(call);
    assert!(call.poll().is_pending());
    sleep(ms(1)).await;
    assert!(call.poll().is_pending(), "served, and not let in");
    assert_eq!(remote.sums(), (1, 0));
    drop((call, taken));
    sleep(ms(1)).await;
    assert_eq!((remote.sums(), server.calls()), ((1, 1), 0));
    assert_eq!(layer.handle().peek("").level(), 5);
}

#[test]
fn outside_a_runtime_a_request_is_dropped_in_peace() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let (mut service, _) = limited(&sharing(&Remote::far(secs(1))));
    let context = runtime.enter();
    let ready = tokio_test::task::spawn(service.ready()).poll();
    assert!(ready.is_ready());
    let mut call = tokio_test::task::spawn(service.call(api()));
    assert!(call.poll().is_pending());
    drop(context);
    drop(call);
}
