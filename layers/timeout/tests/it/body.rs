//! Between the frames of the response's body.

use std::pin::Pin;

use buttress_kernel::{Body, BoxError, Failure, Kind, Sent};
use buttress_testkit::{FrameSender, Scripted, Step, channel};
use buttress_timeout::body::ResponseBody;
use buttress_timeout::{Override, Phase, TimeoutLayer};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};
use tower::{Layer, ServiceExt};

use crate::support::{elapsed_error, get, get_with, millis, secs};

type Limited = Pin<Box<ResponseBody<Body>>>;

async fn answer(layer: TimeoutLayer, request: Request<Body>) -> (FrameSender, Limited) {
    let (sender, body) = channel();
    let server = Scripted::new([Step::ok().body(body)]);
    let response: Response<ResponseBody<Body>> = layer
        .layer(server)
        .oneshot(request)
        .await
        .expect("a response");
    (sender, Box::pin(response.into_body()))
}

async fn idle_for_2_s() -> (FrameSender, Limited) {
    answer(TimeoutLayer::default().body_idle(secs(2)), get()).await
}

async fn data(body: &mut Limited) -> Option<Result<Bytes, BoxError>> {
    body.frame()
        .await
        .map(|frame| frame.map(|frame| frame.into_data().expect("data")))
}

