//! Until the response's head.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use buttress_kernel::{Background, Body, BoxError, Failure, HttpRequest, Kind, Sent};
use buttress_testkit::{Scripted, Step};
use buttress_timeout::{Override, Phase, TimeoutLayer};
use http::{HeaderName, Request, Response, StatusCode};
use tokio::time::{Instant, advance, sleep_until};
use tokio_test::{assert_pending, assert_ready, task};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{deadline_in, elapsed, get, get_with, millis, secs};

fn hangs() -> Scripted {
    Scripted::new([Step::hang()])
}

fn takes(time: Duration) -> Scripted {
    Scripted::new([Step::ok().after(time)])
}

#[tokio::test(start_paused = true)]
async fn jp05_a_server_that_does_not_answer_is_given_up_after_the_limit() {
    let start = Instant::now();
    let server = hangs();
    let end = TimeoutLayer::new(secs(2))
        .layer(server.clone())
        .oneshot(get())
        .await;
    assert_eq!(elapsed(end), (Phase::Head, secs(2)));
    assert_eq!(start.elapsed(), secs(2));
    assert_eq!(server.in_flight(), 0, "the attempt is dropped");
}

#[tokio::test(start_paused = true)]
async fn ic27_the_limit_is_30_seconds_unless_set() {
    let start = Instant::now();
    let end = TimeoutLayer::default().layer(hangs()).oneshot(get()).await;
    assert_eq!(elapsed(end), (Phase::Head, secs(30)));
    assert_eq!(start.elapsed(), secs(30));
}

