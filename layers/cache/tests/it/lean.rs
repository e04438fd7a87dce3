//! What nothing was stored for lately is not looked up, and found all the same once it is there.

use buttress_cache::store::Memory;
use buttress_testkit::Step;
use bytes::Bytes;
use http::Response;

use crate::support::*;

/// So many responses that were not stored are enough for a key to be known.
const KNOWN: usize = 4;

fn times(step: Step, count: usize) -> impl Iterator<Item = Step> {
    std::iter::repeat_n(step, count)
}

#[tokio::test(start_paused = true)]
async fn what_is_set_by_hand_is_found_where_nothing_could_be_stored_before() {
    let layer = private();
    let (service, server) = over(&layer, [uncacheable("asked")]);
    for _ in 0..KNOWN {
        send(&service, get("/a")).await;
    }
    let key = layer.handle().key(&get("/a"));
    let response = Response::new(Bytes::from("set"));
    assert!(layer.handle().set(&key, response, seconds(30)).await);
    assert_eq!(send(&service, get("/a")).await.body, "set");
    assert_eq!(server.calls().len(), KNOWN);
}

#[tokio::test(start_paused = true)]
async fn what_an_unusual_request_stores_is_found_by_usual_ones() {
    let steps = times(uncacheable("no"), KNOWN).chain([fresh("yes"), uncacheable("no")]);
    let (service, _) = over(&private(), steps);
    for _ in 0..KNOWN {
        send(&service, get("/a")).await;
    }
    let reload = with(get("/a"), "cache-control", "no-cache");
    assert_eq!(send(&service, reload).await.body, "yes");
    assert_eq!(send(&service, get("/a")).await.body, "yes");
}

#[tokio::test(start_paused = true)]
async fn what_a_post_stores_is_found_where_nothing_could_be_stored_before() {
    let stored = fresh("posted").header("content-location", "http://api.example/a");
    let steps = times(uncacheable("no"), KNOWN).chain([stored, uncacheable("no")]);
    let (service, _) = over(&private(), steps);
    for _ in 0..KNOWN {
        send(&service, get("/a")).await;
    }
    let mut post = get("/a");
    *post.method_mut() = http::Method::POST;
    assert_eq!(send(&service, post).await.body, "posted");
    assert_eq!(send(&service, get("/a")).await.body, "posted");
}

#[tokio::test(start_paused = true)]
async fn a_stored_variant_is_found_though_others_are_not_stored() {
    let variant = fresh("stored").header("vary", "x-kind");
    let other = uncacheable("other").header("vary", "x-kind");
    let (service, server) = over(&private(), [variant, other]);
    let stored = || with(get("/a"), "x-kind", "1");
    send(&service, stored()).await;
    for _ in 0..KNOWN {
        send(&service, with(get("/a"), "x-kind", "2")).await;
    }
    assert_eq!(send(&service, stored()).await.body, "stored");
    assert_eq!(server.calls().len(), 1 + KNOWN);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_puts_into_the_store_is_found_within_ten_seconds() {
    let memory = Memory::of(1 << 20);
    let (here, _) = over(&private().store(memory.clone()), [uncacheable("asked")]);
    for _ in 0..KNOWN {
        send(&here, get("/a")).await;
    }
    let (there, _) = over(&private().store(memory), [fresh("theirs")]);
    send(&there, get("/a")).await;
    let mut waited = 0;
    while send(&here, get("/a")).await.body != "theirs" {
        assert!(waited <= 11, "it is never looked for");
        pass(seconds(1)).await;
        waited += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn users_of_one_uri_are_not_taken_for_each_other() {
    let steps = times(uncacheable("no"), KNOWN).chain([fresh("for b"), uncacheable("no")]);
    let (service, _) = over(&private(), steps);
    let of = |user: &str| with(get("/a"), "authorization", user);
    for _ in 0..KNOWN {
        send(&service, of("a")).await;
    }
    assert_eq!(send(&service, of("b")).await.body, "for b");
    assert_eq!(send(&service, of("a")).await.body, "no");
    assert_eq!(send(&service, of("b")).await.body, "for b");
}
