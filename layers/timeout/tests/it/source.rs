//! Who is to blame when a limit runs out in the middle of a request's body.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use buttress_kernel::{Body, BoxError, Classify, Failure, HttpClassify, Kind, Outcome, Sent};
use buttress_testkit::{FrameSender, channel};
use buttress_timeout::mode::Source;
use buttress_timeout::{Override, Phase, TimeoutLayer};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep, timeout};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{deadline_in, elapsed, millis, secs};

/// Head 5 s.
fn layer() -> TimeoutLayer<Source> {
    TimeoutLayer::new(secs(5)).watch_source()
}

fn post(body: Body) -> Request<Body> {
    let request = Request::post("https://api.example/file").body(body);
    request.expect("a valid request")
}

/// A server that answers once it has read the whole body, as far as it reads, and after a pause.
fn server(
    frames: usize,
    pause: Duration,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = BoxError> {
    service_fn(move |request: Request<Body>| async move {
        let mut body = Box::pin(request.into_body());
        for _ in 0..frames {
            if body.frame().await.transpose()?.is_none() {
                break;
            }
        }
        sleep(pause).await;
        Ok(Response::new(Body::empty()))
    })
}

/// A body that has so much to give and does not end.
fn unfinished(frames: usize) -> (FrameSender, Request<Body>) {
    let (sender, body) = channel();
    (0..frames).for_each(|_| sender.data("frame"));
    (sender, post(body))
}

const ALL: usize = usize::MAX;

async fn phase<S>(service: S, request: Request<Body>) -> (Phase, Duration)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    elapsed(layer().layer(service).oneshot(request).await)
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_the_callers_fault() {
    for frames in [0, 1, 3] {
        let (_sender, request) = unfinished(frames);
        let error = layer().layer(server(ALL, secs(0))).oneshot(request).await;
        let error = error.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the request's own body did not come within 5 s; send it faster, or allow more time"
        );
        let failure = Failure::of(&*error);
        assert_eq!(
            (failure.kind(), failure.sent()),
            (Kind::RequestBody, Sent::Maybe)
        );
        let outcome = Classify::<Response<()>>::classify(&HttpClassify, Err(&*error));
        assert_eq!(outcome, Outcome::CallerFault);
        assert_eq!(elapsed::<()>(Err(error)), (Phase::Source, secs(5)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_late_all_the_same() {
    let (sender, request) = unfinished(0);
    tokio::spawn(async move {
        loop {
            sleep(millis(300)).await;
            sender.data("a");
        }
    });
    let end = phase(server(ALL, secs(0)), request).await;
    assert_eq!(end, (Phase::Source, secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_take_the_body_is_slow_itself() {
    let (_sender, request) = unfinished(3);
    let end = phase(server(0, secs(60)), request).await;
    assert_eq!(end, (Phase::Head, secs(5)));
    let (_sender, request) = unfinished(3);
    let end = phase(server(2, secs(60)), request).await;
    assert_eq!(end, (Phase::Head, secs(5)), "there was more to take");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_the_whole_body_is_slow_itself() {
    let (sender, request) = unfinished(3);
    drop(sender);
    let end = phase(server(ALL, secs(60)), request).await;
    assert_eq!(end, (Phase::Head, secs(5)));
    for body in [Body::empty(), Body::from("in memory")] {
        let end = phase(server(ALL, secs(60)), post(body)).await;
        assert_eq!(end, (Phase::Head, secs(5)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throws_the_body_away_is_slow_itself() {
    let (_sender, request) = unfinished(1);
    let service = service_fn(|request: Request<Body>| async move {
        let mut body = Box::pin(request.into_body());
        body.frame().await;
        let more = timeout(secs(1), body.frame()).await;
        assert!(more.is_err(), "the source is silent");
        drop(body);
        pending::<Result<Response<Body>, BoxError>>().await
    });
    assert_eq!(phase(service, request).await, (Phase::Head, secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_in_time_is_nobodys_fault() {
    let (sender, request) = unfinished(1);
    tokio::spawn(async move {
        sleep(millis(4_900)).await;
        drop(sender);
    });
    let start = Instant::now();
    let end = layer().layer(server(ALL, secs(0))).oneshot(request).await;
    assert!(end.is_ok());
    assert_eq!(start.elapsed(), millis(4_900));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_the_body_misses_is_the_callers_fault() {
    let (_sender, mut request) = unfinished(1);
    request.extensions_mut().insert(deadline_in(secs(2)));
    let end = phase(server(ALL, secs(0)), request).await;
    assert_eq!(end, (Phase::Source, secs(2)));

    let (_sender, mut late) = unfinished(1);
    late.extensions_mut().insert(deadline_in(secs(0)));
    let end = phase(server(ALL, secs(0)), late).await;
    assert_eq!(end, (Phase::Total, secs(0)), "nobody asked for the body");
}

#[tokio::test(start_paused = true)]
async fn a_requests_own_limit_is_kept() {
    let (_sender, mut request) = unfinished(1);
    request
        .extensions_mut()
        .insert(Override::new().head(secs(9)));
    let end = phase(server(ALL, secs(0)), request).await;
    assert_eq!(end, (Phase::Source, secs(9)));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_sent_from_a_task_is_watched_there() {
    let (_sender, request) = unfinished(1);
    let service = service_fn(|request: Request<Body>| async move {
        let upload = tokio::spawn(request.into_body().collect());
        upload.await??;
        Ok::<_, BoxError>(Response::new(Body::empty()))
    });
    let service: Pin<Box<_>> = Box::pin(layer().layer(service).oneshot(request));
    assert_eq!(elapsed(service.await), (Phase::Source, secs(5)));
}
