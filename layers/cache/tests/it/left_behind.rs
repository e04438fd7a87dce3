//! Readers who are too slow for those whom they read with.

use std::sync::atomic::Ordering;

use buttress_cache::body::CacheBody;
use buttress_cache::{CacheLayer, FetchFailed};
use buttress_kernel::{Body, BoxError};
use buttress_testkit::{FrameSender, Scripted, Step, channel};
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::slow::{Slow, at_once, bytes, layer, long, send_all, slow};
use crate::support::*;

const LENGTH: usize = 2 << 20;

/// Two who read one body, of which hardly more is held than they are apart.
async fn two(layer: &CacheLayer, first: Step) -> (CacheBody<Body>, CacheBody<Body>, Scripted) {
    let (service, server) = over(layer, [first.pending(3), fresh("other")]);
    let (one, other) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    assert_eq!(server.calls().len(), 1);
    (one.unwrap().into_body(), other.unwrap().into_body(), server)
}

async fn read_frames(body: &mut CacheBody<Body>, frames: usize) -> Vec<u8> {
    let mut read = Vec::new();
    for _ in 0..frames {
        let frame = body.frame().await.unwrap().unwrap();
        read.extend(frame.into_data().unwrap());
    }
    read
}

fn small(store: &Slow) -> CacheLayer {
    layer(store).max_bytes(256 << 10).unwrap()
}

async fn all(body: CacheBody<Body>) -> Result<Bytes, BoxError> {
    Ok(body.collect().await?.to_bytes())
}

#[tokio::test(start_paused = true)]
async fn who_falls_behind_goes_on_from_the_store_wherever_he_was() {
    for (frames, leader) in [(0, false), (3, false), (0, true), (3, true)] {
        let layer = small(&slow(0));
        let whole = bytes(LENGTH);
        let (one, other, server) = two(&layer, long(at_once(&whole))).await;
        let (fast, mut behind) = if leader { (other, one) } else { (one, other) };
        let mut read = read_frames(&mut behind, frames).await;
        assert!(all(fast).await.unwrap() == whole);
        if frames > 0 {
            // There is time for it to be stored, or there is none.
            pass(seconds(1)).await;
        }
        read.extend(all(behind).await.unwrap());
        assert!(read == whole, "{frames} {leader}");
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_fallen_behind_sees_to_it_that_the_rest_is_stored_when_the_others_go() {
    let layer = small(&slow(1));
    let whole = bytes(LENGTH);
    let (mut fast, behind, server) = two(&layer, long(at_once(&whole))).await;
    read_frames(&mut fast, 16).await;
    drop(fast);
    assert!(all(behind).await.unwrap() == whole);
    let (service, _) = over(&layer, [fresh("other")]);
    let hit = head(&service, get("/")).await.unwrap().into_body();
    assert!(all(hit).await.unwrap() == whole, "it is stored");
    assert_eq!(server.calls().len(), 1);
}

/// A body of which one has read a part, so that the other one has fallen behind.
async fn fallen(layer: &CacheLayer) -> (FrameSender, CacheBody<Body>, CacheBody<Body>) {
    let (sender, body) = channel();
    let (mut fast, behind, _) = two(layer, long(body)).await;
    send_all(&sender, &bytes(1 << 20));
    read_frames(&mut fast, 16).await;
    (sender, fast, behind)
}

#[tokio::test(start_paused = true)]
async fn who_falls_behind_of_what_is_not_stored_is_told_so() {
    for how in 0..3 {
        let mut store = slow(0);
        if how == 0 {
            store.fails = 5;
        }
        let mut layer = small(&store);
        if how == 1 {
            layer = layer.max_entry(512 << 10).unwrap();
        }
        let (sender, fast, behind) = fallen(&layer).await;
        if how == 2 {
            layer.handle().clear().await;
        }
        drop(sender);
        all(fast).await.unwrap();
        let error = all(behind).await.unwrap_err();
        let told = error.downcast::<FetchFailed>().unwrap().to_string();
        assert!(told.contains("read too slowly"), "{how}: {told}");
        assert_eq!(store.seen.finished.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_falls_behind_of_what_breaks_off_gets_the_same_error_as_the_others() {
    let (sender, fast, behind) = fallen(&small(&slow(0))).await;
    sender.error(std::io::Error::other("reset"));
    for end in [all(fast).await, all(behind).await] {
        let told = end.unwrap_err().to_string();
        assert_eq!(told, "the fetch failed: reset");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_with_the_last_who_wants_it_behind_or_not() {
    let store = slow(0);
    let layer = small(&store);
    let (sender, fast, behind) = fallen(&layer).await;
    drop(fast);
    pass(seconds(1)).await;
    assert!(!sender.is_closed(), "somebody waits for the store");
    drop(behind);
    pass(seconds(1)).await;
    assert!(sender.is_closed());
}
