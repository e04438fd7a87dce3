use buttress_kernel::{Attempt, BoxError, Cause, Failure, Kind, Sent, TransportError};
use buttress_retry::{Backoff, Exhausted, RetryLayer};
use buttress_testkit::{Scripted, Step};
use http::StatusCode;

use crate::common::{SECOND, broken, get, plain, refused, send, sends};

#[tokio::test(start_paused = true)]
async fn d01_the_number_counts_the_first_attempt() {
    for attempts in 1..=4 {
        let layer = plain().max_attempts(attempts).build().unwrap();
        assert_eq!(
            sends(&layer, Step::status(503), get()).await.len(),
            attempts as usize
        );
    }
}

#[tokio::test(start_paused = true)]
async fn ic30_one_attempt_retries_nothing_at_all() {
    let layer = plain().max_attempts(1).build().unwrap();
    for step in [Step::status(429), broken(), refused()] {
        assert_eq!(sends(&layer, step, get()).await, [0]);
    }
}

#[tokio::test(start_paused = true)]
async fn ic31_linear_seconds_are_sent_at_0_1_and_3() {
    let layer = plain().build().unwrap();
    for status in [408, 429, 500, 502, 503, 504] {
        assert_eq!(
            sends(&layer, Step::status(status), get()).await,
            [0, 1_000, 3_000],
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn jp11_exponential_seconds_are_sent_at_0_1_3_and_7() {
    let layer = plain()
        .backoff(Backoff::exponential(SECOND))
        .max_attempts(4)
        .build()
        .unwrap();
    assert_eq!(
        sends(&layer, Step::status(500), get()).await,
        [0, 1_000, 3_000, 7_000]
    );
    assert_eq!(
        sends(&layer, broken(), get()).await,
        [0, 1_000, 3_000, 7_000]
    );
}

#[tokio::test(start_paused = true)]
async fn trap7_the_ready_made_layer_waits_between_its_three_attempts() {
    let layer = RetryLayer::builder().seed(3).build().unwrap();
    let times = sends(&layer, Step::status(503), get()).await;
    assert_eq!(times.len(), 3);
    assert!(times[1] > 0 && times[1] <= 101, "{times:?}");
    assert!(
        times[2] > times[1] && times[2] - times[1] <= 201,
        "{times:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_it() {
    let server = Scripted::new([Step::status(503), broken(), Step::ok().body("at last")]);
    let response = send(&plain().build().unwrap(), &server, get())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.body().as_bytes(), None);
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn attempts_say_their_number_and_cause_from_the_second_on() {
    let server = Scripted::new([Step::status(503), broken(), Step::ok()]);
    let response = send(&plain().build().unwrap(), &server, get())
        .await
        .unwrap();

    let seen: Vec<_> = server.calls().iter().map(|call| call.attempt).collect();
    let second = Attempt::new(
        2.try_into().unwrap(),
        Cause::Status(StatusCode::SERVICE_UNAVAILABLE),
    );
    let third = Attempt::new(3.try_into().unwrap(), Cause::Error(Kind::Transport));
    assert_eq!(seen, [None, Some(second), Some(third)]);
    assert_eq!(response.extensions().get(), Some(&third));
}

#[tokio::test(start_paused = true)]
async fn a_first_response_carries_no_attempt_and_no_extension_at_all() {
    let server = Scripted::new([Step::ok()]);
    let response = send(&plain().build().unwrap(), &server, get())
        .await
        .unwrap();
    assert!(response.extensions().is_empty());
    assert!(server.calls()[0].extensions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_last_response_is_returned_as_a_response() {
    let server = Scripted::new([Step::status(503), Step::status(503), Step::status(502)]);
    let response = send(&plain().build().unwrap(), &server, get())
        .await
        .unwrap();
    assert_eq!(response.status(), 502);
    let attempt: &Attempt = response.extensions().get().unwrap();
    assert_eq!(attempt.number().get(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_last_of_several_errors_is_kept_and_counted() {
    let server = Scripted::new([Step::status(503), broken(), refused()]);
    let layer = plain().max_attempts(2).build().unwrap();
    let error: BoxError = send(&layer, &server, get()).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "gave up after 2 attempts: no attempt is left"
    );
    let failure = Failure::of(&*error);
    assert_eq!(failure.find::<Exhausted>().unwrap().attempts(), 2);
    assert_eq!(failure.attempts(), 2);
    assert_eq!(failure.kind(), Kind::Transport);
    assert_eq!(failure.sent(), Sent::Yes, "the first attempt was answered");
}

#[tokio::test(start_paused = true)]
async fn a_single_error_is_returned_as_it_is() {
    let server = Scripted::new([broken()]);
    let layer = plain().connect(false).build().unwrap();
    let error = send(&layer, &server, get()).await.unwrap_err();
    assert_eq!(error.to_string(), "the connection broke");
    assert!(Failure::of(&*error).find::<Exhausted>().is_none());
}

#[tokio::test(start_paused = true)]
async fn w38_every_call_of_the_service_is_retried() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"] {
        let request = crate::common::request(method.parse().unwrap());
        let layer = plain().build().unwrap();
        assert_eq!(
            sends(&layer, Step::status(503), request).await.len(),
            3,
            "{method}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn w39_a_success_without_a_body_is_an_answer() {
    let layer = plain().build().unwrap();
    for status in [200, 201, 204, 205, 301, 304] {
        assert_eq!(
            sends(&layer, Step::status(status), get()).await,
            [0],
            "{status}"
        );
    }
}

fn attempt(number: u32, cause: Cause) -> Attempt {
    Attempt::new(number.try_into().unwrap(), cause)
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_from_those_of_a_layer_further_out() {
    let rejected = attempt(3, Cause::Status(StatusCode::UNAUTHORIZED));
    let failed = |number| attempt(number, Cause::Status(StatusCode::SERVICE_UNAVAILABLE));
    let server = Scripted::new([Step::status(503), Step::status(503), Step::ok()]);
    let mut request = get();
    request.extensions_mut().insert(rejected);
    let layer = plain().build().unwrap();
    let response = send(&layer, &server, request).await.unwrap();
    let attempts: Vec<_> = server.calls().iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [Some(rejected), Some(failed(4)), Some(failed(5))]);
    assert_eq!(response.extensions().get(), Some(&failed(5)));
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_from_those_of_a_layer_further_in() {
    let failed = |number| attempt(number, Cause::Status(StatusCode::SERVICE_UNAVAILABLE));
    let replayed = |number| attempt(number, Cause::Status(StatusCode::UNAUTHORIZED));
    let reset = || TransportError::broken(Sent::Maybe, "reset by peer");
    let broken = move || replayed(5).mark_error(reset().into());
    let server = Scripted::new([
        Step::status(503).extension(replayed(2)),
        Step::error(broken),
        Step::ok().extension(replayed(7)),
    ]);
    let layer = plain().build().unwrap();
    let response = send(&layer, &server, get()).await.unwrap();
    let attempts: Vec<_> = server.calls().iter().map(|call| call.attempt).collect();
    let sixth = attempt(6, Cause::Error(Kind::Transport));
    assert_eq!(attempts, [None, Some(failed(3)), Some(sixth)]);
    assert_eq!(
        response.extensions().get(),
        Some(&replayed(7)),
        "who is further in is right"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_counts_the_attempts_of_other_layers_too() {
    let server = Scripted::new([
        Step::status(503).extension(attempt(2, Cause::Status(StatusCode::UNAUTHORIZED))),
        broken(),
    ]);
    let layer = plain().max_attempts(2).build().unwrap();
    let error = send(&layer, &server, get()).await.unwrap_err();
    assert_eq!(Failure::of(&*error).attempts(), 3);
}
