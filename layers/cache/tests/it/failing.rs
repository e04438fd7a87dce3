//! Stores that fail, or take their time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use buttress_cache::Override;
use buttress_kernel::Body;
use buttress_testkit::{Step, channel};
use http_body_util::BodyExt;

use crate::moody::{CLOGGED, FAILS, FULL, HINDSIGHT, LATE, READ_ONLY, SLOW, STALLS, WELL, moody};
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn ic43_a_store_that_answers_later_works_like_memory() {
    for how in [WELL, SLOW] {
        let (mood, store) = moody();
        mood.0.store(how, Ordering::Relaxed);
        let layer = private().store(store);
        let (service, server) = over(
            &layer,
            [fresh("0123456789").header("etag", "\"a\""), fresh("two")],
        );
        assert_eq!(send(&service, get("/")).await.body, "0123456789");
        for _ in 0..3 {
            assert_eq!(send(&service, get("/")).await.body, "0123456789");
        }
        pass(seconds(1)).await;
        let part = send(&service, with(get("/"), "range", "bytes=2-4")).await;
        assert_eq!((part.status.as_u16(), &*part.body), (206, "234"));
        assert_eq!(server.calls().len(), 1);
        let key = layer.handle().uri(&"http://api.example/".parse().unwrap());
        assert_eq!(layer.handle().get(&key).await.unwrap().body(), "0123456789");
        let guard = layer
            .handle()
            .optimistic(&key, |r| r.map(|_| "changed".into()))
            .await;
        assert_eq!(send(&service, get("/")).await.body, "changed");
        drop(guard.unwrap());
        pass(seconds(1)).await;
        assert_eq!(send(&service, get("/")).await.body, "0123456789");
        assert_eq!(layer.handle().clear().await, 1);
        assert_eq!(send(&service, get("/")).await.body, "two");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_into_the_store_is_found_already() {
    let (mood, store) = moody();
    mood.0.store(SLOW, Ordering::Relaxed);
    let (service, server) = over(&private().store(store), [fresh("one")]);
    let all = async {
        for _ in 0..3 {
            let service = service.clone();
            tokio::spawn(async move { send(&service, get("/")).await })
                .await
                .unwrap();
        }
    };
    all.await;
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn w32_whoever_has_looked_too_early_for_a_response_does_not_fetch_it_again() {
    let (mood, store) = moody();
    mood.0.store(HINDSIGHT, Ordering::Relaxed);
    let (service, server) = over(&private().store(store), [fresh("one"), fresh("two")]);
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, get("/")).await }
    });
    pass(Duration::from_millis(20)).await;
    // The first one's response comes, and is there, before this one is told that there was nothing.
    assert_eq!(send(&service, get("/")).await.body, "one");
    assert_eq!(first.await.unwrap().body, "one");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn ic43_a_store_that_fails_or_stalls_is_as_good_as_empty() {
    for how in [FAILS, STALLS] {
        let (mood, store) = moody();
        let layer = private()
            .store(store)
            .store_timeout(Duration::from_millis(50))
            .unwrap();
        let (service, server) = over(&layer, [fresh("one"), fresh("two")]);
        send(&service, get("/")).await;
        pass(seconds(1)).await;
        mood.0.store(how, Ordering::Relaxed);
        let start = tokio::time::Instant::now();
        assert_eq!(send(&service, get("/")).await.body, "two");
        assert!(
            start.elapsed() <= Duration::from_millis(60),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(server.calls().len(), 2);
        mood.0.store(WELL, Ordering::Relaxed);
        pass(seconds(1)).await;
        assert_eq!(
            send(&service, get("/")).await.body,
            "one",
            "the store has kept what it had"
        );
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

#[tokio::test(start_paused = true)]
async fn bodies_on_their_way_into_a_store_that_is_slow_take_room_until_they_are_there() {
    let (mood, store) = moody();
    let layer = private()
        .max_entry(1_000)
        .unwrap()
        .max_bytes(2_000)
        .unwrap();
    let long = Step::ok().header("cache-control", "max-age=600");
    let (service, server) = over(&layer.store(store), [long.body("x".repeat(1_000))]);
    mood.0.store(CLOGGED, Ordering::Relaxed);
    for path in ["/a", "/b"] {
        send(&service, get(path)).await;
        pass(seconds(1)).await;
    }
    mood.0.store(WELL, Ordering::Relaxed);
    for (calls, wait) in [(3, 1), (4, 60), (5, 1), (5, 1)] {
        send(&service, get("/c")).await;
        assert_eq!(server.calls().len(), calls);
        pass(seconds(wait)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_misses_over_a_slow_store_are_one_fetch() {
    let (mood, store) = moody();
    mood.0.store(SLOW, Ordering::Relaxed);
    let (service, server) = over(&private().store(store), [fresh("one").after(seconds(1))]);
    let calls = (0..100).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { send(&service, get("/")).await.body })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), "one");
    }
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_store_does_not_ask_the_store() {
    let (mood, store) = moody();
    mood.0.store(STALLS, Ordering::Relaxed);
    let (service, _) = over(&private().store(store), [fresh("one")]);
    let start = tokio::time::Instant::now();
    let request = asking(
        get("/"),
        Override::new().mode(buttress_cache::Mode::NoStore),
    );
    send(&service, request).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

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
            if by_hand {
                assert_eq!(layer.handle().clear().await, 0);
            }
            assert!(start.elapsed() <= limit * 3, "{:?}", start.elapsed());
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
async fn a_request_that_wants_nothing_kept_changes_nothing_in_a_store_that_answers_later() {
    let (_, store) = moody();
    let (service, server) = over(
        &private().store(store),
        [fresh("one").header("x", "1"), fresh("").header("x", "2")],
    );
    send(&service, get("/")).await;
    pass(seconds(1)).await;
    let mut request = with(get("/"), "cache-control", "no-store");
    *request.method_mut() = http::Method::HEAD;
    assert_eq!(send(&service, request).await.header("x"), Some("2"));
    let read = send(&service, get("/")).await;
    assert_eq!((&*read.body, read.header("x")), ("one", Some("1")));
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_completion_whose_beginning_is_gone_is_asked_for_whole() {
    let (mood, store) = moody();
    let (sender, body) = channel();
    let first = Step::ok()
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
        .header("content-length", "6")
        .body(body);
    let rest = Step::status(206)
        .header("etag", "\"a\"")
        .header("content-range", "bytes 3-5/6")
        .body("345")
        .after(seconds(1));
    let steps = [first, rest, fresh("012345")];
    let (service, server) = over(&private().store(store), steps);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    sender.data("012");
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    pass(seconds(1)).await;
    let asking = tokio::spawn(async move { send(&service, get("/")).await });
    pass(Duration::from_millis(500)).await;
    mood.0.store(FAILS, Ordering::Relaxed);
    let read = asking.await.unwrap();
    assert_eq!((read.status.as_u16(), &*read.body), (200, "012345"));
    let calls = server.calls();
    assert_eq!(calls[1].headers["range"], "bytes=3-");
    assert!(!calls[2].headers.contains_key("range"));
}
