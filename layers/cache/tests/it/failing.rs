//! Stores that fail, or take their time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use buttress_cache::Override;
use buttress_cache::store::{Answer, Memory, Store, Variants};
use buttress_testkit::{Step, channel};
use http_body_util::BodyExt;

use crate::moody::{BLIND, CLOGGED, FAILS, HINDSIGHT, SHORT, SLOW, STALLS, WELL, moody};
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

/// How many responses are stored under the URI.
fn stored(layer: &buttress_cache::CacheLayer, memory: &Memory) -> usize {
    match memory.get(layer.handle().key(&get("/")).lend()) {
        Answer::Now(found) => found.len(),
        Answer::Later(_) => unreachable!("memory answers at once"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_since_it_could_not_be_looked_up_or_read_is_stored_in_its_place() {
    for how in [FAILS, BLIND, STALLS, SHORT] {
        let (mood, store) = moody();
        let memory = store.memory.clone();
        let layer = private().store(store);
        let (sender, body) = channel();
        let second = Step::ok().header("cache-control", "max-age=60").body(body);
        let (service, server) = over(&layer, [fresh("one"), second]);
        assert_eq!(send(&service, get("/")).await.body, "one");
        pass(seconds(1)).await;
        mood.0.store(how, Ordering::Relaxed);
        let answer = head(&service, get("/")).await.unwrap();
        mood.0.store(WELL, Ordering::Relaxed);
        sender.data("two");
        drop(sender);
        assert_eq!(read(answer).await.unwrap().body, "two");
        pass(seconds(1)).await;
        assert_eq!(stored(&layer, &memory), 1, "{how}");
        assert_eq!(send(&service, get("/")).await.body, "two", "{how}");
        assert_eq!(server.calls().len(), 2, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_looked_into_collects_no_more_copies_than_so_many() {
    let (mood, store) = moody();
    let memory = store.memory.clone();
    let layer = private().store(store);
    let (service, server) = over(&layer, [fresh("one")]);
    mood.0.store(BLIND, Ordering::Relaxed);
    for _ in 0..50 {
        assert_eq!(send(&service, get("/")).await.body, "one");
        pass(seconds(1)).await;
    }
    assert_eq!(server.calls().len(), 50);
    assert_eq!(stored(&layer, &memory), Variants::MOST);
}

#[tokio::test(start_paused = true)]
async fn what_is_set_where_nothing_can_be_looked_up_leaves_nothing_under_the_key() {
    let (mood, store) = moody();
    let memory = store.memory.clone();
    let layer = private().store(store);
    let (service, _) = over(&layer, [fresh("one"), fresh("two")]);
    assert_eq!(send(&service, get("/")).await.body, "one");
    mood.0.store(BLIND, Ordering::Relaxed);
    let (handle, set) = (layer.handle(), http::Response::new("set".into()));
    assert!(!handle.set(&handle.key(&get("/")), set, seconds(60)).await);
    assert_eq!(stored(&layer, &memory), 0);
    mood.0.store(WELL, Ordering::Relaxed);
    assert_eq!(send(&service, get("/")).await.body, "two");
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
