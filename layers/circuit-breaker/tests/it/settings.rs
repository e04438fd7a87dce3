//! Settings that make no sense.

use std::time::Duration;

use buttress_circuit_breaker::{Builder, CircuitBreakerLayer};

use crate::support::*;

fn new() -> Builder {
    CircuitBreakerLayer::builder()
}

#[tokio::test(start_paused = true)]
async fn bad_settings_are_refused_with_the_rule_that_they_break() {
    let long = Duration::MAX;
    for (builder, words) in [
        (
            new().consecutive(None).failure_rate(None),
            "at least one must be on",
        ),
        (
            CircuitBreakerLayer::consecutive(0),
            "consecutive must be at least 1",
        ),
        (
            new().failure_rate(0),
            "failure_rate must be from 1 to 100 percent",
        ),
        (
            new().failure_rate(101),
            "failure_rate must be from 1 to 100 percent",
        ),
        (new().slow_calls(secs(1), 0), "the rate of slow_calls"),
        (new().slow_calls(secs(1), 101), "the rate of slow_calls"),
        (new().slow_calls(secs(0), 50), "the limit of slow_calls"),
        (new().min_calls(0), "min_calls must be at least 1"),
        (new().probes(0), "probes must be at least 1"),
        (new().close_after(0), "close_after must be at least 1"),
        (new().max_keys(0), "max_keys must be at least 1"),
        (new().open_for(secs(0)), "open_for must be longer than zero"),
        (
            new().probe_timeout(secs(0)),
            "probe_timeout must be longer than zero",
        ),
        (
            new().open_for(secs(301)),
            "max_open must not be shorter than open_for",
        ),
        (
            new().max_open(secs(9)),
            "max_open must not be shorter than open_for",
        ),
        (
            new().open_for(long).max_open(None),
            "no duration may be longer",
        ),
        (new().max_open(long), "no duration may be longer"),
        (new().window(long), "no duration may be longer"),
        (new().slow_calls(long, 50), "no duration may be longer"),
        (new().probe_timeout(long), "no duration may be longer"),
        (new().max_server_delay(long), "no duration may be longer"),
        (new().idle_after(long), "no duration may be longer"),
        (new().count_window(0), "count_window must be from 1"),
        (new().count_window(1_000_001), "count_window must be from 1"),
        (
            new().count_window(19),
            "min_calls must not be more than count_window holds",
        ),
        (new().buckets(0), "buckets must be from 1 to 1,000"),
        (new().buckets(1_001), "buckets must be from 1 to 1,000"),
        (
            new().window(ms(9)),
            "the window must not be shorter than its buckets",
        ),
        (
            new().window(secs(0)),
            "the window must not be shorter than its buckets",
        ),
    ] {
        let shown = format!("{builder:?}");
        let error = builder.build().expect_err(&shown);
        assert!(error.to_string().contains(words), "{error}: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn settings_at_the_edge_are_good() {
    let year = secs(365 * 24 * 60 * 60);
    for builder in [
        new().failure_rate(1),
        new().failure_rate(100),
        new().slow_calls(ms(1), 1),
        new().slow_calls(year, 100),
        new()
            .consecutive(None)
            .failure_rate(None)
            .slow_calls(ms(1), 100),
        new().min_calls(1),
        new().min_calls(u32::MAX),
        new().count_window(20),
        new().count_window(1_000_000),
        new().count_window(19).failure_rate(None),
        new().window(ms(10)),
        new().window(ms(10)).buckets(1),
        new().window(year).buckets(1_000),
        new().open_for(secs(300)),
        new().max_open(secs(10)),
        new().open_for(year).max_open(None),
        new().probes(u32::MAX).close_after(u32::MAX),
        new().idle_after(secs(0)),
        new().max_keys(1),
    ] {
        let shown = format!("{builder:?}");
        assert!(builder.build().is_ok(), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_windows_the_one_set_last_counts() {
    let calls = new().consecutive(None).min_calls(2);
    for (builder, opens) in [
        (calls.window(secs(5)).count_window(2), true),
        (
            new()
                .consecutive(None)
                .min_calls(2)
                .count_window(2)
                .window(secs(5)),
            false,
        ),
    ] {
        let layer = builder.build().unwrap();
        let (service, _) = over(&layer, [500]);
        status(&service).await;
        tokio::time::advance(secs(60)).await;
        status(&service).await;
        assert_eq!(is_open(&layer), opens);
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_tells_its_window_and_whether_somebody_has_set_it() {
    let slow = || new().failure_rate(None).slow_calls(secs(1), 50);
    for (builder, window, explicit) in [
        (new(), Some(secs(30)), false),
        (new().window(secs(30)), Some(secs(30)), true),
        (new().window(secs(10)).buckets(7), Some(secs(10)), true),
        (slow().window(secs(5)), Some(secs(5)), true),
        (slow(), Some(secs(30)), false),
        (new().count_window(20), None, false),
        (new().window(secs(5)).count_window(20), None, false),
        (new().count_window(20).window(secs(5)), Some(secs(5)), true),
        (new().failure_rate(None), None, false),
        (new().failure_rate(None).window(secs(5)), None, false),
        (CircuitBreakerLayer::consecutive(5), None, false),
    ] {
        let shown = format!("{builder:?}");
        let layer = builder.build().unwrap();
        assert_eq!(layer.window(), window, "{shown}");
        assert_eq!(layer.is_window_explicit(), explicit, "{shown}");
    }
}
