//! Stores that fail in the middle of a body, which goes on at the origin.

use std::sync::atomic::Ordering;

use buttress_cache::{Cache, CacheLayer};
use buttress_kernel::{Body, BoxError};
use buttress_testkit::{Scripted, Step, channel};
use http::Request;
use http_body_util::BodyExt;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, ServiceExt};

use crate::moody::{BREAKS, CUTS, IN_HALVES, Mood, moody};
use crate::support::*;

/// What the origin has: the store gives the first five bytes, and fails.
pub(crate) const WHOLE: &str = "0123456789";

pub(crate) fn first() -> Step {
    fresh(WHOLE).header("etag", "\"a\"")
}

/// A part, which says of itself that it is this range.
pub(crate) fn part(range: &str, body: &'static str) -> Step {
    let step = Step::status(206).header("etag", "\"a\"");
    step.header("content-range", range).body(body)
}

pub(crate) fn right() -> Step {
    part("bytes 5-9/10", "56789")
}

/// A layer over a store that has the response by now, and is as it is told from here on.
pub(crate) async fn stored(
    layer: CacheLayer,
    how: u8,
    steps: impl IntoIterator<Item = Step>,
) -> (Mood, Cache<Scripted>, Scripted) {
    let (mood, store) = moody();
    let (service, server) = over(&layer.store(store), steps);
    assert_eq!(send(&service, get("/")).await.body, WHOLE);
    pass(seconds(1)).await;
    mood.0.store(how, Ordering::Relaxed);
    (mood, service, server)
}

