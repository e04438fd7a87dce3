//! A whole call.

use std::pin::pin;
use std::time::Duration;

use buttress_kernel::{Background, Body, Deadline, Failure, Kind, Sent};
use buttress_testkit::{Scripted, Step, channel};
use buttress_timeout::{DeadlineLayer, Override, Phase, TimeoutLayer, TotalOverride};
use http::HeaderName;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};
use tower::{Layer, ServiceBuilder, ServiceExt};

use crate::support::{deadline_in, elapsed, elapsed_error, get, get_with, millis, secs};

/// What was left for the last call by now.
fn deadline_of(server: &Scripted) -> Option<Duration> {
    let now = Instant::now().into_std();
    let call = server.calls().pop().expect("a call");
    call.extensions
        .get::<Deadline>()
        .map(|deadline| deadline.remaining(now))
}

#[tokio::test(start_paused = true)]
async fn the_total_ends_a_call_that_does_not_answer() {
    let start = Instant::now();
    let server = Scripted::new([Step::hang()]);
    let end = DeadlineLayer::new(secs(5))
        .layer(server.clone())
        .oneshot(get())
        .await;
    let error = end.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the call as a whole was not over within 5 s"
    );
    let failure = Failure::of(&*error);
    assert_eq!(
        (failure.kind(), failure.sent()),
        (Kind::Timeout, Sent::Maybe)
    );
    assert_eq!(elapsed_error(&error), (Phase::Total, secs(5)));
    assert_eq!((start.elapsed(), server.in_flight()), (secs(5), 0));
}

#[tokio::test(start_paused = true)]
async fn w46_the_total_covers_the_body() {
    let (sender, body) = channel();
    let server = Scripted::new([Step::ok().body(body).after(secs(3))]);
    let start = Instant::now();
    let response = DeadlineLayer::new(secs(5))
        .layer(server)
        .oneshot(get())
        .await
        .unwrap();
    let mut body = pin!(response.into_body());
    sender.data("begun");
    body.frame().await.unwrap().unwrap();
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::Total, secs(5)));
    assert_eq!(start.elapsed(), secs(5));
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_without_end_whose_frames_never_keep_us_waiting_ends_with_the_total() {
    let frames = endless::repeat();
    let server = Scripted::new([Step::ok().body(Body::stream(StreamBody::new(frames)))]);
    let response = DeadlineLayer::new(secs(5))
        .layer(server)
        .oneshot(get())
        .await
        .unwrap();
    let mut body = pin!(response.into_body());
    for _ in 0..4 {
        body.frame().await.unwrap().unwrap();
        sleep(millis(1_200)).await;
    }
    body.frame().await.unwrap().unwrap();
    sleep(millis(200)).await;
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::Total, secs(5)));
}

mod endless {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::Frame;

    pub(super) struct Repeat;

    pub(super) fn repeat() -> Repeat {
        Repeat
    }

