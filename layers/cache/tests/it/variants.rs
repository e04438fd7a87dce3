//! Several responses under one key, and an origin that is asked which of them is right.

use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_testkit::{Scripted, Step};
use bytes::Bytes;
use http::Request;
use http_body::Frame;
use tower::{Layer, ServiceExt};

use crate::support::*;

fn variant(tag: &'static str) -> Step {
    fresh(tag).header("vary", "foo").header("etag", tag)
}

fn foo(value: &str) -> Request<buttress_kernel::Body> {
    with(get("/"), "foo", value)
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
