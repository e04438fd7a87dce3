use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use buttress_kernel::{Body, Failure};
use buttress_testkit::{FrameSender, Step, channel};
use http::{HeaderMap, HeaderValue, Method};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;

use crate::moody::{CLOGGED, FULL, moody};
use crate::support::*;

/// A response with this length announced, whose body comes when the test says so.
pub(crate) fn streamed(body: Body) -> Step {
    Step::ok().header("cache-control", "max-age=60").body(body)
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_not_stored() {
    let (sender, body) = channel();
    let (service, server) = over(&private(), [streamed(body), fresh("whole")]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    sender.data("half");
    assert!(body.frame().await.unwrap().is_ok());
    sender.error(std::io::Error::other("reset"));
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(Failure::of(&*error).find::<std::io::Error>().is_some());
    drop(body);
    assert_eq!(send(&service, get("/")).await.body, "whole");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_shorter_or_longer_than_announced_is_not_stored() {
    for length in ["3", "5"] {
        let step = fresh("four").header("content-length", length);
        let (service, server) = over(&private(), [step.clone(), step]);
        send(&service, get("/")).await;
        send(&service, get("/")).await;
        assert_eq!(server.calls().len(), 2, "announced {length}");
    }
}

/// A body that says that it is so long, whatever comes of it.
struct Announced<B>(B, u64);

impl<B: http_body::Body + Unpin> http_body::Body for Announced<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.1)
    }
}

