use std::time::{Duration, SystemTime};

use buttress_kernel::{Deadline, WallClock};
use buttress_retry::{Backoff, Budget, Jitter, Override, RetryLayer};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use tokio::time::Instant;

use crate::common::{SECOND, broken, get, plain, post, send, sends, times};

fn busy(retry_after: &str) -> Step {
    Step::status(503).header("retry-after", retry_after)
}

fn within(total: Duration) -> http::Request<buttress_kernel::Body> {
    let mut request = get();
    let deadline = Deadline::after(Instant::now().into_std(), total).unwrap();
    request.extensions_mut().insert(deadline);
    request
}

#[tokio::test(start_paused = true)]
async fn w02_the_servers_delay_is_waited_for_once_and_then_the_request_is_sent() {
    let layer = plain()
        .backoff(Backoff::constant(Duration::ZERO))
        .build()
        .unwrap();
    for status in [429, 500, 503] {
        let first = Step::status(status).header("retry-after", "2");
        let server = Scripted::new([first, Step::ok()]);
        assert_eq!(send(&layer, &server, get()).await.unwrap().status(), 200);
        assert_eq!(times(&server), [0, 2_000], "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn trap6_no_attempt_comes_before_the_servers_delay_is_over() {
    for seed in 0..200 {
        let layer = RetryLayer::builder()
            .seed(seed)
            .budget(Budget::none())
            .build()
            .unwrap();
        let server = Scripted::new([busy("2"), Step::ok()]);
        send(&layer, &server, get()).await.unwrap();
        let at = times(&server)[1];
        assert!((2_000..=2_102).contains(&at), "{at} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn trap6_an_http_date_is_waited_for_by_the_wall_clock() {
    let now = SystemTime::UNIX_EPOCH + SECOND * 1_000_000_000;
    let clock = ManualWallClock::ticking(now);
    let layer = plain().wall_clock(clock).build().unwrap();
    let server = Scripted::new([busy("Sun, 09 Sep 2001 01:46:47 GMT"), Step::ok()]);
    send(&layer, &server, get()).await.unwrap();
    assert_eq!(times(&server), [0, 7_000]);
}

#[tokio::test(start_paused = true)]
async fn a_date_in_the_past_and_an_unparsable_delay_leave_our_own_wait() {
    let now = SystemTime::UNIX_EPOCH + SECOND * 1_000_000_000;
    let layer = plain()
        .wall_clock(ManualWallClock::at(now))
        .build()
        .unwrap();
    for value in [
        "Sun, 09 Sep 2001 01:46:00 GMT",
        "soon",
        "-5",
        "0",
        "99999999999999999999",
    ] {
        let server = Scripted::new([busy(value), Step::ok()]);
        send(&layer, &server, get()).await.unwrap();
        assert_eq!(times(&server), [0, 1_000], "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_delay_is_a_lower_bound_of_a_longer_backoff() {
    let layer = plain()
        .backoff(Backoff::constant(SECOND * 5))
        .build()
        .unwrap();
    assert_eq!(sends(&layer, busy("2"), get()).await, [0, 5_000, 10_000]);
}

#[tokio::test(start_paused = true)]
async fn a_delay_beyond_the_longest_is_not_waited_for() {
    let layer = plain().build().unwrap();
    assert_eq!(
        sends(&layer, busy("300"), get()).await,
        [0, 300_000, 600_000]
    );
    let server = Scripted::new([busy("301")]);
    let began = Instant::now();
    let response = send(&layer, &server, get()).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "301");
    assert_eq!(began.elapsed(), Duration::ZERO);
    let short = plain().max_server_delay(SECOND).build().unwrap();
    assert_eq!(sends(&short, busy("2"), get()).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn trap7_a_wait_that_does_not_fit_the_deadline_is_not_begun() {
    let layer = plain().build().unwrap();
    for (total, expected) in [
        (SECOND, vec![0]),
        (SECOND + Duration::from_millis(1), vec![0, 1_000]),
        (SECOND * 3, vec![0, 1_000]),
        (SECOND * 4, vec![0, 1_000, 3_000]),
    ] {
        for step in [Step::status(503), broken()] {
            let server = Scripted::new([step]);
            let began = Instant::now();
            let _ = send(&layer, &server, within(total)).await;
            assert_eq!(times(&server), expected, "{total:?}");
            assert_eq!(
                began.elapsed().as_millis(),
                *expected.last().unwrap(),
                "{total:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_servers_delay_that_does_not_fit_the_deadline_is_not_waited_for() {
    let layer = plain().build().unwrap();
    let server = Scripted::new([busy("2")]);
    assert_eq!(
        send(&layer, &server, within(SECOND * 2))
            .await
            .unwrap()
            .status(),
        503
    );
    assert_eq!(times(&server), [0]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_on_top_gives_way_to_the_deadline() {
    for seed in 0..50 {
        let layer = RetryLayer::builder()
            .budget(Budget::none())
            .seed(seed)
            .build()
            .unwrap();
        let server = Scripted::new([busy("2"), Step::ok()]);
        let total = Duration::from_millis(2_002);
        assert_eq!(
            send(&layer, &server, within(total)).await.unwrap().status(),
            200
        );
        assert!(times(&server)[1] < 2_002);
    }
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_start_a_second_later() {
    let layer = RetryLayer::builder()
        .jitter(Jitter::None)
        .budget(Budget::none())
        .build()
        .unwrap();
    assert_eq!(sends(&layer, Step::status(503), get()).await, [0, 100, 300]);
    assert_eq!(
        sends(&layer, Step::status(429), post()).await,
        [0, 1_000, 3_000]
    );
    let other = plain()
        .backoff(Backoff::default())
        .throttled_base(SECOND * 3)
        .build()
        .unwrap();
    assert_eq!(
        sends(&other, Step::status(429), get()).await,
        [0, 3_000, 9_000]
    );
}

#[tokio::test(start_paused = true)]
async fn trap1_requests_that_fail_together_do_not_come_back_together() {
    let layer = RetryLayer::builder()
        .budget(Budget::none())
        .seed(11)
        .build()
        .unwrap();
    let server = Scripted::new([Step::status(429)]);
    let calls = (0..100).map(|_| {
        let (layer, server) = (layer.clone(), server.clone());
        tokio::spawn(async move { send(&layer, &server, get()).await.unwrap().status() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), 429);
    }
    let seconds: std::collections::HashSet<_> = times(&server).into_iter().collect();
    assert!(
        seconds.len() > 120,
        "200 retries in {} different milliseconds",
        seconds.len()
    );
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_series_of_waits() {
    let waits = |seed| async move {
        let layer = RetryLayer::builder()
            .budget(Budget::none())
            .seed(seed)
            .build()
            .unwrap();
        sends(&layer, Step::status(429), get()).await
    };
    assert_eq!(waits(5).await, waits(5).await);
    assert_ne!(waits(5).await, waits(6).await);
}

#[tokio::test(start_paused = true)]
async fn decorrelated_waits_grow_from_the_wait_before() {
    let layer = RetryLayer::builder()
        .budget(Budget::none())
        .jitter(Jitter::Decorrelated)
        .backoff(Backoff::exponential(SECOND).cap(SECOND * 60))
        .max_attempts(6)
        .seed(2)
        .build()
        .unwrap();
    let times = sends(&layer, Step::status(503), get()).await;
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut before = 1_000;
    for wait in waits {
        assert!(wait >= 1_000 && wait <= before * 3 + 1, "{times:?}");
        before = wait;
    }
    assert!(times[5] > 10_000, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_what_a_clock_can_say_does_not_panic() {
    let for_ever = Backoff::constant(Duration::MAX);
    let layer = plain().backoff(for_ever).build().unwrap();
    let server = Scripted::new([Step::status(503)]);
    let call = send(&layer, &server, get());
    assert!(
        tokio::time::timeout(SECOND * 1_000_000, call)
            .await
            .is_err()
    );
}

/// A clock of which nobody may ask the time.
struct NoClock;

impl WallClock for NoClock {
    fn now(&self) -> SystemTime {
        panic!("nothing here asks for a delay that counts")
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_only_read_from_what_may_be_retried() {
    let layer = plain().wall_clock(NoClock).build().unwrap();
    for code in [200, 304, 404, 501] {
        for request in [get(), within(SECOND), with(Override::new())] {
            let dated = Step::status(code).header("retry-after", "Thu, 01 Jan 2026 00:00:00 GMT");
            assert_eq!(sends(&layer, dated, request).await, [0], "{code}");
        }
    }
}

fn with(other: Override) -> http::Request<buttress_kernel::Body> {
    let mut request = get();
    request.extensions_mut().insert(other);
    request
}

#[tokio::test(start_paused = true)]
async fn d03_waits_double_up_to_a_cap_and_are_spread_unless_told_otherwise() {
    let usual = |seed| {
        let layer = RetryLayer::builder().max_attempts(10).seed(seed);
        layer.budget(Budget::none())
    };
    let waits = |layer: RetryLayer| async move {
        let sent = sends(&layer, broken(), get()).await;
        let pairs = sent.windows(2).map(|pair| pair[1] - pair[0]);
        pairs.collect::<Vec<_>>()
    };
    let most = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000_u128];
    let exact = usual(1).jitter(Jitter::None);
    assert_eq!(waits(exact.build().unwrap()).await, most);
    let spread = waits(usual(1).build().unwrap()).await;
    assert!(spread.iter().zip(most).all(|(wait, most)| *wait <= most));
    assert_ne!(spread, most);
    assert_ne!(spread, waits(usual(2).build().unwrap()).await);

    let linear = plain().backoff(Backoff::linear(SECOND)).max_attempts(4);
    assert_eq!(waits(linear.build().unwrap()).await, [1_000, 2_000, 3_000]);
}
