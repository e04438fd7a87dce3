//! Bodies that go into a store in pieces, and what becomes of the pieces.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_cache::CacheLayer;
use buttress_cache::store::Store;
use buttress_kernel::Body;
use buttress_testkit::{FrameSender, Step, channel};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::slow::{FRAME, Slow, all_of, at_once, bytes, layer, long, send_all, slow};
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_long_body_is_stored_while_it_passes_and_never_held_whole() {
    let (store, whole) = (slow(0), bytes(20 << 20));
    // All bodies together may hold a twentieth of it.
    let (service, server) = over(&layer(&store), [long(at_once(&whole))]);
    assert!(all_of(&service).await == whole);
    pass(seconds(1)).await;
    assert!(all_of(&service).await == whole, "from the store");
    assert_eq!(server.calls().len(), 1);
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    assert_eq!(count(&store.seen.finished), 1);
    assert!(count(&store.seen.writes) >= 20 * 8);
    assert!(count(&store.seen.longest) <= 128 << 10);
}

#[tokio::test(start_paused = true)]
async fn a_short_body_is_put_in_one_go() {
    for length in [0, 1, 128 << 10] {
        let store = slow(0);
        let (service, server) = over(&layer(&store), [long(at_once(&bytes(length)))]);
        for _ in 0..2 {
            assert!(all_of(&service).await == bytes(length));
        }
        assert_eq!(server.calls().len(), 1, "{length}");
        assert_eq!(store.seen.writes.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_miss_at_once_read_along_with_a_long_body() {
    let (store, whole) = (slow(1), bytes(3 << 20));
    let layer = layer(&store).max_bytes(64 << 20).unwrap();
    let (service, server) = over(&layer, [long(at_once(&whole)).pending(3)]);
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { all_of(&service).await })
        })
        .collect();
    for reader in readers {
        assert!(reader.await.unwrap() == whole);
    }
    pass(seconds(1)).await;
    assert!(all_of(&service).await == whole);
    assert_eq!(server.calls().len(), 1);
    assert_eq!(store.seen.finished.load(Ordering::Relaxed), 1);
}

/// Whether a long body reaches its reader, how long that takes, and what the cache tells.
async fn read_past(store: &Slow, length: usize) -> (Duration, Vec<String>) {
    let (lines, _guard) = crate::telemetry::listen();
    let whole = bytes(length);
    let (service, server) = over(&layer(store), [long(at_once(&whole)), fresh("other")]);
    let start = Instant::now();
    assert!(all_of(&service).await == whole);
    let took = start.elapsed();
    pass(seconds(1)).await;
    assert_eq!(all_of(&service).await, "other", "it is not stored");
    assert_eq!(server.calls().len(), 2);
    (took, lines.take())
}

