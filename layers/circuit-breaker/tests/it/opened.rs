//! What an open circuit does, and for how long.

use std::time::SystemTime;

use buttress_circuit_breaker::{CircuitBreakerLayer, State};
use buttress_kernel::{Body, Failure, Kind, Sent};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::Request;
use tokio::time::advance;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn jp12_w43_a_refusal_says_when_to_come_back_and_that_nothing_was_sent() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    let opened = now();
    advance(ms(2_500)).await;
    let error = send(&service, api()).await.unwrap_err();
    let failure = Failure::of(&*error);
    assert_eq!(failure.kind(), Kind::CircuitOpen);
    assert_eq!(failure.sent(), Sent::No);
    assert_eq!(failure.retry_at(), Some(opened + secs(10)));
    assert_eq!(
        error.to_string(),
        "the circuit is open (api.example.com), try again in 7.5 s"
    );
    let open = refused::<()>(Err(error));
    assert_eq!(open.key().as_str(), API);
    assert_eq!(open.retry_at(), Some(opened + secs(10)));
    assert_eq!((open.wait(), open.seconds()), (ms(7_500), Some(8)));
}

#[tokio::test(start_paused = true)]
async fn seconds_are_never_zero() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    advance(secs(10) - ms(1)).await;
    assert_eq!(refused(send(&service, api()).await).seconds(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn trap9_a_refused_call_gives_its_place_back() {
    let layer = builder().build().unwrap();
    let server = Scripted::new([Step::status(500)]);
    let limited = ConcurrencyLimit::new(server, 1);
    let mut service = layer.layer(limited.clone());
    for _ in 0..5 {
        ready(&mut service).await.call(api()).await.unwrap();
    }
    assert!(ready(&mut service).await.call(api()).await.is_err());
    let mut other = limited;
    let mut other = tokio_test::task::spawn(ServiceExt::<Request<Body>>::ready(&mut other));
    assert!(
        other.poll().is_ready(),
        "the refused caller keeps the only place"
    );
}

#[tokio::test(start_paused = true)]
async fn trap9_the_service_that_was_ready_is_called_whatever_the_state() {
    let layer = builder().build().unwrap();
    let steps = [vec![Step::status(500); 5], vec![Step::ok()]].concat();
    let mut service = layer.layer(ConcurrencyLimit::new(Scripted::new(steps), 1));
    for (wait, status) in [(0, 500); 5].into_iter().chain([(10, 200), (0, 200)]) {
        advance(secs(wait)).await;
        let response = ready(&mut service).await.call(api()).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

async fn ready<S: Service<Request<Body>, Error: std::fmt::Debug>>(service: &mut S) -> &mut S {
    service.ready().await.unwrap()
}

/// Fails all calls and returns how long the circuit is open, `times` in a row.
async fn open_times(layer: &CircuitBreakerLayer, times: usize) -> Vec<std::time::Duration> {
    let (service, _) = over(layer, [500]);
    let mut all = Vec::new();
    statuses(&service, 5).await;
    for _ in 0..times {
        let open = open_for(layer);
        all.push(open);
        advance(open).await;
        assert_eq!(status(&service).await, 500, "a probe");
    }
    all
}

#[tokio::test(start_paused = true)]
async fn the_open_time_doubles_up_to_a_cap() {
    let layer = builder().max_open(secs(300)).build().unwrap();
    let expected = [10, 20, 40, 80, 160, 300, 300].map(secs);
    assert_eq!(open_times(&layer, 7).await, expected);
}

#[tokio::test(start_paused = true)]
async fn without_a_cap_the_open_time_stays_the_same() {
    let layer = builder().build().unwrap();
    assert_eq!(open_times(&layer, 4).await, [10; 4].map(secs));
}

#[tokio::test(start_paused = true)]
async fn the_open_time_starts_anew_once_the_circuit_has_closed() {
    let layer = builder().max_open(secs(300)).build().unwrap();
    let answers = [vec![500; 6], vec![200], vec![500; 5]].concat();
    let (service, _) = over(&layer, answers);
    statuses(&service, 5).await;
    advance(secs(10)).await;
    assert_eq!(status(&service).await, 500);
    advance(secs(20)).await;
    assert_eq!(status(&service).await, 200);
    assert_eq!(state(&layer), State::Closed);
    statuses(&service, 5).await;
    assert_eq!(open_for(&layer), secs(10));
}

#[tokio::test(start_paused = true)]
async fn jitter_takes_from_the_upper_half_and_differs() {
    let mut drawn = Vec::new();
    for seed in 0..50 {
        let layer = builder().jitter(true).seed(seed).build().unwrap();
        let (service, _) = over(&layer, [500]);
        statuses(&service, 5).await;
        let open = open_for(&layer);
        assert!((secs(5)..=secs(10)).contains(&open), "{open:?}");
        drawn.push(open);
    }
    let [low, high] = [drawn.iter().min(), drawn.iter().max()].map(|end| *end.unwrap());
    assert!(low < ms(5_500) && high > ms(9_500), "{low:?} to {high:?}");

    let again = builder().jitter(true).seed(7).build().unwrap();
    let (service, _) = over(&again, [500]);
    statuses(&service, 5).await;
    assert_eq!(open_for(&again), drawn[7], "the same seed");
}

#[tokio::test(start_paused = true)]
async fn a_servers_delay_is_the_least() {
    for (delay, open) in [("2", 10), ("90", 90), ("nonsense", 10), ("604800", 3_600)] {
        let layer = builder().build().unwrap();
        let refusal = Step::status(503).header("retry-after", delay);
        let service = layer.layer(Scripted::new([refusal]));
        statuses(&service, 5).await;
        assert_eq!(open_for(&layer), secs(open), "Retry-After: {delay}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_servers_delay_holds_after_a_failed_probe_and_may_be_a_date() {
    let calendar = SystemTime::UNIX_EPOCH + secs(784_111_777);
    let layer = builder()
        .wall_clock(ManualWallClock::at(calendar))
        .max_server_delay(secs(300))
        .build()
        .unwrap();
    // Two minutes later.
    let refusal = Step::status(503).header("retry-after", "Sun, 06 Nov 1994 08:51:37 GMT");
    let steps = [vec![Step::status(500); 5], vec![refusal]].concat();
    let service = layer.layer(Scripted::new(steps));
    statuses(&service, 5).await;
    advance(secs(10)).await;
    statuses(&service, 1).await;
    assert_eq!(open_for(&layer), secs(120));
}

#[tokio::test(start_paused = true)]
async fn w43_a_wall_clock_that_jumps_moves_no_end() {
    let clock = ManualWallClock::at(SystemTime::UNIX_EPOCH);
    let layer = builder().wall_clock(clock.clone()).build().unwrap();
    let (service, _) = over(&layer, [500, 500, 500, 500, 500, 200]);
    statuses(&service, 5).await;
    clock.advance(secs(1_000_000));
    assert_eq!(open_for(&layer), secs(10));
    assert_eq!(status(&service).await, 0);
    clock.set(SystemTime::UNIX_EPOCH);
    advance(secs(10)).await;
    assert_eq!(status(&service).await, 200);
}

#[tokio::test(start_paused = true)]
async fn what_a_response_of_another_status_asks_for_is_not_heeded() {
    let layer = builder().build().unwrap();
    let answer = Step::status(500).header("retry-after", "90");
    let service = layer.layer(Scripted::new([answer]));
    statuses(&service, 5).await;
    assert_eq!(open_for(&layer), secs(10));
}
