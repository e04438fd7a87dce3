//! Optimistic changes, and what becomes of them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use buttress_cache::{CacheLayer, Handle, Optimistic};
use http::Response;
use tokio::runtime::Builder;

use crate::moody::{FAILS, LATE, Mood, WELL, moody};
use crate::support::*;

async fn guess(handle: &Handle, then: impl FnOnce()) -> Option<Optimistic> {
    let key = handle.uri(&"http://api.example/".parse().unwrap());
    let change = |response: Response<bytes::Bytes>| {
        then();
        response.map(|_| "guess".into())
    };
    handle.optimistic(&key, change).await
}

/// A layer whose store answers later, in which something is stored.
async fn stored() -> (Mood, CacheLayer, impl AsyncFn() -> String) {
    let (mood, store) = moody();
    let layer = private().store(store).store_timeout(seconds(1)).unwrap();
    let (service, _) = over(&layer, [fresh("before"), fresh("after")]);
    assert_eq!(send(&service, get("/")).await.body, "before");
    pass(seconds(1)).await;
    (mood, layer, async move || {
        send(&service, get("/")).await.body
    })
}

#[tokio::test(start_paused = true)]
async fn a_guess_whose_maker_goes_is_taken_back() {
    for gone_after in [0, 10, 399, 401] {
        let (mood, layer, asked) = stored().await;
        let (handle, late) = (layer.handle(), mood.clone());
        let making = tokio::spawn(async move {
            let guess = guess(&handle, || late.0.store(LATE, Ordering::Relaxed)).await;
            pass(seconds(60)).await;
            drop(guess);
        });
        pass(Duration::from_millis(gone_after)).await;
        making.abort();
        mood.0.store(WELL, Ordering::Relaxed);
        pass(seconds(2)).await;
        assert_eq!(asked().await, "before", "gone after {gone_after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_guess_is_not_overtaken_by_what_was_asked_for_before_it() {
    let layer = private();
    let (service, _) = over(&layer, [fresh("before"), fresh("late").after(seconds(5))]);
    send(&service, get("/")).await;
    let late = service.clone();
    let late =
        tokio::spawn(async move { send(&late, with(get("/"), "cache-control", "no-cache")).await });
    pass(seconds(1)).await;
    let guess = guess(&layer.handle(), || {}).await.unwrap();
    for _ in 0..2 {
        assert_eq!(send(&service, get("/")).await.body, "guess");
        pass(seconds(10)).await;
    }
    assert_eq!(late.await.unwrap().body, "late");
    guess.commit();
    assert_eq!(send(&service, get("/")).await.body, "guess");
}

#[test]
fn a_guess_that_is_dropped_outside_of_a_runtime_is_taken_back_on_its_own() {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    let (layer, asked, guess) = runtime.block_on(async {
        let (_, layer, asked) = stored().await;
        let guess = guess(&layer.handle(), || {}).await.unwrap();
        assert_eq!(asked().await, "guess");
        (layer, asked, guess)
    });
    drop(guess);
    runtime.block_on(async {
        pass(seconds(1)).await;
        assert_eq!(asked().await, "before");
    });
    drop(layer);
}

#[test]
fn over_memory_a_guess_needs_no_runtime() {
    let layer = private();
    let handle = layer.handle();
    let key = handle.uri(&"http://api.example/".parse().unwrap());
    let run =
        |work: std::pin::Pin<&mut dyn Future<Output = bool>>| tokio_test::task::spawn(work).poll();
    let set = std::pin::pin!(handle.set(&key, Response::new("before".into()), seconds(60)));
    assert_eq!(run(set), std::task::Poll::Ready(true));
    let body = || tokio_test::block_on(handle.get(&key)).unwrap().into_body();
    let making = std::pin::pin!(async {
        let guess = guess(&handle, || {}).await.unwrap();
        assert_eq!(body(), "guess");
        drop(guess);
        true
    });
    assert!(run(making).is_ready());
    assert_eq!(body(), "before");
}

#[tokio::test(start_paused = true)]
async fn a_guess_that_cannot_be_taken_back_is_not_served_any_more() {
    let (mood, layer, asked) = stored().await;
    let guess = guess(&layer.handle(), || {}).await.unwrap();
    assert_eq!(asked().await, "guess");
    mood.0.store(FAILS, Ordering::Relaxed);
    drop(guess);
    pass(seconds(1)).await;
    mood.0.store(WELL, Ordering::Relaxed);
    assert_eq!(asked().await, "after");
}