#[tokio::test(start_paused = true)]
async fn w24_a_stalled_body_is_given_up() {
    let (sender, mut body) = idle_for_2_s().await;
    sender.data("begun");
    assert_eq!(data(&mut body).await.unwrap().unwrap(), "begun");
    let start = Instant::now();
    let error = data(&mut body).await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::ResponseBody, secs(2)));
    assert_eq!(start.elapsed(), secs(2));
    assert_eq!(
        error.to_string(),
        "nothing came of the response's body for 2 s"
    );
    let failure = Failure::of(&*error);
    assert_eq!((failure.kind(), failure.sent()), (Kind::Timeout, Sent::Yes));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_begins_is_given_up() {
    let (_sender, mut body) = idle_for_2_s().await;
    let error = data(&mut body).await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::ResponseBody, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn w46_the_limit_on_the_head_leaves_the_body_alone() {
    let (_sender, mut body) = answer(TimeoutLayer::new(secs(2)), get()).await;
    let mut frame = task::spawn(async { data(&mut body).await });
    assert_pending!(frame.poll());
    advance(secs(3_600)).await;
    assert_pending!(frame.poll());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_moves_may_take_for_ever() {
    let (sender, mut body) = idle_for_2_s().await;
    tokio::spawn(async move {
        for _ in 0..1_000 {
            sleep(millis(1_999)).await;
            sender.data("x");
        }
    });
    let start = Instant::now();
    let mut frames = 0;
    while let Some(frame) = data(&mut body).await {
        frame.unwrap();
        frames += 1;
    }
    assert_eq!((frames, start.elapsed()), (1_000, millis(1_999_000)));
}

#[tokio::test(start_paused = true)]
async fn the_clock_stands_still_while_nobody_polls() {
    let (sender, mut body) = idle_for_2_s().await;
    sender.data("one");
    data(&mut body).await.unwrap().unwrap();
    // The consumer is busy with what it has.
    advance(secs(60)).await;
    let mut frame = task::spawn(async { data(&mut body).await });
    assert_pending!(frame.poll());
    advance(millis(1_999)).await;
    assert_pending!(frame.poll());
    sender.data("two");
    assert_eq!(assert_ready!(frame.poll()).unwrap().unwrap(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_there_when_we_look_wins() {
    let (sender, mut body) = idle_for_2_s().await;
    let mut frame = task::spawn(async { data(&mut body).await });
    assert_pending!(frame.poll());
    advance(secs(2)).await;
    sender.data("just in time");
    assert_eq!(
        assert_ready!(frame.poll()).unwrap().unwrap(),
        "just in time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_went_away_and_came_back_is_heard_once_more() {
    let (sender, mut body) = idle_for_2_s().await;
    let mut frame = task::spawn(async { data(&mut body).await });
    assert_pending!(frame.poll());
    advance(secs(60)).await;
    assert_pending!(frame.poll());
    sender.data("it was there");
    assert_eq!(
        assert_ready!(frame.poll()).unwrap().unwrap(),
        "it was there"
    );
    drop(frame);

    // A peer that is really dead is found all the same, however often we look away.
    let mut frame = task::spawn(async { data(&mut body).await });
    assert_pending!(frame.poll());
    advance(secs(60)).await;
    assert_pending!(frame.poll());
    advance(secs(60)).await;
    let error = assert_ready!(frame.poll()).unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::ResponseBody, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn after_the_error_the_body_has_ended() {
    let (sender, mut body) = idle_for_2_s().await;
    assert!(!body.is_end_stream());
    data(&mut body).await.unwrap().unwrap_err();
    sender.data("too late");
    assert!(data(&mut body).await.is_none());
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn size_end_trailers_and_errors_are_the_inner_bodys() {
    let (sender, body) = idle_for_2_s().await;
    let trailers: HeaderMap = [(http::header::ETAG, "\"x\"".parse().unwrap())]
        .into_iter()
        .collect();
    sender.data("data");
    sender.trailers(trailers.clone());
    drop(sender);
    let whole = body.collect().await.unwrap();
    assert_eq!(whole.trailers(), Some(&trailers));
    assert_eq!(whole.to_bytes(), "data");

    let server = Scripted::new([Step::ok().body("12345"), Step::ok()]);
    let service = TimeoutLayer::default().body_idle(secs(2)).layer(server);
    let five = service.clone().oneshot(get()).await.unwrap().into_body();
    assert_eq!(
        (five.size_hint().exact(), five.is_end_stream()),
        (Some(5), false)
    );
    assert_eq!(five.get_ref().size_hint().exact(), Some(5));
    assert_eq!(
        five.into_inner().collect().await.unwrap().to_bytes(),
        "12345"
    );
    assert!(service.oneshot(get()).await.unwrap().body().is_end_stream());

    let (sender, mut body) = idle_for_2_s().await;
    sender.error("it broke");
    assert_eq!(
        data(&mut body).await.unwrap().unwrap_err().to_string(),
        "it broke"
    );
    assert!(data(&mut body).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_request_has_the_limit_on_the_body_that_it_asks_for() {
    let layer = || TimeoutLayer::default().body_idle(secs(2));
    let (_sender, mut body) = answer(layer(), get_with(Override::new().body_idle(secs(9)))).await;
    let error = data(&mut body).await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::ResponseBody, secs(9)));

    let own = get_with(Override::new().body_idle(secs(9)));
    let (_sender, mut body) = answer(TimeoutLayer::none(), own).await;
    let error = data(&mut body).await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::ResponseBody, secs(9)));

    let (sender, mut body) = answer(layer(), get_with(Override::new().body_idle(None))).await;
    let mut frame = task::spawn(async { data(&mut body).await });
    assert_pending!(frame.poll());
    advance(secs(3_600)).await;
    sender.data("at last");
    assert_eq!(assert_ready!(frame.poll()).unwrap().unwrap(), "at last");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_is_a_limit_of_zero_for_a_body_too() {
    let (sender, mut body) = answer(TimeoutLayer::none().body_idle(secs(0)), get()).await;
    sender.data("there");
    assert_eq!(data(&mut body).await.unwrap().unwrap(), "there");
    let error = data(&mut body).await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::ResponseBody, secs(0)));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_given_up_loses_no_frame() {
    let (sender, mut body) = idle_for_2_s().await;
    {
        let mut frame = task::spawn(body.frame());
        assert_pending!(frame.poll());
    }
    sender.data("kept");
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "kept");
}
