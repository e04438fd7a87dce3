//! What has to go, from stores that fail, or take their time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use buttress_kernel::Body;

use crate::moody::{CLOGGED, FAILS, FULL, LATE, READ_ONLY, SLOW, STALLS, WELL, moody};
use crate::support::*;

fn delete(path: &str) -> http::Request<Body> {
    let mut request = get(path);
    *request.method_mut() = http::Method::DELETE;
    request
}

fn one_then_two() -> [buttress_testkit::Step; 3] {
    [fresh("one"), buttress_testkit::Step::ok(), fresh("two")]
}

#[tokio::test(start_paused = true)]
async fn a_response_waits_until_the_store_has_forgotten_what_it_makes_out_of_date() {
    let (mood, store) = moody();
    let (memory, layer) = (store.memory.clone(), private().store(store));
    let (service, _) = over(&layer, one_then_two());
    send(&service, get("/")).await;
    pass(seconds(1)).await;
    mood.0.store(SLOW, Ordering::Relaxed);
    assert_eq!(memory.keys(), 1);
    send(&service, delete("/")).await;
    assert_eq!(memory.keys(), 0);
    assert_eq!(send(&service, get("/")).await.body, "two");
}

#[tokio::test(start_paused = true)]
async fn what_a_store_fails_to_forget_is_not_served_and_forgotten_later() {
    for how in [FAILS, STALLS] {
        for by_hand in [false, true] {
            let (mood, store) = moody();
            let memory = store.memory.clone();
            let layer = private().store(store);
            let limit = Duration::from_millis(50);
            let layer = layer.store_timeout(limit).unwrap();
            let (service, _) = over(&layer, one_then_two());
            send(&service, get("/")).await;
            pass(seconds(1)).await;
            mood.0.store(how, Ordering::Relaxed);
            let start = tokio::time::Instant::now();
            send(&service, delete("/")).await;
            assert!(start.elapsed() <= limit * 3, "{:?}", start.elapsed());
            if by_hand {
                assert_eq!(layer.handle().clear().await, 0);
            }
            assert_eq!(memory.keys(), 1, "it is there");
            mood.0.store(WELL, Ordering::Relaxed);
            assert_eq!(send(&service, get("/")).await.body, "two");
            pass(seconds(70)).await;
            assert_eq!(memory.keys(), 0, "it was asked again");
            send(&service, get("/")).await;
            pass(seconds(1)).await;
            assert_eq!(memory.keys(), 1, "and is used as before");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_does_not_keep_the_store_from_forgetting() {
    let (mood, store) = moody();
    let memory = store.memory.clone();
    let (service, _) = over(&private().store(store), one_then_two());
    send(&service, get("/")).await;
    pass(seconds(1)).await;
    mood.0.store(SLOW, Ordering::Relaxed);
    let call = tokio::time::timeout(Duration::from_millis(1), send(&service, delete("/")));
    call.await.expect_err("it waits for the store");
    pass(seconds(1)).await;
    assert_eq!(memory.keys(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_stored_too_late_is_taken_out_if_it_is_out_of_date_by_then() {
    let (mood, store) = moody();
    let memory = store.memory.clone();
    let layer = private().store(store);
    let layer = layer.store_timeout(Duration::from_millis(50)).unwrap();
    let (service, _) = over(&layer, one_then_two());
    mood.0.store(LATE, Ordering::Relaxed);
    send(&service, get("/")).await;
    pass(Duration::from_millis(100)).await;
    mood.0.store(WELL, Ordering::Relaxed);
    send(&service, delete("/")).await;
    pass(Duration::from_millis(800)).await;
    assert_eq!(memory.keys(), 0);
    assert_eq!(send(&service, get("/")).await.body, "two");
}

#[tokio::test(start_paused = true)]
async fn a_guess_brings_back_nothing_that_was_invalidated_meanwhile() {
    for at_its_end in [false, true] {
        let (mood, store) = moody();
        let memory = store.memory.clone();
        let layer = private().store(store).store_timeout(seconds(1)).unwrap();
        let (handle, (service, _)) = (layer.handle(), over(&layer, one_then_two()));
        send(&service, get("/")).await;
        pass(seconds(1)).await;
        let key = handle.uri(&"http://api.example/".parse().unwrap());
        let late = mood.clone();
        let guess = tokio::spawn(async move {
            let guess = handle.optimistic(&key, |response| {
                if !at_its_end {
                    late.0.store(LATE, Ordering::Relaxed);
                }
                response.map(|_| "guess".into())
            });
            guess.await
        });
        if at_its_end {
            let guess = guess.await.unwrap().expect("it is there");
            mood.0.store(SLOW, Ordering::Relaxed);
            drop(guess);
            pass(Duration::from_millis(10)).await;
            mood.0.store(LATE, Ordering::Relaxed);
            pass(Duration::from_millis(90)).await;
        } else {
            pass(Duration::from_millis(100)).await;
            tokio::spawn(async move { assert!(guess.await.unwrap().is_none()) });
        }
        mood.0.store(WELL, Ordering::Relaxed);
        assert_eq!(layer.handle().clear().await, 1);
        pass(seconds(2)).await;
        assert_eq!(memory.keys(), 0, "at its end: {at_its_end}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_origin_has_replaced_is_gone_even_if_the_new_one_cannot_be_stored() {
    for how in [FULL, CLOGGED, READ_ONLY] {
        let (mood, store) = moody();
        let (service, server) = over(&private().store(store), ["1", "2", "3"].map(fresh));
        send(&service, get("/")).await;
        pass(seconds(1)).await;
        mood.0.store(how, Ordering::Relaxed);
        let request = with(get("/"), "cache-control", "no-cache");
        assert_eq!(send(&service, request).await.body, "2");
        pass(seconds(1)).await;
        assert_eq!(send(&service, get("/")).await.body, "3", "mood {how}");
        assert_eq!(server.calls().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_origin_has_disproved_is_gone_even_if_the_store_cannot_be_changed() {
    let instead = uncacheable("instead");
    let (mood, store) = moody();
    let old = fresh("old").header("etag", "\"a\"");
    let (service, _) = over(&private().store(store), [old, instead, fresh("new")]);
    send(&service, get("/")).await;
    pass(seconds(1)).await;
    mood.0.store(READ_ONLY, Ordering::Relaxed);
    let request = with(get("/"), "cache-control", "no-cache");
    assert_eq!(send(&service, request).await.body, "instead");
    pass(seconds(1)).await;
    assert_eq!(send(&service, get("/")).await.body, "new");
}
