//! Several responses under one key, and an origin that is asked which of them is right.

use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_cache::CacheLayer;
use buttress_cache::store::{Answer, Memory, Store};
use buttress_testkit::{Scripted, Step};
use bytes::Bytes;
use http::Request;
use http_body::Frame;
use tower::{Layer, ServiceExt};

use crate::coalescing::{CROWD, SLOW, crowd};
use crate::moody::moody;
use crate::support::*;

fn variant(tag: &'static str) -> Step {
    fresh(tag).header("vary", "foo").header("etag", tag)
}

fn foo(value: &str) -> Request<buttress_kernel::Body> {
    with(get("/"), "foo", value)
}

/// How many responses are stored under the URI.
fn stored(layer: &CacheLayer, memory: &Memory) -> usize {
    let key = layer.handle().uri(&"http://api.example/".parse().unwrap());
    match memory.get(key.lend()) {
        Answer::Now(found) => found.len(),
        Answer::Later(_) => unreachable!("memory answers at once"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_many_have_fetched_beside_each_other_is_stored_once() {
    for coalesce in [false, true] {
        let memory = Memory::of(1 << 20);
        let layer = private().store(memory.clone()).coalesce(coalesce);
        let (service, server) = over(&layer, [variant("one").after(SLOW)]);
        let reload = |number: usize| {
            let request = foo(if number.is_multiple_of(2) {
                "even"
            } else {
                "odd"
            });
            with(request, "cache-control", "no-cache")
        };
        crowd(&service, reload).join_all().await;
        assert_eq!(server.calls().len(), CROWD);
        assert_eq!(stored(&layer, &memory), 2, "one for each variant");
    }
}

#[tokio::test(start_paused = true)]
async fn what_many_have_fetched_beside_each_other_is_stored_once_where_that_takes_time() {
    let (_, store) = moody();
    let (memory, layer) = (store.memory.clone(), private().store(store));
    let (service, _) = over(&layer, [variant("one").after(SLOW)]);
    let reload = |_| with(foo("1"), "cache-control", "no-cache");
    crowd(&service, reload).join_all().await;
    pass(seconds(1)).await;
    assert_eq!(stored(&layer, &memory), 1);
}

#[tokio::test(start_paused = true)]
async fn variants_that_came_at_the_same_time_are_no_more_than_so_many() {
    let memory = Memory::of(1 << 20);
    let layer = private().store(memory.clone()).coalesce(false);
    let (service, _) = over(&layer, [variant("one").after(SLOW)]);
    crowd(&service, |number| foo(&number.to_string()))
        .join_all()
        .await;
    assert_eq!(stored(&layer, &memory), 32);
}

#[tokio::test(start_paused = true)]
async fn a_304_that_names_no_variant_leaves_them_all_where_they_are() {
    let steps = [variant("\"a\""), Step::status(304), variant("\"b\"")];
    let (service, server) = over(&private(), steps);
    assert_eq!(send(&service, foo("1")).await.body, "\"a\"");
    assert_eq!(send(&service, foo("2")).await.body, "\"b\"");
    let calls = server.calls();
    assert_eq!(calls[1].headers["if-none-match"], "\"a\"");
    assert!(!calls[2].headers.contains_key("if-none-match"));
    assert_eq!(send(&service, foo("1")).await.body, "\"a\"");
    assert_eq!(send(&service, foo("2")).await.body, "\"b\"");
    assert_eq!(server.calls().len(), 3);
}

/// No body, of a type that the cache does not know.
struct Foreign;

impl http_body::Body for Foreign {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_asked_again_is_asked_as_the_caller_wrote_it() {
    let server = Scripted::new([variant("\"a\""), variant("\"b\"")]);
    let service = private().layer(server.clone());
    for value in ["1", "2", "1", "2"] {
        let request = foo(value).map(|_| Foreign);
        let answer = service.clone().oneshot(request).await.unwrap();
        read(answer).await.unwrap();
    }
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert!(!calls[1].headers.contains_key("if-none-match"));
}
