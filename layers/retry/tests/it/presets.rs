use buttress_kernel::{Facts, Kind};
use buttress_retry::{Backoff, Budget, Builder, InvalidRetry, Jitter, RetryLayer};
use buttress_testkit::Step;
use http::{Method, StatusCode};

use crate::common::{SECOND, broken, get, plain, post, request, sends};

/// A setting, and what the server sees of it.
struct Row {
    name: &'static str,
    layer: Builder,
    step: Step,
    method: Method,
    expected: &'static [u128],
}

fn statuses(codes: &[u16]) -> Vec<StatusCode> {
    codes
        .iter()
        .map(|code| StatusCode::from_u16(*code).unwrap())
        .collect()
}

fn rows() -> Vec<Row> {
    let upload = || plain().max_attempts(2).statuses(statuses(&[502, 503]));
    let payments = || {
        plain()
            .max_attempts(3)
            .backoff(Backoff::exponential(SECOND))
            .statuses(statuses(&[429, 500, 502, 503]))
    };
    let pages = || plain().max_attempts(2);
    let limited = || {
        plain()
            .max_attempts(5)
            .backoff(Backoff::exponential(SECOND))
            .statuses(statuses(&[429, 503]))
    };
    let row = |name, layer, status, method, expected| Row {
        name,
        layer,
        step: Step::status(status),
        method,
        expected,
    };
    vec![
        row("upload", upload(), 502, Method::PUT, &[0, 1_000]),
        row("upload", upload(), 500, Method::PUT, &[0]),
        row("payments", payments(), 500, Method::PUT, &[0, 1_000, 3_000]),
        row(
            "payments",
            payments(),
            429,
            Method::POST,
            &[0, 1_000, 3_000],
        ),
        row("payments", payments(), 504, Method::PUT, &[0]),
        row("list pages", pages(), 504, Method::GET, &[0, 1_000]),
        row(
            "rate-limited",
            limited(),
            429,
            Method::GET,
            &[0, 1_000, 3_000, 7_000, 15_000],
        ),
        row("rate-limited", limited(), 500, Method::GET, &[0]),
    ]
}

#[tokio::test(start_paused = true)]
async fn ic36_the_settings_of_the_examples_can_be_made() {
    for row in rows() {
        let sent = sends(&row.layer.build().unwrap(), row.step, request(row.method)).await;
        assert_eq!(sent, row.expected, "{}", row.name);
    }
}

#[tokio::test(start_paused = true)]
async fn bq23_connect_only_retries_failed_connections_five_times_and_nothing_else() {
    let layer = RetryLayer::connect_only();
    assert_eq!(sends(&layer, broken(), get()).await.len(), 6);
    assert_eq!(sends(&layer, broken(), post()).await.len(), 1);
    for status in [408, 429, 500, 502, 503, 504] {
        assert_eq!(
            sends(&layer, Step::status(status), get()).await,
            [0],
            "{status}"
        );
    }
    let timeout = Step::error(|| Facts::new(Kind::Timeout));
    assert_eq!(sends(&layer, timeout, get()).await, [0]);
    let open = Step::error(|| {
        let at = tokio::time::Instant::now().into_std();
        Facts::new(Kind::CircuitOpen).retry_at(at)
    });
    assert_eq!(sends(&layer, open, get()).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn bq24_powers_of_ten_are_a_backoff() {
    let tens = Backoff::exponential(SECOND / 100)
        .factor(10.0)
        .cap(SECOND * 30);
    let layer = plain().max_attempts(6).backoff(tens).build().unwrap();
    let sent = sends(&layer, Step::status(503), get()).await;
    assert_eq!(sent, [0, 10, 110, 1_110, 11_110, 41_110]);
}

#[tokio::test(start_paused = true)]
async fn d02_the_usual_layer_retries_statuses_timeouts_and_connections() {
    let layer = RetryLayer::default();
    for step in [
        Step::status(503),
        broken(),
        Step::error(|| Facts::new(Kind::Timeout)),
    ] {
        assert_eq!(sends(&layer, step, get()).await.len(), 3);
    }
}

#[test]
fn settings_that_contradict_themselves_are_refused_by_name() {
    let rule = |builder: Builder| builder.build().unwrap_err().to_string();
    let new = RetryLayer::builder;
    assert_eq!(
        rule(new().max_attempts(0)),
        "max_attempts counts the first attempt, so it must be at least 1 (1 retries nothing)"
    );
    assert_eq!(
        rule(new().backoff(Backoff::exponential(SECOND).cap(SECOND / 2))),
        "the backoff's cap must not be below its base"
    );
    assert_eq!(
        rule(new().backoff(Backoff::exponential(SECOND).factor(0.9))),
        "the backoff's factor must be at least 1"
    );
    let percent: InvalidRetry = Budget::new(101, 10).unwrap_err();
    assert_eq!(
        percent.to_string(),
        "the budget must be at most 100 percent of first attempts"
    );
    assert!(Budget::new(100, 0).is_ok());
}

#[test]
fn debug_shows_the_settings() {
    let layer = RetryLayer::builder()
        .jitter(Jitter::Equal)
        .seed(1)
        .build()
        .unwrap();
    let shown = format!("{layer:?}");
    for part in [
        "max_attempts: 3",
        "Equal",
        "Budget(20 % + 10/s)",
        "{408, 429",
        "Seeded",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}
