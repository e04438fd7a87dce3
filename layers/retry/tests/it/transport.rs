use std::time::Duration;

use buttress_kernel::{BoxError, Facts, Failure, Kind, Sent, TransportError};
use buttress_retry::Exhausted;
use buttress_testkit::{Scripted, Step};
use http::StatusCode;
use tokio::time::Instant;

use crate::common::{SECOND, broken, get, plain, post, refused, send, sends, times};

/// An error of a layer further in.
#[derive(Debug)]
struct State(Facts);

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a state")
    }
}

impl std::error::Error for State {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn failing(make: impl Fn() -> Facts + Send + Sync + 'static) -> Step {
    Step::error(move || State(make()))
}

/// A refusal that ends `wait` from the time of the call on.
fn refusal(kind: Kind, wait: Duration) -> Step {
    failing(move || {
        let end = (Instant::now() + wait).into_std();
        Facts::new(kind).sent(Sent::No).retry_at(end)
    })
}

#[tokio::test(start_paused = true)]
async fn w14_transport_failures_are_retried_whatever_the_status_list() {
    let layer = plain().statuses([StatusCode::BAD_GATEWAY]).build().unwrap();
    assert_eq!(sends(&layer, broken(), get()).await, [0, 1_000, 3_000]);
    let none = plain().statuses([]).build().unwrap();
    assert_eq!(sends(&none, broken(), get()).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn w13_connections_timeouts_and_statuses_each_have_a_switch() {
    let timeout = || failing(|| Facts::new(Kind::Timeout));
    let all = |layer| async move {
        let mut sent = Vec::new();
        for step in [broken(), timeout(), Step::status(408), Step::status(500)] {
            sent.push(sends(&layer, step, get()).await.len());
        }
        sent
    };
    assert_eq!(all(plain().build().unwrap()).await, [3, 3, 3, 3]);
    assert_eq!(
        all(plain().connect(false).build().unwrap()).await,
        [1, 3, 3, 3]
    );
    assert_eq!(
        all(plain().timeout(false).build().unwrap()).await,
        [3, 1, 3, 3]
    );
    assert_eq!(
        all(plain().status(false).build().unwrap()).await,
        [3, 3, 1, 1]
    );
}

#[tokio::test(start_paused = true)]
async fn ic33_a_timeout_is_no_408_and_a_broken_connection_no_500() {
    let layer = plain().statuses([]).timeout(false).build().unwrap();
    assert_eq!(
        sends(&layer, failing(|| Facts::new(Kind::Timeout)), get()).await,
        [0]
    );
    assert_eq!(sends(&layer, Step::status(408), get()).await, [0]);
    assert_eq!(sends(&layer, broken(), get()).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn trap8_a_post_that_may_have_been_sent_is_not_sent_again() {
    let layer = plain().build().unwrap();
    let incomplete = || Step::error(|| TransportError::protocol(Sent::Yes, "incomplete message"));
    for step in [
        broken(),
        incomplete(),
        failing(|| Facts::new(Kind::Timeout)),
    ] {
        assert_eq!(sends(&layer, step, post()).await, [0]);
    }
}

#[tokio::test(start_paused = true)]
async fn trap8_a_post_that_was_provably_not_sent_is_sent_again() {
    let layer = plain().build().unwrap();
    let stream_refused = || Step::error(|| TransportError::broken(Sent::No, "REFUSED_STREAM"));
    for first in [refused(), stream_refused()] {
        let server = Scripted::new([first, Step::ok()]);
        assert_eq!(send(&layer, &server, post()).await.unwrap().status(), 200);
        assert_eq!(times(&server), [0, 1_000]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_unsent_attempt_of_a_call_is_free_and_the_later_ones_count() {
    let layer = plain().build().unwrap();
    assert_eq!(
        sends(&layer, refused(), get()).await.len(),
        4,
        "one free, three that count"
    );

    let server = Scripted::new([Step::status(503), Step::status(503), refused(), Step::ok()]);
    assert_eq!(send(&layer, &server, get()).await.unwrap().status(), 200);

    let server = Scripted::new([refused(), Step::status(503)]);
    assert_eq!(send(&layer, &server, get()).await.unwrap().status(), 503);
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_a_matter_of_the_way_to_the_server_is_final() {
    let layer = plain().build().unwrap();
    for kind in [Kind::Unauthenticated, Kind::Request, Kind::RequestBody] {
        let step = failing(move || Facts::new(kind).sent(Sent::No));
        assert_eq!(sends(&layer, step, get()).await, [0], "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_error_is_a_transports() {
    let foreign = || Step::error(|| std::io::Error::from(std::io::ErrorKind::BrokenPipe));
    assert_eq!(
        sends(&plain().build().unwrap(), foreign(), get())
            .await
            .len(),
        3
    );
    assert_eq!(
        sends(&plain().build().unwrap(), foreign(), post()).await,
        [0]
    );
    assert_eq!(
        sends(&plain().connect(false).build().unwrap(), foreign(), get()).await,
        [0]
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_is_not_tried_before_it_says_so() {
    let layer = plain().build().unwrap();
    let server = Scripted::new([refusal(Kind::CircuitOpen, SECOND * 10), Step::ok()]);
    assert_eq!(send(&layer, &server, post()).await.unwrap().status(), 200);
    assert_eq!(times(&server), [0, 10_000]);
}

#[tokio::test(start_paused = true)]
async fn what_a_limit_or_a_gate_would_not_wait_for_is_not_waited_for_here() {
    let layer = plain().build().unwrap();
    for kind in [Kind::RateLimited, Kind::Held] {
        let refused = refusal(kind, SECOND);
        let begin = Instant::now();
        assert_eq!(sends(&layer, refused, get()).await, [0], "{kind}");
        assert_eq!(begin.elapsed(), Duration::ZERO, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_lasts_too_long_or_says_nothing_is_returned_at_once() {
    let layer = plain().max_server_delay(SECOND * 10).build().unwrap();
    assert_eq!(
        sends(&layer, refusal(Kind::CircuitOpen, SECOND * 10), get())
            .await
            .len(),
        3
    );
    assert_eq!(
        sends(&layer, refusal(Kind::CircuitOpen, SECOND * 11), get()).await,
        [0]
    );
    let mute = failing(|| Facts::new(Kind::CircuitOpen).sent(Sent::No));
    assert_eq!(sends(&layer, mute, get()).await, [0]);
    let off = plain().refusal(false).build().unwrap();
    let open = refusal(Kind::CircuitOpen, SECOND);
    assert_eq!(sends(&off, open, get()).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn refusals_count_as_attempts() {
    let layer = plain().build().unwrap();
    let server = Scripted::new([refusal(Kind::CircuitOpen, SECOND)]);
    let error: BoxError = send(&layer, &server, get()).await.unwrap_err();
    assert_eq!(server.calls().len(), 3);
    let failure = Failure::of(&*error);
    assert_eq!(failure.sent(), Sent::No, "nothing ever left");
    assert!(failure.retry_at().is_some());
    assert!(failure.find::<Exhausted>().is_some());
}