/// A response of four bytes, so it says, and what sends them.
fn four() -> (FrameSender, Step) {
    let (sender, body) = channel();
    let body = Body::stream(Announced(body, 4));
    (sender, streamed(body).header("content-length", "4"))
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_or_goes_on_after_all_its_bytes_is_not_stored() {
    for breaks in [false, true] {
        let (sender, step) = four();
        let (service, server) = over(&private(), [step, fresh("new")]);
        let mut body = head(&service, get("/")).await.unwrap().into_body();
        sender.data("four");
        body.frame().await.unwrap().unwrap();
        if breaks {
            sender.error(std::io::Error::other("the digest is another one"));
        } else {
            sender.data("more");
            drop(sender);
        }
        assert_eq!(body.collect().await.is_err(), breaks);
        assert_eq!(send(&service, get("/")).await.body, "new");
        assert_eq!(server.calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_up_to_its_length_is_stored_though_nobody_has_asked_for_more() {
    let (sender, step) = four();
    let (service, server) = over(&private(), [step]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    sender.data("four");
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(send(&service, get("/")).await.body, "four");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_wants_to_its_end_is_given_up() {
    let (sender, body) = channel();
    let (service, server) = over(&private(), [streamed(body), fresh("whole")]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    sender.data("half");
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    assert_eq!(server.open_bodies(), 0, "the connection is not held");
    assert_eq!(send(&service, get("/")).await.body, "whole");
}

#[tokio::test(start_paused = true)]
async fn what_is_longer_than_an_entry_may_be_passes_unstored() {
    let layer = private().max_entry(5).unwrap();
    let (service, server) = over(&layer, [fresh("123456"), fresh("12345"), fresh("none")]);
    assert_eq!(send(&service, get("/")).await.body, "123456");
    assert_eq!(send(&service, get("/")).await.body, "12345");
    assert_eq!(send(&service, get("/")).await.body, "12345");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_to_be_longer_passes_unstored() {
    let (sender, body) = channel();
    let layer = private().max_entry(5).unwrap();
    let (service, server) = over(&layer, [streamed(body), fresh("other")]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    for piece in ["1234", "5678", "90"] {
        sender.data(piece);
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(sender);
    assert!(body.frame().await.is_none());
    assert_eq!(send(&service, get("/")).await.body, "other");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn trailers_pass_and_are_not_stored() {
    let trailers = || {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::from_static("7"));
        trailers
    };
    let (sender, body) = channel();
    sender.data("data");
    sender.trailers(trailers());
    drop(sender);
    let (service, _) = over(&private(), [streamed(body)]);
    let first = head(&service, get("/")).await.unwrap().into_body();
    let first = first.collect().await.unwrap();
    assert_eq!(first.trailers(), Some(&trailers()));
    let hit = head(&service, get("/")).await.unwrap().into_body();
    let hit = hit.collect().await.unwrap();
    assert_eq!(hit.trailers(), None);
    assert_eq!(hit.to_bytes(), "data");
}

#[tokio::test(start_paused = true)]
async fn sizes_are_known_outside() {
    let (service, _) = over(&private(), [fresh("12345")]);
    let first = head(&service, get("/")).await.unwrap().into_body();
    assert_eq!(first.size_hint().exact(), Some(5));
    first.collect().await.unwrap();
    let hit = head(&service, get("/")).await.unwrap().into_body();
    assert_eq!(hit.size_hint().exact(), Some(5));
    assert!(!hit.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_at_the_announced_length_has_read_it_all() {
    // As hyper does, which never asks for the end.
    let (service, server) = over(&private(), [fresh("12345")]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(send(&service, get("/")).await.body, "12345");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn w45_an_empty_body_is_stored_like_any_other() {
    let (service, server) = over(&private(), [fresh(""), fresh("never")]);
    assert_eq!(send(&service, get("/")).await.body, "");
    assert_eq!(send(&service, get("/")).await.body, "");
    // Not even polled.
    drop(head(&service, get("/other")).await.unwrap());
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_head_request_is_answered_from_a_stored_get() {
    let (service, server) = over(&private(), [fresh("12345").header("content-length", "5")]);
    send(&service, get("/")).await;
    let mut request = get("/");
    *request.method_mut() = Method::HEAD;
    let hit = send(&service, request).await;
    assert_eq!((hit.header("content-length"), &*hit.body), (Some("5"), ""));
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn fields_of_one_connection_are_not_stored() {
    let step = fresh("body")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("keep-alive", "timeout=5")
        .header("x-kept", "1");
    let (service, _) = over(&private(), [step]);
    send(&service, get("/")).await;
    let hit = send(&service, get("/")).await;
    for gone in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(hit.header(gone), None, "{gone}");
    }
    assert_eq!(hit.header("x-kept"), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_fails_for_all_and_is_not_stored() {
    let panics = panicking();
    let (service, server) = over(&private(), [streamed(panics), fresh("whole")]);
    let body = head(&service, get("/")).await.unwrap().into_body();
    let end = tokio::spawn(body.collect()).await;
    assert!(end.unwrap_err().is_panic());
    assert_eq!(send(&service, get("/")).await.body, "whole");
    assert_eq!(server.calls().len(), 2);
}

fn panicking() -> Body {
    struct Panics;
    impl http_body::Body for Panics {
        type Data = bytes::Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>>
        {
            panic!("foreign code")
        }
    }
    Body::stream(Panics)
}

#[tokio::test(start_paused = true)]
async fn what_the_origin_has_replaced_is_gone_even_if_the_new_one_breaks_off() {
    let (sender, body) = channel();
    let newer = streamed(body);
    let (service, server) = over(&private(), [fresh("one"), newer, fresh("three")]);
    send(&service, get("/")).await;
    let request = with(get("/"), "cache-control", "no-cache");
    let mut body = head(&service, request).await.unwrap().into_body();
    sender.data("tw");
    assert!(body.frame().await.unwrap().is_ok());
    sender.error(std::io::Error::other("reset"));
    assert!(body.frame().await.unwrap().is_err());
    drop(body);
    assert_eq!(send(&service, get("/")).await.body, "three");
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_is_given_up_leaves_what_has_the_same_strong_tag() {
    let tagged = |step: Step| step.header("etag", "\"a\"").header("content-length", "5");
    for (reads, later) in [(false, false), (true, false), (false, true), (true, true)] {
        let layer = if later {
            private().store(moody().1)
        } else {
            private()
        };
        let (sender, body) = channel();
        let (service, server) = over(&layer, [tagged(fresh("whole")), tagged(streamed(body))]);
        send(&service, get("/")).await;
        pass(seconds(1)).await;
        let reload = with(get("/"), "cache-control", "no-cache");
        let mut body = head(&service, reload).await.unwrap().into_body();
        if reads {
            sender.data("wh");
            assert!(body.frame().await.unwrap().is_ok());
        }
        drop(body);
        pass(seconds(1)).await;
        assert_eq!(send(&service, get("/")).await.body, "whole");
        assert_eq!(server.calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_read_further_takes_the_place_of_a_shorter_part_of_the_same() {
    let (first, second) = (channel(), channel());
    let tagged = |body| streamed(body).header("etag", "\"a\"");
    let rest = Step::status(206)
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
        .header("content-range", "bytes 6-9/10")
        .body("6789");
    let (service, server) = over(&private(), [tagged(first.1), tagged(second.1), rest]);
    for (sender, text, request) in [
        (first.0, "0123", get("/")),
        (
            second.0,
            "012345",
            with(get("/"), "cache-control", "no-cache"),
        ),
    ] {
        let mut body = head(&service, request).await.unwrap().into_body();
        sender.data(text);
        assert!(body.frame().await.unwrap().is_ok());
    }
    assert_eq!(send(&service, get("/")).await.body, "0123456789");
    assert_eq!(server.calls()[2].headers["range"], "bytes=6-");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_leaves_what_has_the_same_strong_tag() {
    for how in [FULL, CLOGGED] {
        let (mood, store) = moody();
        let step = || fresh("same").header("etag", "\"a\"");
        let (service, server) = over(&private().store(store), [step(), step(), fresh("other")]);
        send(&service, get("/")).await;
        pass(seconds(1)).await;
        mood.0.store(how, Ordering::Relaxed);
        send(&service, with(get("/"), "cache-control", "no-cache")).await;
        pass(seconds(1)).await;
        assert_eq!(send(&service, get("/")).await.body, "same");
        assert_eq!(server.calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_response_to_post_is_not_kept() {
    let (sender, body) = channel();
    let posted = streamed(body)
        .header("etag", "\"a\"")
        .header("content-location", "http://api.example/");
    let (service, server) = over(&private(), [posted, fresh("got")]);
    let mut request = get("/");
    *request.method_mut() = Method::POST;
    let mut body = head(&service, request).await.unwrap().into_body();
    sender.data("0123");
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    assert_eq!(send(&service, get("/")).await.body, "got");
    assert!(!server.calls()[1].headers.contains_key("range"));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_body_that_is_over_and_refused_goes_at_once() {
    let slow = std::time::Duration::from_millis(100);
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .header("content-length", "5")
        .after(slow);
    let (service, _) = over(&private(), [step]);
    let start = tokio::time::Instant::now();
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let service = service.clone();
        crowd.spawn(async move { send(&service, get("/")).await });
    }
    crowd.join_all().await;
    assert_eq!(start.elapsed(), slow * 2, "and not one after the other");
}