/// What a caller gets of a body, and the error if it ends with one.
pub(crate) async fn read_on(
    service: &Cache<Scripted>,
    request: Request<Body>,
) -> (String, Option<BoxError>) {
    let mut body = head(service, request).await.unwrap().into_body();
    let mut read = Vec::new();
    let error = loop {
        match body.frame().await {
            Some(Ok(frame)) => read.extend(frame.into_data().unwrap()),
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    assert!(body.frame().await.is_none(), "it is over");
    (String::from_utf8(read).unwrap(), error)
}

#[tokio::test(start_paused = true)]
async fn ic43_a_store_that_fails_in_the_middle_of_a_body_is_an_event_and_no_outage() {
    for how in [BREAKS, CUTS] {
        let (lines, _guard) = crate::telemetry::listen();
        let (_, service, server) = stored(private(), how, [first(), right()]).await;
        lines.take();
        let asked = with(get("/"), "x-own", "1");
        let asked = with(asked, "cookie", "session=1");
        let answer = head(&service, asking(asked, 7_u32)).await.unwrap();
        assert_eq!(answer.headers()["age"], "1");
        let mut body = answer.into_body();
        for (left, data) in [(10, "01234"), (5, "56789")] {
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(left));
            assert!(!http_body::Body::is_end_stream(&body));
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), data);
        }
        assert!(body.frame().await.is_none());
        assert!(http_body::Body::is_end_stream(&body));
        let calls = server.calls();
        assert_eq!(calls.len(), 2);
        for (name, value) in [
            ("range", "bytes=5-"),
            ("if-range", "\"a\""),
            ("x-own", "1"),
            ("cookie", "session=1"),
        ] {
            assert_eq!(calls[1].header(name), Some(value));
        }
        assert_eq!(calls[1].extensions.get(), Some(&7_u32), "other layers' own");
        let told = lines.take();
        assert!(told.iter().any(|line| line.contains("hit")), "{told:?}");
        let failed = "WARN message=the store failed operation=\"body\"";
        assert!(told.iter().any(|line| line.starts_with(failed)), "{told:?}");
        let resumed = "DEBUG message=resumed at the origin key=http://api.example/ bytes=5";
        assert_eq!(told.last().unwrap(), resumed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_a_store_gives_whole_is_left_alone() {
    let (_, service, server) = stored(private(), IN_HALVES, [first(), right()]).await;
    let (read, error) = read_on(&service, get("/")).await;
    assert_eq!((&*read, error.is_none()), (WHOLE, true));
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_a_range_no_more_than_what_is_missing_is_asked_for() {
    for (range, asked, missing) in [
        ("bytes=2-5", "bytes=4-5", part("bytes 4-5/10", "45")),
        ("bytes=6-", "bytes=8-", part("bytes 8-9/10", "89")),
        ("bytes=-2", "bytes=9-", part("bytes 9-9/10", "9")),
    ] {
        let (_, service, server) = stored(private(), BREAKS, [first(), missing]).await;
        let answer = send(&service, with(get("/"), "range", range)).await;
        assert_eq!(answer.status, 206);
        let expected = match range {
            "bytes=2-5" => "2345",
            "bytes=6-" => "6789",
            _ => "89",
        };
        assert_eq!(answer.body, expected);
        assert_eq!(server.calls()[1].header("range"), Some(asked));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_behind_a_part_is_not_said_of_the_whole() {
    let then = part("bytes 5-9/10", "").body_with(|| {
        let (sender, body) = channel();
        sender.data("56789");
        sender.trailers(http::HeaderMap::from_iter([(
            http::header::ETAG,
            http::HeaderValue::from_static("\"b\""),
        )]));
        body
    });
    let (_, service, _) = stored(private(), BREAKS, [first(), then]).await;
    let body = head(&service, get("/")).await.unwrap().into_body();
    let all = body.collect().await.unwrap();
    assert!(all.trailers().is_none());
    assert_eq!(all.to_bytes(), WHOLE);
}

#[tokio::test(start_paused = true)]
async fn a_question_for_the_rest_goes_with_its_body() {
    let (_, service, server) = stored(private(), BREAKS, [first(), Step::hang()]).await;
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    let waits = tokio::time::timeout(seconds(1), body.frame()).await;
    waits.unwrap_err();
    assert_eq!(server.in_flight(), 1);
    drop(body);
    assert_eq!(server.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_origin_is_asked_when_it_is_ready_and_its_place_is_given_back() {
    let (mood, store) = moody();
    let server = Scripted::new([first(), Step::hang(), right()]);
    let limited = ConcurrencyLimit::new(server.clone(), 1);
    let service = private().store(store).layer(limited);
    let call = |request| service.clone().oneshot(request);
    let body = call(get("/")).await.unwrap().into_body();
    body.collect().await.unwrap();
    pass(seconds(1)).await;
    mood.0.store(BREAKS, Ordering::Relaxed);
    let mut body = call(get("/")).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    let other = tokio::spawn(call(get("/other")));
    pass(seconds(1)).await;
    let waits = tokio::time::timeout(seconds(1), body.frame()).await;
    waits.unwrap_err();
    assert_eq!(server.calls().len(), 2, "the only place is taken");
    other.abort();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "56789");
    assert_eq!(server.calls().len(), 3);
    // It holds no place while it is read.
    tokio::time::timeout(seconds(1), call(get("/third")))
        .await
        .unwrap()
        .unwrap();
    drop(body);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_was_validated_goes_on_too() {
    let same = Step::status(304).header("etag", "\"a\"");
    let same = same.header("cache-control", "max-age=60");
    for validated in [true, false] {
        let steps = [first(), same.clone(), right()];
        let (_, service, server) = stored(private(), BREAKS, steps).await;
        let request = with(get("/"), "cache-control", "no-cache");
        let request = if validated { request } else { get("/") };
        if !validated {
            pass(seconds(61)).await;
        }
        let (read, error) = read_on(&service, request).await;
        assert_eq!((&*read, error.is_none()), (WHOLE, true));
        let calls = server.calls();
        assert_eq!(calls.len(), 3);
        assert_eq!(calls[1].header("if-none-match"), Some("\"a\""));
        assert_eq!(calls[2].header("if-none-match"), None);
        assert_eq!(calls[2].header("range"), Some("bytes=5-"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_response_goes_on_while_it_is_validated() {
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-while-revalidate=60")
        .header("etag", "\"a\"")
        .body(WHOLE);
    let script = Step::answer(|call| {
        let status = if call.header("range").is_some() {
            206
        } else {
            304
        };
        let answer = http::Response::builder().status(status);
        let answer = answer.header("etag", "\"a\"");
        let answer = answer.header("content-range", "bytes 5-9/10");
        answer.body("56789".into()).unwrap()
    });
    let (_, service, server) = stored(private(), BREAKS, [stale, script]).await;
    pass(seconds(5)).await;
    let (read, error) = read_on(&service, get("/")).await;
    assert_eq!((&*read, error.is_none()), (WHOLE, true));
    pass(seconds(1)).await;
    let validated = |call: &buttress_testkit::Call| call.header("if-none-match").is_some();
    assert_eq!(
        server.calls().iter().filter(|call| validated(call)).count(),
        1
    );
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_validation_in_the_background_does_not_read_what_is_stored() {
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-while-revalidate=60")
        .header("etag", "\"a\"")
        .body(WHOLE);
    let same = Step::status(304).header("etag", "\"a\"");
    let (lines, _guard) = crate::telemetry::listen();
    let (_, service, server) = stored(private(), BREAKS, [stale, same]).await;
    pass(seconds(5)).await;
    drop(head(&service, get("/")).await.unwrap());
    pass(seconds(1)).await;
    assert_eq!(server.calls().len(), 2);
    let told = lines.take();
    assert!(!told.iter().any(|line| line.contains("failed")), "{told:?}");
}