    impl futures_util::Stream for Repeat {
        type Item = Result<Frame<Bytes>, Infallible>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"more")))))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_has_ended_has_ended_however_late_the_end_is_read() {
    let server = Scripted::new([Step::ok().body("all")]);
    let response = DeadlineLayer::new(secs(5))
        .layer(server)
        .oneshot(get())
        .await
        .unwrap();
    let mut body = pin!(response.into_body());
    body.frame().await.unwrap().unwrap();
    advance(secs(6)).await;
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn layers_further_in_find_the_deadline() {
    let server = Scripted::new([Step::ok()]);
    DeadlineLayer::new(secs(5))
        .layer(server.clone())
        .oneshot(get())
        .await
        .unwrap();
    assert_eq!(deadline_of(&server), Some(secs(5)));
}

#[tokio::test(start_paused = true)]
async fn of_two_deadlines_the_earlier_one_holds() {
    for (found, own, wanted) in [(3, Some(5), 3), (5, Some(3), 3), (4, None, 4)] {
        let server = Scripted::new([Step::hang()]);
        let service = DeadlineLayer::new(own.map(secs)).layer(server.clone());
        let mut call = task::spawn(service.oneshot(get_with(deadline_in(secs(found)))));
        assert_pending!(call.poll());
        assert_eq!(deadline_of(&server), Some(secs(wanted)));
        assert_eq!(elapsed(call.await), (Phase::Total, secs(wanted)));
    }
}

#[tokio::test(start_paused = true)]
async fn w58_without_a_total_only_a_deadline_that_is_there_holds() {
    let day = secs(24 * 60 * 60);
    for layer in [
        DeadlineLayer::none(),
        DeadlineLayer::default(),
        DeadlineLayer::new(None),
    ] {
        assert_eq!(layer.total(), None);
        let server = Scripted::new([Step::ok().after(day)]);
        let service = layer.layer(server.clone());
        assert!(service.clone().oneshot(get()).await.is_ok());
        assert_eq!(deadline_of(&server), None);
        let end = service.oneshot(get_with(deadline_in(secs(7)))).await;
        assert_eq!(elapsed(end), (Phase::Total, secs(7)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_total_of_zero_and_a_deadline_in_the_past_call_nothing() {
    let server = Scripted::new([Step::ok()]);
    let zero = DeadlineLayer::new(Duration::ZERO)
        .layer(server.clone())
        .oneshot(get())
        .await;
    assert_eq!(elapsed(zero), (Phase::Total, secs(0)));
    let past = deadline_in(secs(1));
    advance(secs(2)).await;
    let error = DeadlineLayer::none()
        .layer(server.clone())
        .oneshot(get_with(past))
        .await
        .unwrap_err();
    assert_eq!(Failure::of(&*error).sent(), Sent::No);
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_total_beyond_the_clock_is_as_good_as_none() {
    let server = Scripted::new([Step::ok().after(secs(9_999))]);
    let service = DeadlineLayer::new(Duration::MAX).layer(server.clone());
    assert!(service.oneshot(get()).await.is_ok());
    assert_eq!(deadline_of(&server), None);
}

#[tokio::test(start_paused = true)]
async fn a_request_has_the_total_that_it_asks_for() {
    let layer = DeadlineLayer::new(secs(5));
    let takes_8_s = || Scripted::new([Step::ok().after(secs(8))]);
    let longer = get_with(TotalOverride::new(secs(9)));
    assert!(layer.layer(takes_8_s()).oneshot(longer).await.is_ok());
    let unlimited = get_with(TotalOverride::new(None));
    assert!(layer.layer(takes_8_s()).oneshot(unlimited).await.is_ok());
    let shorter = get_with(TotalOverride::new(secs(1)));
    let end = layer.layer(takes_8_s()).oneshot(shorter).await;
    assert_eq!(elapsed(end), (Phase::Total, secs(1)));

    // A deadline of somebody else is not ours to lift.
    let mut bound = get_with(TotalOverride::new(secs(9)));
    bound.extensions_mut().insert(deadline_in(secs(2)));
    let end = layer.layer(takes_8_s()).oneshot(bound).await;
    assert_eq!(elapsed(end), (Phase::Total, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn the_next_hop_is_told_what_is_left() {
    let name = HeaderName::from_static("x-request-timeout-ms");
    let server = Scripted::new([Step::ok()]);
    let told = || {
        server
            .calls()
            .last()
            .unwrap()
            .header(name.as_str())
            .map(str::to_owned)
    };
    let service = DeadlineLayer::new(secs(5))
        .forward_in(name.clone())
        .layer(server.clone());
    service.clone().oneshot(get()).await.unwrap();
    assert_eq!(told().as_deref(), Some("5000"));
    service
        .oneshot(get_with(deadline_in(millis(1_234))))
        .await
        .unwrap();
    assert_eq!(told().as_deref(), Some("1234"));

    let none = DeadlineLayer::none()
        .forward_in(name.clone())
        .layer(server.clone());
    none.oneshot(get()).await.unwrap();
    assert_eq!(told(), None);
}

#[tokio::test(start_paused = true)]
async fn in_a_stack_the_attempt_ends_first_and_the_total_last() {
    let stack = |server| {
        ServiceBuilder::new()
            .layer(DeadlineLayer::new(secs(5)))
            .layer(TimeoutLayer::new(secs(2)).body_idle(secs(1)))
            .service(server)
    };
    let hangs = || Scripted::new([Step::hang()]);
    assert_eq!(
        elapsed(stack(hangs()).oneshot(get()).await),
        (Phase::Head, secs(2))
    );
    let patient = get_with(Override::new().head(secs(60)));
    assert_eq!(
        elapsed(stack(hangs()).oneshot(patient).await),
        (Phase::Total, secs(5))
    );

    let (_sender, body) = channel();
    let server = Scripted::new([Step::ok().body(body)]);
    let mut body = pin!(stack(server).oneshot(get()).await.unwrap().into_body());
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(elapsed_error(&error), (Phase::ResponseBody, secs(1)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_at_the_very_instant_of_the_total_wins() {
    let server = Scripted::new([Step::ok().after(secs(5))]);
    let mut call = task::spawn(DeadlineLayer::new(secs(5)).layer(server).oneshot(get()));
    assert_pending!(call.poll());
    advance(secs(5)).await;
    assert!(assert_ready!(call.poll()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn where_nobody_waits_the_longer_total_holds() {
    let layer = DeadlineLayer::new(secs(5));
    for (own, total) in [(1, 5), (9, 9)] {
        let mut asked = get_with(TotalOverride::new(secs(own)));
        asked.extensions_mut().insert(Background);
        let end = layer.layer(Scripted::new([Step::hang()])).oneshot(asked);
        assert_eq!(elapsed(end.await), (Phase::Total, secs(total)));
    }
}
