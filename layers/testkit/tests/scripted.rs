//! A scripted service does what its script says, and its record is true.

use std::future::{Future, poll_fn};
use std::io;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use buttress_kernel::{Attempt, Body, BoxError, Cause, Failure, Kind};
use buttress_testkit::{Scripted, Step, channel};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, timeout};
use tower::ServiceExt;
use tower_service::Service;

fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).expect("a valid request")
}

async fn text(body: Body) -> String {
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn panic_of(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("no panic");
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .expect("a message")
        .to_owned()
}

#[tokio::test]
async fn steps_follow_each_other_and_the_last_repeats() {
    let server = Scripted::new([
        Step::status(503)
            .header("retry-after", "1")
            .header("retry-after", "2"),
        Step::ok().body("hi").extension(7_u8),
    ]);
    let first = server.clone().oneshot(get("/a")).await.unwrap();
    assert_eq!(first.status(), 503);
    let values: Vec<_> = first.headers().get_all("retry-after").iter().collect();
    assert_eq!(values, ["1", "2"]);
    for _ in 0..2 {
        let response = server.clone().oneshot(get("/b")).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.extensions().get(), Some(&7_u8));
        assert_eq!(text(response.into_body()).await, "hi");
    }
}

#[test]
fn a_script_needs_a_step() {
    assert!(panic_of(|| drop(Scripted::new([]))).contains("at least one step"));
}

