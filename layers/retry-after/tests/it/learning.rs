use std::time::{Duration, SystemTime};

use buttress_kernel::{Delay, Quota};
use buttress_retry_after::{Override, RetryAfterLayer};

use crate::support::*;

/// How long the second request waits after such an answer to the first.
async fn wait_after(layer: &RetryAfterLayer, status: u16, fields: &[(&str, &str)]) -> Duration {
    let (service, server) = gated(layer, &[(status, fields)]);
    let start = now();
    send(&service, api()).await.unwrap();
    send(&service, api()).await.unwrap();
    server.times(start)[1]
}

fn layer() -> RetryAfterLayer {
    RetryAfterLayer::new().spread(secs(0)).wall_clock(calendar)
}

fn epoch(seconds_from_now: u64) -> String {
    let at = calendar().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    (at.as_secs() + seconds_from_now).to_string()
}

#[tokio::test(start_paused = true)]
async fn ic37_every_form_of_a_delay_is_understood() {
    let ms_epoch = format!("{}500", epoch(3));
    for (field, value, wait) in [
        ("retry-after", "2", secs(2)),
        ("retry-after", "0", secs(0)),
        ("retry-after", "Fri, 15 Jan 2027 08:00:02 GMT", secs(2)),
        ("retry-after", "Friday, 15-Jan-27 08:00:02 GMT", secs(2)),
        ("retry-after", "Fri Jan 15 08:00:02 2027", secs(2)),
        ("retry-after", "Thu, 01 Jan 1970 00:00:02 GMT", secs(0)),
        ("retry-after-ms", "1250", ms(1_250)),
        ("x-ratelimit-retry-after", "3", secs(3)),
        ("x-ratelimit-reset", &epoch(4), secs(4)),
        ("x-ratelimit-reset", &ms_epoch, ms(3_500)),
        ("ratelimit-reset", "5", secs(5)),
        ("ratelimit", r#""default";r=0;t=6"#, secs(6)),
    ] {
        assert_eq!(
            wait_after(&layer(), 429, &[(field, value)]).await,
            wait,
            "{field}: {value}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn ic37_what_makes_no_sense_holds_nobody() {
    for value in ["soon", "-5", "", "1e9", "99999999999999999999", "2678401"] {
        assert_eq!(
            wait_after(&layer(), 429, &[("retry-after", value)]).await,
            secs(0),
            "{value}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_absurd_value_falls_to_the_next_field() {
    let fields = [
        ("retry-after", "99999999"),
        ("x-ratelimit-retry-after", "3"),
    ];
    assert_eq!(wait_after(&layer(), 429, &fields).await, secs(3));
}

#[tokio::test(start_paused = true)]
async fn ic37_the_default_delay_is_for_a_429_without_one() {
    assert_eq!(
        wait_after(&layer(), 429, &[]).await,
        secs(0),
        "off unless set"
    );
    let layer = layer().default_delay(secs(60));
    assert_eq!(wait_after(&layer.clone(), 503, &[]).await, secs(0));
    assert_eq!(wait_after(&layer.clone(), 429, &[]).await, secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_the_place_of_the_default_one() {
    let layer = layer().default_delay(secs(60));
    assert_eq!(
        wait_after(&layer, 429, &[("retry-after", "0")]).await,
        secs(0)
    );
    assert_eq!(
        wait_after(&layer, 429, &[("retry-after", "2")]).await,
        secs(2)
    );
}

#[tokio::test(start_paused = true)]
async fn other_statuses_do_not_hold_whatever_they_carry() {
    for status in [200, 301, 408, 500, 502] {
        let fields = [("retry-after", "2"), ("retry-after-ms", "2")];
        assert_eq!(
            wait_after(&layer(), status, &fields).await,
            secs(0),
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn ic38_an_exhausted_quota_holds_until_the_reset_before_any_429() {
    let reset = epoch(7);
    let by_epoch = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", reset.as_str()),
    ];
    let by_span = [("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "8")];
    let draft = [
        ("ratelimit-policy", r#""d";q=9;w=60"#),
        ("ratelimit", r#""d";r=0;t=9"#),
    ];
    let older = [("ratelimit-remaining", "0"), ("ratelimit-reset", "10")];
    for (fields, wait) in [(by_epoch, 7), (by_span, 8), (draft, 9), (older, 10)] {
        assert_eq!(
            wait_after(&layer(), 200, &fields).await,
            secs(wait),
            "{fields:?}"
        );
        let reactive = layer().proactive(false);
        assert_eq!(
            wait_after(&reactive, 200, &fields).await,
            secs(0),
            "{fields:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn ic38_what_is_left_of_a_quota_holds_nobody() {
    let fields = [("ratelimit", r#""d";r=1;t=9"#)];
    assert_eq!(wait_after(&layer(), 200, &fields).await, secs(0));
}

#[tokio::test(start_paused = true)]
async fn ic38_what_the_server_said_comes_along_in_the_extensions() {
    let fields = [("ratelimit", r#""d";r=3;t=9"#), ("retry-after", "2")];
    let (service, _) = gated(&layer(), &[(429, &fields), (200, &fields), (200, &[])]);
    let first = send(&service, api()).await.unwrap();
    assert_eq!(first.extensions().get(), Some(&Quota::new(3, secs(9))));
    assert_eq!(
        first
            .extensions()
            .get::<Delay>()
            .map(|delay| delay.duration()),
        Some(secs(2))
    );
    let second = send(&service, api()).await.unwrap();
    assert_eq!(second.extensions().get(), Some(&Quota::new(3, secs(9))));
    assert!(
        second.extensions().get::<Delay>().is_none(),
        "200 asks for no pause"
    );
    assert!(send(&service, api()).await.unwrap().extensions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn retry_after_wins_over_the_quota() {
    let fields = [("retry-after", "2"), ("ratelimit", r#""d";r=0;t=50"#)];
    assert_eq!(wait_after(&layer(), 429, &fields).await, secs(2));
    assert_eq!(wait_after(&layer().pace(true), 429, &fields).await, secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_stored_response_says_nothing_of_a_quota_and_still_asks_for_a_pause() {
    let quota = [("age", "0"), ("ratelimit", r#""d";r=0;t=50"#)];
    assert_eq!(wait_after(&layer(), 200, &quota).await, secs(0));
    assert_eq!(wait_after(&layer(), 429, &quota).await, secs(0));
    let reset = [("age", "5"), ("x-ratelimit-reset", "50")];
    assert_eq!(wait_after(&layer(), 429, &reset).await, secs(0));
    let pause = [("age", "5"), ("retry-after", "20")];
    assert_eq!(wait_after(&layer(), 503, &pause).await, secs(20));
}

#[tokio::test(start_paused = true)]
async fn the_longest_of_several_holds_counts_whatever_comes_last() {
    let long: &[(&str, &str)] = &[("retry-after", "9")];
    let short: &[(&str, &str)] = &[("retry-after", "3")];
    let (service, server) = gated(&layer(), &[(429, long), (429, short)]);
    let start = now();
    send(&service, api()).await.unwrap();
    let mut request = api();
    request.extensions_mut().insert(Override::new().ignore());
    send(&service, request).await.unwrap();
    send(&service, api()).await.unwrap();
    assert_eq!(*server.times(start).last().unwrap(), secs(9));
}

#[tokio::test(start_paused = true)]
async fn a_handle_tells_what_is_known() {
    let layer = layer();
    let handle = layer.handle();
    let quota = [("ratelimit", r#""d";r=5;t=30"#)];
    let (service, _) = gated(&layer, &[(200, &quota), (429, &[("retry-after", "2")])]);
    let start = now();
    send(&service, api()).await.unwrap();
    let peek = handle.peek("api.example.com");
    assert_eq!((peek.held_until(), peek.remaining()), (None, Some(5)));
    assert_eq!(peek.resets_at(), Some(start + secs(30)));

    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    let peek = handle.peek("api.example.com");
    assert_eq!(
        (peek.held_until(), peek.waiting()),
        (Some(start + secs(2)), 1)
    );
    assert_eq!((handle.waiting(), handle.keys()), (1, 1));
    waiting.await.unwrap().unwrap();
    let peek = handle.peek("api.example.com");
    assert_eq!((peek.held_until(), peek.waiting()), (None, 0));
    assert_eq!(handle.peek("elsewhere").remaining(), None);
}

#[tokio::test(start_paused = true)]
async fn a_cleared_key_lets_its_waiters_go() {
    let layer = layer();
    let handle = layer.handle();
    let (service, server) = gated(&layer, &[(429, &[("retry-after", "50")])]);
    let start = now();
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    tokio::time::sleep(secs(1)).await;
    assert!(!handle.clear("elsewhere"));
    assert!(handle.clear("api.example.com"));
    waiting.await.unwrap().unwrap();
    send(&service, api()).await.unwrap();
    assert_eq!(server.times(start)[1..], [secs(1), secs(1)]);
    assert_eq!((handle.keys(), handle.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn cleared_altogether_nobody_is_held() {
    let layer = layer();
    let handle = layer.handle();
    let pause: &[(&str, &str)] = &[("retry-after", "50")];
    let (service, server) = gated(&layer, &[(429, pause), (429, pause)]);
    let start = now();
    send(&service, get("https://a/")).await.unwrap();
    send(&service, get("https://b/")).await.unwrap();
    let waiting = [
        begin(&service, get("https://a/")).await,
        begin(&service, get("https://b/")).await,
    ];
    assert_eq!((handle.keys(), handle.waiting()), (2, 2));
    handle.clear_all();
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert_eq!(*server.times(start).last().unwrap(), secs(0));
    assert_eq!((handle.keys(), handle.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn idle_keys_go_when_the_last_hold_is_over() {
    let layer = layer();
    let refusals = vec![(429, &[("retry-after", "2")] as &[_]); 100];
    let (service, _) = gated(&layer, &refusals);
    for number in 0..100 {
        send(&service, get(&format!("https://{number}.example.com/")))
            .await
            .unwrap();
    }
    assert_eq!(layer.handle().keys(), 100);
    tokio::time::sleep(secs(2)).await;
    send(&service, api()).await.unwrap();
    assert_eq!(layer.handle().keys(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_max_keys_are_kept_and_idle_ones_make_room() {
    let layer = layer().max_keys(10);
    let handle = layer.handle();
    let mut refusals = vec![(429, &[("retry-after", "9")] as &[_]); 10];
    refusals[9] = (429, &[("retry-after", "2")]);
    refusals.extend([(429, &[("retry-after", "9")] as &[_]); 3]);
    let (service, _) = gated(&layer, &refusals);
    for number in 0..11 {
        send(&service, get(&format!("https://{number}.example.com/")))
            .await
            .unwrap();
    }
    assert_eq!(handle.keys(), 10);
    assert_eq!(handle.peek("10.example.com").held_until(), None, "lost");
    tokio::time::sleep(secs(2)).await;
    let start = now();
    send(&service, get("https://new.example.com/"))
        .await
        .unwrap();
    assert_eq!(
        handle.peek("new.example.com").held_until(),
        Some(start + secs(9))
    );
    assert_eq!(handle.peek("9.example.com").held_until(), None, "idle");
    assert_eq!(handle.keys(), 10);
}