fn is_told(told: &[String], part: &str) -> bool {
    told.iter().any(|line| line.contains(part))
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stalls_is_given_up_and_the_body_passes() {
    let store = slow(3_600_000);
    let (took, told) = read_past(&store, 8 << 20).await;
    assert!(took <= Duration::from_millis(260), "{took:?}");
    assert!(is_told(&told, "operation=\"write\""), "{told:?}");
    assert!(is_told(&told, "reason=\"the store failed\""), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_keep_up_is_waited_for_as_long_as_one_answer_may_take() {
    let store = slow(100);
    let (took, told) = read_past(&store, 32 << 20).await;
    assert!(took >= Duration::from_millis(250), "{took:?}");
    assert!(took <= Duration::from_millis(500), "{took:?}");
    assert!(is_told(&told, "had to wait"), "{told:?}");
    assert_eq!(store.seen.given_up.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_each_piece_is_waited_for_only_at_its_end_is_not_given_up() {
    let (store, whole) = (slow(200), bytes(3 << 20));
    let layer = layer(&store).max_bytes(64 << 20).unwrap();
    let (sender, body) = channel();
    let (service, server) = over(&layer, [long(body), fresh("other")]);
    let reader = tokio::spawn({
        let service = service.clone();
        async move { all_of(&service).await }
    });
    // The store is as far behind as it may be, and further just before it has each piece.
    let mut sent = 1 << 20;
    send_all(&sender, &whole.slice(..sent));
    pass(Duration::from_millis(190)).await;
    while sent < whole.len() {
        send_all(&sender, &whole.slice(sent..sent + 2 * FRAME));
        sent += 2 * FRAME;
        pass(Duration::from_millis(200)).await;
    }
    drop(sender);
    assert!(reader.await.unwrap() == whole);
    pass(seconds(3)).await;
    assert!(all_of(&service).await == whole, "from the store");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_keeps_up_where_there_is_no_room_has_not_failed() {
    let (lines, _guard) = crate::telemetry::listen();
    let (store, whole) = (slow(20), bytes(8 << 20));
    let layer = layer(&store).max_bytes(128 << 10).unwrap();
    let (sender, body) = channel();
    let (service, _) = over(&layer, [long(body), long(at_once(&whole)), fresh("other")]);
    let mut beside = head(&service, get("/beside")).await.unwrap().into_body();
    sender.data(bytes(127 << 10));
    beside.frame().await.unwrap().unwrap();
    assert!(all_of(&service).await == whole);
    pass(seconds(1)).await;
    assert_eq!(all_of(&service).await, "other", "it is not stored");
    let told = lines.take();
    assert!(is_told(&told, "reason=\"no room\""), "{told:?}");
    assert!(!is_told(&told, "the store failed"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn no_more_bodies_give_up_their_room_than_have_to() {
    let (store, part) = (slow(0), bytes(96 << 10));
    let layer = layer(&store).max_bytes(400 << 10).unwrap();
    let mut idle = Vec::new();
    for path in ["/a", "/b", "/c", "/d"] {
        let (sender, body) = channel();
        let (service, server) = over(&layer, [long(body), fresh("anew")]);
        let mut body = head(&service, get(path)).await.unwrap().into_body();
        sender.data(part.clone());
        body.frame().await.unwrap().unwrap();
        idle.push((sender, body, service, server, path));
    }
    for path in ["/e", "/f", "/g"] {
        pass(seconds(3)).await;
        let (service, _) = over(&layer, [long(at_once(&bytes(FRAME)))]);
        let body = head(&service, get(path)).await.unwrap().into_body();
        body.collect().await.unwrap();
    }
    let mut joined = 0;
    for (_, _, service, server, path) in &idle {
        head(service, get(path)).await.unwrap();
        joined += usize::from(server.calls().len() == 1);
    }
    assert_eq!(joined, 3, "one was enough");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_in_the_middle_fails_nobody() {
    let mut store = slow(0);
    store.fails = 9;
    let (_, told) = read_past(&store, 8 << 20).await;
    assert!(is_told(&told, "the disk is full"), "{told:?}");
    assert_eq!(store.seen.writes.load(Ordering::Relaxed), 9, "and no more");
    assert_eq!(store.seen.finished.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_written_is_bounded() {
    let (store, whole) = (slow(200), bytes(8 << 20));
    for (max_bytes, most) in [(64 << 20, 1 << 20), (1 << 18, 1 << 18)] {
        let layer = layer(&store).max_bytes(max_bytes).unwrap();
        let (sender, body) = channel();
        let (service, _) = over(&layer, [long(body)]);
        let mut body = head(&service, get("/")).await.unwrap().into_body();
        send_all(&sender, &whole);
        let mut read = 0;
        while let Some(Some(frame)) = next_at_once(&mut body).await {
            read += frame;
        }
        assert!(read > most && read <= most + 2 * FRAME, "{read} of {most}");
        drop(body);
    }
}

/// The length of a body's next frame, if it is there; `None` where the reader would have to wait.
async fn next_at_once(body: &mut buttress_cache::body::CacheBody<Body>) -> Option<Option<usize>> {
    tokio::select! {
        biased;
        frame = body.frame() => Some(frame.map(|frame| frame.unwrap().into_data().unwrap().len())),
        () = std::future::ready(()) => None,
    }
}

/// A long body of which a part has come, and is being stored.
async fn under_way(
    store: &Slow,
    then: Step,
) -> (
    CacheLayer,
    buttress_cache::Cache<buttress_testkit::Scripted>,
    FrameSender,
    buttress_cache::body::CacheBody<Body>,
) {
    let layer = layer(store);
    let (sender, body) = channel();
    let (service, _) = over(&layer, [long(body), then]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    send_all(&sender, &bytes(1 << 20));
    for _ in 0..16 {
        body.frame().await.unwrap().unwrap();
    }
    pass(Duration::from_millis(100)).await;
    assert!(store.seen.writes.load(Ordering::Relaxed) > 0);
    (layer, service, sender, body)
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_too_late_to_a_long_body_shares_another_one() {
    for max_bytes in [3 << 20, 64 << 20] {
        let (store, whole) = (slow(0), bytes(6 << 20));
        let layer = layer(&store).max_bytes(max_bytes).unwrap();
        let ((sender, first), (later, second)) = (channel(), channel());
        let second = long(second).after(Duration::from_millis(10));
        let (service, server) = over(&layer, [long(first), second]);
        let mut first = head(&service, get("/")).await.unwrap().into_body();
        send_all(&sender, &whole.slice(..5 << 20));
        for _ in 0..(5 << 20) / FRAME {
            first.frame().await.unwrap().unwrap();
        }
        let readers: Vec<_> = (0..20)
            .map(|_| {
                let service = service.clone();
                tokio::spawn(async move { all_of(&service).await })
            })
            .collect();
        pass(seconds(1)).await;
        send_all(&sender, &whole.slice(5 << 20..));
        drop(sender);
        first.collect().await.unwrap();
        send_all(&later, &whole);
        drop(later);
        for reader in readers {
            assert!(reader.await.unwrap() == whole);
        }
        pass(seconds(1)).await;
        assert!(all_of(&service).await == whole, "from the store");
        assert_eq!(server.calls().len(), 2, "{max_bytes}");
        let key = layer.handle().key(&get("/"));
        let stored = store.get(key.lend()).wait().await.unwrap();
        assert_eq!(stored.len(), 1, "one of them is enough");
    }
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_is_no_whole_response() {
    let store = slow(0);
    let (_, service, sender, mut body) = under_way(&store, fresh("whole")).await;
    sender.error(std::io::Error::other("reset"));
    body.frame().await.unwrap().unwrap_err();
    drop(body);
    pass(seconds(1)).await;
    assert_eq!(all_of(&service).await, "whole");
}

#[tokio::test(start_paused = true)]
async fn what_its_caller_has_left_is_completed_later() {
    let (store, whole) = (slow(0), bytes(2 << 20));
    let rest = Step::status(206)
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
        .header("content-range", "bytes 1048576-2097151/2097152")
        .body(Body::from(whole.slice(1 << 20..)));
    let (_, service, _sender, body) = under_way(&store, rest).await;
    drop(body);
    pass(seconds(1)).await;
    assert!(all_of(&service).await == whole);
    pass(seconds(1)).await;
    assert!(all_of(&service).await == whole, "and stored as a whole");
    assert_eq!(store.seen.finished.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_made_out_of_date_on_its_way_is_not_stored() {
    let store = slow(0);
    let (layer, service, sender, body) = under_way(&store, fresh("new")).await;
    layer.handle().clear().await;
    send_all(&sender, &bytes(1 << 20));
    drop(sender);
    body.collect().await.unwrap();
    pass(seconds(1)).await;
    assert_eq!(store.seen.given_up.load(Ordering::Relaxed), 1);
    assert_eq!(
        store.seen.writes.load(Ordering::Relaxed),
        8,
        "and no more is written"
    );
    assert_eq!(all_of(&service).await, "new");
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_to_be_too_long_is_given_up_at_once() {
    let store = slow(0);
    let layer = layer(&store).max_entry(2 << 20).unwrap();
    let whole = bytes(4 << 20);
    let (service, _) = over(&layer, [long(at_once(&whole)), fresh("other")]);
    assert!(all_of(&service).await == whole);
    pass(seconds(1)).await;
    assert_eq!(all_of(&service).await, "other");
    assert!(
        store.seen.writes.load(Ordering::Relaxed) <= 16,
        "no more than may be"
    );
    assert_eq!(store.seen.given_up.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_as_long_as_announced_is_not_stored() {
    let store = slow(0);
    let step = long(at_once(&bytes(1 << 20))).header("content-length", "2000000");
    let (service, _) = over(&layer(&store), [step, fresh("other")]);
    all_of(&service).await;
    pass(seconds(1)).await;
    assert_eq!(all_of(&service).await, "other");
    assert_eq!(store.seen.finished.load(Ordering::Relaxed), 0);
}

/// A body that says how long it is, and never that it is over.
struct Announced {
    body: Body,
    left: u64,
}

impl http_body::Body for Announced {
    type Data = Bytes;
    type Error = buttress_kernel::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, buttress_kernel::BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.left -= frame.data_ref().unwrap().len() as u64;
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_at_the_announced_length_has_read_it_all() {
    let (store, whole) = (slow(0), bytes(1 << 20));
    let (sender, body) = channel();
    let length = whole.len().to_string();
    let left = whole.len() as u64;
    let step = long(Body::stream(Announced { body, left })).header("content-length", &length);
    let (service, server) = over(&layer(&store), [step]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    send_all(&sender, &whole);
    for _ in 0..16 {
        body.frame().await.unwrap().unwrap();
    }
    drop(body);
    pass(seconds(1)).await;
    assert!(all_of(&service).await == whole);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_writer_goes_with_its_runtime_and_nobody_waits_for_it() {
    let (sender, body) = channel();
    let whole = bytes(8 << 20);
    let store = slow(0);
    let layer = CacheLayer::private()
        .store(store.clone())
        .store_timeout(seconds(3_600))
        .unwrap()
        .max_entry(64 << 20)
        .unwrap();
    let (service, _) = over(&layer, [long(body)]);
    let log = Arc::new(Mutex::new(0));
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    send_all(&sender, &whole);
    drop(sender);
    let seen = Arc::clone(&log);
    let body = std::thread::spawn(move || {
        other.block_on(async {
            let mut body = head(&service, get("/")).await.unwrap().into_body();
            while let Some(Some(frame)) = next_at_once(&mut body).await {
                *seen.lock().unwrap() += frame;
            }
            body
        })
    });
    let body = body.join().unwrap();
    let read = *log.lock().unwrap();
    assert!(read < whole.len(), "it waited for the store");
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(rest == whole[read..]);
}