#[tokio::test(start_paused = true)]
async fn ic27_every_attempt_has_a_limit_of_its_own() {
    let server = Scripted::new([Step::hang(), Step::ok().after(millis(1_900))]);
    let service = TimeoutLayer::new(secs(2)).layer(server);
    let first = service.clone().oneshot(get()).await;
    assert_eq!(elapsed(first), (Phase::Head, secs(2)));
    assert!(service.oneshot(get()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_limit_passes() {
    let service = TimeoutLayer::new(secs(2)).layer(takes(millis(1_999)));
    assert_eq!(
        service.oneshot(get()).await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_at_the_very_instant_of_the_limit_wins() {
    let at = Instant::now() + secs(2);
    let slow = service_fn(move |_: Request<Body>| async move {
        sleep_until(at).await;
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let mut call = task::spawn(TimeoutLayer::new(secs(2)).layer(slow).oneshot(get()));
    assert_pending!(call.poll());
    advance(secs(2)).await;
    assert!(call.is_woken());
    assert!(assert_ready!(call.poll()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_that_is_there_when_we_look_wins() {
    let mut call = task::spawn(
        TimeoutLayer::new(secs(2))
            .layer(takes(secs(3)))
            .oneshot(get()),
    );
    assert_pending!(call.poll());
    advance(secs(4)).await;
    assert!(assert_ready!(call.poll()).is_ok());
}

#[test]
fn an_answer_that_is_there_at_once_needs_no_timer() {
    // Outside of a runtime a timer would panic.
    let echo = service_fn(|request: &'static str| ready(Ok::<_, Infallible>(request.len())));
    let mut call = task::spawn(
        TimeoutLayer::any_request(secs(2))
            .layer(echo)
            .oneshot("four"),
    );
    assert_eq!(assert_ready!(call.poll()).unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_clock_starts_with_the_first_poll() {
    let call = TimeoutLayer::new(secs(2))
        .layer(takes(secs(3)))
        .oneshot(get());
    advance(secs(60)).await;
    let start = Instant::now();
    assert_eq!(elapsed(call.await), (Phase::Head, secs(2)));
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn w24_none_is_no_limit_and_zero_is_a_limit_of_zero() {
    let day = secs(24 * 60 * 60);
    for layer in [TimeoutLayer::none(), TimeoutLayer::new(None)] {
        assert_eq!(layer.limit(), None);
        assert!(layer.layer(takes(day)).oneshot(get()).await.is_ok());
    }
    let start = Instant::now();
    let zero = TimeoutLayer::new(Duration::ZERO);
    assert_eq!(
        elapsed(zero.layer(takes(millis(1))).oneshot(get()).await),
        (Phase::Head, secs(0))
    );
    assert_eq!(start.elapsed(), secs(0));
    assert!(
        zero.layer(Scripted::new([Step::ok()]))
            .oneshot(get())
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_beyond_the_clock_is_as_good_as_none() {
    let day = secs(24 * 60 * 60);
    let huge = [Duration::MAX, secs(u64::MAX), secs(1 << 62), secs(1 << 40)];
    for limit in huge {
        let service = TimeoutLayer::new(limit).body_idle(limit).layer(takes(day));
        assert!(service.oneshot(get()).await.is_ok(), "{limit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ic29_a_servers_408_is_a_response_and_never_our_error() {
    let service = TimeoutLayer::new(secs(2)).layer(Scripted::new([Step::status(408)]));
    let response = service.oneshot(get()).await.expect("a 408 is a response");
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn ic29_the_error_says_which_limit_and_what_it_means() {
    let end = TimeoutLayer::new(millis(1_500))
        .layer(hangs())
        .oneshot(get())
        .await;
    let error = end.unwrap_err();
    assert_eq!(error.to_string(), "no response head within 1.5 s");
    let failure = Failure::of(&*error);
    assert_eq!(
        (failure.kind(), failure.sent()),
        (Kind::Timeout, Sent::Maybe)
    );
    assert_eq!(failure.retry_at(), None);
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_inner_service_pass() {
    let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let service = TimeoutLayer::default().layer(Scripted::new([Step::error(broken)]));
    let error = service.oneshot(get()).await.unwrap_err();
    assert!(
        error.is::<std::io::Error>(),
        "not boxed a second time: {error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn ic28_a_request_has_the_limit_that_it_asks_for() {
    let longer = get_with(Override::new().head(secs(120)));
    let service = TimeoutLayer::default().layer(takes(secs(119)));
    assert!(service.oneshot(longer).await.is_ok());

    let shorter = get_with(Override::new().head(secs(1)));
    let end = TimeoutLayer::default()
        .layer(hangs())
        .oneshot(shorter)
        .await;
    assert_eq!(elapsed(end), (Phase::Head, secs(1)));

    let unlimited = get_with(Override::new().head(None));
    let service = TimeoutLayer::default().layer(takes(secs(3_600)));
    assert!(service.oneshot(unlimited).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_override_of_something_else_leaves_the_limit_as_it_is() {
    let other = get_with(Override::new().body_idle(secs(1)).upload_idle(None));
    let end = TimeoutLayer::new(secs(2))
        .layer(hangs())
        .oneshot(other)
        .await;
    assert_eq!(elapsed(end), (Phase::Head, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_comes_first_ends_the_attempt_as_the_total() {
    let start = Instant::now();
    let request = get_with(deadline_in(millis(700)));
    let end = TimeoutLayer::new(secs(2))
        .layer(hangs())
        .oneshot(request)
        .await;
    assert_eq!(elapsed(end), (Phase::Total, millis(700)));
    assert_eq!(start.elapsed(), millis(700));

    let end = TimeoutLayer::none()
        .layer(hangs())
        .oneshot(get_with(deadline_in(secs(9))))
        .await;
    assert_eq!(elapsed(end), (Phase::Total, secs(9)));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_comes_later_leaves_the_attempt_its_limit() {
    let request = get_with(deadline_in(secs(3)));
    let end = TimeoutLayer::new(secs(2))
        .layer(hangs())
        .oneshot(request)
        .await;
    assert_eq!(elapsed(end), (Phase::Head, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn where_both_end_at_once_it_was_the_total() {
    let request = get_with(deadline_in(secs(2)));
    let end = TimeoutLayer::new(secs(2))
        .layer(hangs())
        .oneshot(request)
        .await;
    assert_eq!(elapsed(end), (Phase::Total, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_nothing_is_called() {
    let server = Scripted::new([Step::ok()]);
    let request = get_with(deadline_in(secs(0)));
    let end = TimeoutLayer::new(secs(2))
        .layer(server.clone())
        .oneshot(request)
        .await;
    let error = end.unwrap_err();
    assert_eq!(server.calls().len(), 0);
    assert_eq!(Failure::of(&*error).sent(), Sent::No);
    assert_eq!(
        error.to_string(),
        "the deadline had passed before the request was sent; allow more time"
    );
    assert_eq!(elapsed::<()>(Err(error)), (Phase::Total, secs(0)));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_tells_the_next_hop_what_is_left_of_the_deadline() {
    let name = HeaderName::from_static("x-request-timeout-ms");
    let server = Scripted::new([Step::ok()]);
    let layer = TimeoutLayer::new(secs(2)).forward_deadline_in(name.clone());
    let service = layer.layer(server.clone());
    let deadline = deadline_in(secs(5));
    for spent in [
        Duration::ZERO,
        Duration::from_micros(1_300_500),
        millis(3_699),
    ] {
        advance(spent).await;
        service.clone().oneshot(get_with(deadline)).await.unwrap();
    }
    let mut own = get();
    own.headers_mut().insert(&name, "77".parse().unwrap());
    service.oneshot(own).await.unwrap();

    let sent: Vec<_> = server
        .calls()
        .iter()
        .map(|c| c.header(name.as_str()).map(str::to_owned))
        .collect();
    // Rounded down; 0.5 ms is still 1; a request without a deadline keeps what it has.
    let wanted = ["5000", "3699", "1", "77"].map(|value| Some(value.to_owned()));
    assert_eq!(sent, wanted);
}

#[tokio::test(start_paused = true)]
async fn any_request_type_will_do() {
    let slow = service_fn(|length: u64| async move {
        tokio::time::sleep(secs(length)).await;
        Ok::<_, Infallible>("untouched")
    });
    let service = TimeoutLayer::any_request(secs(2)).layer(slow);
    assert_eq!(service.clone().oneshot(1).await.unwrap(), "untouched");
    assert_eq!(elapsed(service.oneshot(3).await), (Phase::Head, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn a_view_finds_overrides_and_deadlines_without_touching_the_bodies() {
    let layer = TimeoutLayer::any_request(secs(2)).seen_as::<HttpRequest>();
    let slow = service_fn(|_: Request<Body>| async {
        tokio::time::sleep(secs(3)).await;
        Ok::<Response<&'static str>, Infallible>(Response::new("not even a body"))
    });
    let service = layer.layer(slow);
    let longer = get_with(Override::new().head(secs(4)));
    assert_eq!(
        *service.clone().oneshot(longer).await.unwrap().body(),
        "not even a body"
    );
    let dies = service
        .clone()
        .oneshot(get_with(deadline_in(secs(1))))
        .await;
    assert_eq!(elapsed(dies), (Phase::Total, secs(1)));
    let late = service.oneshot(get_with(deadline_in(secs(0)))).await;
    assert_eq!(elapsed(late), (Phase::Total, secs(0)));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_takes_attempt_and_timer_with_it() {
    let server = hangs();
    let mut call = task::spawn(
        TimeoutLayer::new(secs(2))
            .layer(server.clone())
            .oneshot(get()),
    );
    assert_pending!(call.poll());
    assert_eq!(server.in_flight(), 1);
    drop(call);
    assert_eq!((server.in_flight(), server.dropped()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn readiness_and_its_errors_are_the_inner_services() {
    let server = Scripted::new([Step::ok()]).ready_error(|| "not today");
    let mut service = TimeoutLayer::default().layer(server);
    let ready: Result<_, BoxError> = ServiceExt::<Request<Body>>::ready(&mut service).await;
    assert_eq!(ready.unwrap_err().to_string(), "not today");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_waits_a_callers_hurry_is_not_heeded_but_his_patience_is() {
    for (own, takes_at_most) in [(Some(1), 30), (Some(120), 120), (None, 3_600)] {
        let asked = || {
            let mut asked = get_with(Override::new().head(own.map(secs)));
            asked.extensions_mut().insert(Background);
            asked
        };
        let layer = TimeoutLayer::default();
        let service = layer.layer(takes(secs(takes_at_most) - millis(1)));
        service.oneshot(asked()).await.unwrap();
        if own.is_some() {
            let end = layer.layer(hangs()).oneshot(asked()).await;
            assert_eq!(elapsed(end), (Phase::Head, secs(takes_at_most)));
        }
    }
}
