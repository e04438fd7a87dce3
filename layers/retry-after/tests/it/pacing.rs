use std::time::Duration;

use buttress_retry_after::{Reason, RetryAfterLayer};

use crate::support::*;

fn paced() -> RetryAfterLayer {
    RetryAfterLayer::new().pace(true).spread(secs(0))
}

const FOUR: (u16, &[(&str, &str)]) = (200, &[("ratelimit", r#""d";r=4;t=40"#)]);

#[tokio::test(start_paused = true)]
async fn what_remains_is_spread_over_what_is_left_of_the_window() {
    let (service, server) = gated(&paced(), &[FOUR]);
    let start = now();
    send(&service, api()).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        tasks.push(begin(&service, api()).await);
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(server.times(start), [0, 8, 16, 24, 32].map(secs));
}

#[tokio::test(start_paused = true)]
async fn without_pacing_what_remains_goes_at_once() {
    for layer in [paced().pace(false), paced().proactive(false)] {
        let (service, server) = gated(&layer, &[FOUR]);
        let start = now();
        for _ in 0..3 {
            send(&service, api()).await.unwrap();
        }
        assert_eq!(server.times(start), [secs(0); 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn pacing_turns_the_reading_of_quotas_on() {
    let (service, server) = gated(&paced().proactive(false).pace(true), &[FOUR]);
    let start = now();
    send(&service, api()).await.unwrap();
    send(&service, api()).await.unwrap();
    assert_eq!(server.times(start), [secs(0), secs(8)]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_when_nothing_remains_waits_for_the_reset() {
    let one = (200, &[("ratelimit", r#""d";r=1;t=40"#)] as &[_]);
    let (service, server) = gated(&paced(), &[one]);
    let start = now();
    send(&service, api()).await.unwrap();
    let tasks = [begin(&service, api()).await, begin(&service, api()).await];
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    send(&service, api()).await.unwrap();
    assert_eq!(server.times(start), [0, 20, 40, 40].map(secs));
}

#[tokio::test(start_paused = true)]
async fn those_who_waited_for_a_reset_are_spread() {
    let one = (200, &[("ratelimit", r#""d";r=0;t=40"#)] as &[_]);
    let (service, server) = gated(&paced().spread(secs(2)), &[one]);
    let start = now();
    send(&service, api()).await.unwrap();
    let tasks = [begin(&service, api()).await, begin(&service, api()).await];
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let times = server.times(start);
    assert!(times[1] >= secs(40) && times[1] <= secs(41), "{times:?}");
    assert!(times[2] >= secs(41) && times[2] <= secs(42), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_share_beyond_max_hold_fails_at_once() {
    let (service, _) = gated(&paced().max_hold(secs(10)), &[FOUR]);
    let start = now();
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    let error = held(send(&service, api()).await);
    assert_eq!(
        (error.reason(), error.retry_at()),
        (Reason::TooLong, start + secs(16))
    );
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_newest_word_counts() {
    let more = (200, &[("ratelimit", r#""d";r=31;t=32"#)] as &[_]);
    let (service, server) = gated(&paced(), &[FOUR, more]);
    let start = now();
    for _ in 0..3 {
        send(&service, api()).await.unwrap();
    }
    assert_eq!(server.times(start), [0, 8, 9].map(secs));
}

#[tokio::test(start_paused = true)]
async fn a_wide_quota_delays_nobody() {
    let wide = (200, &[("ratelimit", r#""d";r=300000000;t=60"#)] as &[_]);
    let (service, server) = gated(&paced(), &[wide]);
    let start = now();
    for _ in 0..100 {
        send(&service, api()).await.unwrap();
    }
    assert!(server.times(start).iter().all(Duration::is_zero));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_share_goes_to_those_behind() {
    let (service, server) = gated(&paced(), &[FOUR]);
    let start = now();
    send(&service, api()).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..3 {
        tasks.push(begin(&service, api()).await);
    }
    tokio::time::sleep(secs(1)).await;
    tasks.remove(0).abort();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(server.times(start), [0, 8, 16].map(secs));
}