#[test]
fn only_a_reply_has_a_head() {
    for step in [
        Step::hang(),
        Step::error(|| "no"),
        Step::answer(|_| http::Response::default()),
    ] {
        assert!(panic_of(|| drop(step.header("a", "b"))).contains("only `Step::ok`"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_recorded_with_its_head_its_attempt_and_its_time() {
    let server = Scripted::new([Step::ok()]);
    let start = Instant::now();
    tokio::time::advance(Duration::from_secs(3)).await;
    let attempt = Attempt::new(
        NonZeroU32::new(2).unwrap(),
        Cause::Status(StatusCode::BAD_GATEWAY),
    );
    let request = Request::delete("/a")
        .header("x-a", "b")
        .extension(attempt)
        .body("body");
    server.clone().oneshot(request.unwrap()).await.unwrap();
    server.clone().oneshot(get("/first")).await.unwrap();

    let calls = server.calls();
    assert_eq!(calls[0].method, "DELETE");
    assert_eq!(calls[0].uri, "/a");
    assert_eq!(calls[0].header("x-a"), Some("b"));
    assert_eq!(calls[0].header("x-b"), None);
    assert_eq!(calls[0].attempt, Some(attempt));
    assert_eq!(calls[0].extensions.get::<Attempt>(), Some(&attempt));
    assert_eq!(calls[0].at - start, Duration::from_secs(3));
    assert_eq!(calls[1].attempt, None);
}

#[tokio::test]
async fn an_answer_sees_its_call() {
    let server = Scripted::new([Step::answer(|call| {
        let mut response = http::Response::new(Body::from(call.uri.path().to_owned()));
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    })]);
    let response = server.oneshot(get("/tea")).await.unwrap();
    assert_eq!(response.status(), 418);
    assert_eq!(text(response.into_body()).await, "/tea");
}

#[tokio::test]
async fn each_error_is_fresh_and_keeps_its_type() {
    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    let server = Scripted::new([Step::error(reset)]);
    for _ in 0..2 {
        let error = server.clone().oneshot(get("/")).await.unwrap_err();
        let found = Failure::of(&*error).find::<io::Error>().unwrap();
        assert_eq!(found.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_and_pending_polls_are_kept() {
    let server = Scripted::new([
        Step::ok().after(Duration::from_secs(2)),
        Step::ok().pending(2),
        Step::hang(),
    ]);
    let start = Instant::now();
    server.clone().oneshot(get("/")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(2));

    let mut call = pin!(server.clone().oneshot(get("/")));
    let mut polls = 0;
    let counted = poll_fn(|cx| {
        polls += 1;
        call.as_mut().poll(cx)
    });
    counted.await.unwrap();
    assert_eq!(polls, 3);

    let hangs = timeout(Duration::from_secs(1_000_000), server.oneshot(get("/"))).await;
    assert!(hangs.is_err());
}

#[tokio::test]
async fn calling_what_is_not_ready_panics() {
    let mut server = Scripted::new([Step::ok()]);
    let unready = |server: &mut Scripted| panic_of(|| drop(server.call(get("/"))));
    assert!(unready(&mut server).contains("not ready"));

    ServiceExt::<Request<()>>::ready(&mut server).await.unwrap();
    let mut clone = server.clone();
    assert!(unready(&mut clone).contains("not ready"));
    server.call(get("/")).await.unwrap();
    assert!(
        unready(&mut server).contains("not ready"),
        "readiness is for one call"
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn readiness_follows_its_script() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut server = Scripted::new([Step::ok()]).not_ready(2);
    let mut poll = |server: &mut Scripted| Service::<Request<()>>::poll_ready(server, &mut cx);
    for _ in 0..2 {
        assert!(poll(&mut server).is_pending());
        assert!(poll(&mut server).is_pending());
        assert!(poll(&mut server).is_ready());
        assert!(poll(&mut server).is_ready(), "it stays ready");
        server.call(get("/")).await.unwrap();
    }
    let mut never = Scripted::new([Step::ok()]).never_ready();
    assert!((0..100).all(|_| poll(&mut never).is_pending()));

    let mut fails = Scripted::new([Step::ok()]).ready_error(|| "worn out");
    assert!(matches!(poll(&mut fails), Poll::Ready(Err(error)) if error.to_string() == "worn out"));
    assert!(panic_of(|| drop(fails.call(get("/")))).contains("not ready"));
}

#[tokio::test]
async fn what_is_under_way_is_counted() {
    let server = Scripted::new([Step::hang(), Step::ok()]);
    let mut hangs = Box::pin(server.clone().oneshot(get("/")));
    assert_eq!(server.in_flight(), 0);
    assert!(
        hangs
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!((server.in_flight(), server.dropped()), (1, 0));
    drop(hangs);
    assert_eq!((server.in_flight(), server.dropped()), (0, 1));
    server.clone().oneshot(get("/")).await.unwrap();
    assert_eq!(
        (server.in_flight(), server.dropped()),
        (0, 1),
        "what has ended is not dropped"
    );
}

#[tokio::test]
async fn response_bodies_are_counted() {
    let server = Scripted::new([Step::ok().body("12345")]);
    let response = server.clone().oneshot(get("/")).await.unwrap();
    assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(5));
    assert_eq!(server.open_bodies(), 1);
    drop(response);
    assert_eq!((server.open_bodies(), server.unread_bodies()), (0, 1));

    let response = server.clone().oneshot(get("/")).await.unwrap();
    text(response.into_body()).await;
    assert_eq!(
        (server.open_bodies(), server.unread_bodies()),
        (0, 1),
        "it was read"
    );

    let empty = Scripted::new([Step::status(204)]);
    drop(empty.clone().oneshot(get("/")).await.unwrap());
    assert_eq!(
        (empty.open_bodies(), empty.unread_bodies()),
        (0, 0),
        "nothing was to be read"
    );
}

#[tokio::test]
async fn a_stream_serves_one_call_and_a_closure_any_number() {
    let stream = || {
        let (sender, body) = channel();
        sender.data("streamed");
        body
    };
    let many = Scripted::new([Step::ok().body_with(stream)]);
    for _ in 0..2 {
        let response = many.clone().oneshot(get("/")).await.unwrap();
        assert_eq!(text(response.into_body()).await, "streamed");
    }
    let mut once = Scripted::new([Step::ok().body(stream())]);
    once.clone().oneshot(get("/")).await.unwrap();
    ServiceExt::<Request<()>>::ready(&mut once).await.unwrap();
    let mut second = Box::pin(once.call(get("/")));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(panic_of(|| drop(second.as_mut().poll(&mut cx))).contains("body_with"));
}

#[tokio::test(start_paused = true)]
async fn a_collecting_service_reads_as_frames_come() {
    let server = Scripted::new([Step::ok()]);
    let (sender, body) = channel();
    let call = tokio::spawn(
        server
            .collecting()
            .oneshot(Request::put("/").body(body).unwrap()),
    );
    sender.data("one");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.calls()[0].body, "one");
    sender.data("two");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "1".parse().unwrap());
    sender.trailers(trailers.clone());
    assert!(!sender.is_closed());
    drop(sender);
    call.await.unwrap().unwrap();

    let call = &server.calls()[0];
    assert_eq!(call.body, "onetwo");
    assert_eq!(call.trailers.as_ref(), Some(&trailers));
    assert_eq!(call.size_hint.exact(), None);
    assert_eq!((server.in_flight(), server.dropped()), (0, 0));

    let full = Request::put("/").body(Full::from("12345")).unwrap();
    server.collecting().oneshot(full).await.unwrap();
    assert_eq!(server.calls()[1].size_hint.exact(), Some(5));
}

#[tokio::test]
async fn a_request_body_that_fails_ends_the_call() {
    let server = Scripted::new([Step::ok()]);
    let (sender, body) = channel();
    sender.data("half");
    sender.error(io::Error::other("gone"));
    let call = server
        .collecting()
        .oneshot(Request::put("/").body(body).unwrap());
    let error: BoxError = call.await.unwrap_err();
    assert_eq!(Failure::of(&*error).kind(), Kind::RequestBody);
    assert!(Failure::of(&*error).find::<io::Error>().is_some());
    assert_eq!(server.calls()[0].body, "half");
    assert_eq!((server.in_flight(), server.dropped()), (0, 0));
    assert!(sender.is_closed(), "the body is dropped with the call");
}
