//! What responses say to caches, seen from outside: targeted fields (RFC 9213), permissions to be
//! stale (RFC 5861), ages, and interim responses. Each row is one response, and what becomes of it.

use buttress_cache::CacheLayer;
use buttress_kernel::{Sent, TransportError};
use buttress_testkit::Step;
use httpdate::fmt_http_date;

use crate::support::*;

type Fields<'a> = &'a [(&'a str, &'a str)];

fn says(fields: Fields<'_>) -> Step {
    let step = Step::ok().body("first");
    let fields = fields.iter();
    fields.fold(step, |step, (name, value)| step.header(name, value))
}

/// Whether a response with these fields answers another request after so many seconds.
async fn answers(layer: &CacheLayer, fields: Fields<'_>, pause: u64) -> bool {
    let (service, _) = over(layer, [says(fields), uncacheable("second")]);
    assert_eq!(send(&service, get("/")).await.body, "first");
    pass(seconds(pause)).await;
    let answered = send(&service, get("/")).await.body == "first";
    layer.handle().clear().await;
    answered
}

const TARGET: &str = "cdn-cache-control";

#[tokio::test(start_paused = true)]
async fn a_targeted_field_counts_for_its_cache_alone() {
    const HOUR: (&str, &str) = (TARGET, "max-age=3600");
    let date = fmt_http_date(day());
    let (past, future) = (day() - seconds(10_000), day() + seconds(10_000));
    let (past, future) = (fmt_http_date(past), fmt_http_date(future));
    let (past, future) = (("expires", &*past), ("expires", &*future));
    let long = ("cache-control", "max-age=10000");
    let never = ("cache-control", "no-store");
    // The fields, and whether a shared and a private cache give the response again after 3 s.
    let rows: [(Fields<'_>, bool, bool); 22] = [
        (&[HOUR], true, false),
        (&[(TARGET, "max-age=2147483648")], true, false),
        (&[(TARGET, "max-age=99999999999")], true, false),
        (&[(TARGET, "foobar, max-age=3600")], true, false),
        (&[(TARGET, "max-age=3600;foo=bar")], true, false),
        (&[(TARGET, "max-age=0")], false, false),
        (&[(TARGET, "max-age=-1")], false, false),
        (&[HOUR, ("age", "7200"), ("date", &date)], false, false),
        (&[HOUR, past], true, false),
        (&[HOUR, ("expires", "0")], true, false),
        (&[(TARGET, "max-age=0"), future], false, true),
        (&[HOUR, ("cache-control", "max-age=1")], true, false),
        (&[(TARGET, "max-age=1"), long], false, true),
        (&[(TARGET, "private"), long, future], false, true),
        (&[(TARGET, "no-cache"), long, future], false, true),
        (&[(TARGET, "no-store"), long, future], false, true),
        (&[HOUR, never], true, false),
        (&[(TARGET, "max-age=10000, &&&&&"), never], false, false),
        (&[(TARGET, "max-age=\"10000\""), never], false, false),
        (&[(TARGET, "max-age=\"1\""), long], false, true),
        (&[(TARGET, ""), long], true, true),
        (
            &[(TARGET, "max-age=1"), (TARGET, "max-age=3600")],
            true,
            false,
        ),
    ];
    for (fields, by_shared, by_private) in rows {
        let shared = answers(&shared(), fields, 3).await;
        assert_eq!(shared, by_shared, "shared: {fields:?}");
        let private = answers(&private(), fields, 3).await;
        assert_eq!(private, by_private, "private: {fields:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_targeted_field_goes_on_and_nothing_else_changes() {
    let (date, expires) = (fmt_http_date(day()), fmt_http_date(day() + seconds(1)));
    let fields = [
        ("cache-control", "max-age=1"),
        (TARGET, "max-age=10000"),
        ("date", &date),
        ("expires", &expires),
    ];
    let (service, _) = over(&shared(), [says(&fields)]);
    assert_eq!(
        send(&service, get("/")).await.header(TARGET),
        Some("max-age=10000")
    );
    pass(seconds(3)).await;
    let read = send(&service, get("/")).await;
    for (name, value) in fields {
        assert_eq!(read.header(name), Some(value));
    }
    assert_eq!(read.header("age"), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn an_age_counts_as_rfc_9111_says() {
    // The lines, the lifetime, and whether the response is fresh.
    let rows: [(&[&str], u64, bool); 15] = [
        (&["abc"], 3_600, true),
        (&["-7200"], 3_600, true),
        (&["7200.0"], 3_600, true),
        (&["7200;foo=bar"], 3_600, true),
        (&["2147483647"], 3_600, false),
        (&["2147483648"], 3_600, false),
        (&["2147483649"], 3_600, false),
        (&["7200, 0"], 3_600, false),
        (&["0, 7200"], 3_600, true),
        (&["7200", "0"], 3_600, false),
        (&["0", "7200"], 3_600, true),
        (&["0, 0"], 3_600, true),
        (&["0", "0"], 3_600, true),
        (&["3600", "3600"], 10_000, true),
        (&["3600"], 3_600, false),
    ];
    let date = fmt_http_date(day());
    for (lines, lifetime, is_fresh) in rows {
        let lifetime = format!("max-age={lifetime}");
        let mut fields = vec![("cache-control", &*lifetime), ("date", &date)];
        fields.extend(lines.iter().map(|line| ("age", *line)));
        for layer in [shared(), private()] {
            assert_eq!(answers(&layer, &fields, 1).await, is_fresh, "{lines:?}");
        }
    }
}

/// What a caller is given when the origin is gone, after so many seconds.
async fn without_origin(layer: &CacheLayer, control: &str, pause: u64) -> Option<String> {
    let broken = Step::error(|| TransportError::broken(Sent::Maybe, "reset"));
    let first = says(&[("cache-control", control), ("etag", "\"a\"")]);
    let (service, _) = over(layer, [first, broken]);
    send(&service, get("/")).await;
    pass(seconds(pause)).await;
    let answer = head(&service, get("/")).await.ok()?;
    Some(read(answer).await.unwrap().body)
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_not_served_for_a_lost_origin_where_that_is_forbidden() {
    // The directives, and whether a shared and a private cache serve the response 4 s later.
    let rows = [
        ("max-age=2", true, true),
        ("max-age=2, stale-if-error=60", true, true),
        ("max-age=2, stale-if-error=1", false, false),
        ("max-age=2, must-revalidate", false, false),
        (
            "max-age=2, must-revalidate, stale-if-error=60",
            false,
            false,
        ),
        ("max-age=2, proxy-revalidate", false, true),
        ("max-age=2, s-maxage=2", false, true),
        ("max-age=2, no-cache", false, false),
    ];
    for (control, by_shared, by_private) in rows {
        let first = |served: bool| served.then(|| "first".to_owned());
        let shared = without_origin(&shared(), control, 4).await;
        assert_eq!(shared, first(by_shared), "shared: {control}");
        let private = without_origin(&private(), control, 4).await;
        assert_eq!(private, first(by_private), "private: {control}");
    }
    let strict = private().stale_on_error(false);
    assert_eq!(without_origin(&strict, "max-age=2", 4).await, None);
    let allowed = without_origin(&strict, "max-age=2, stale-if-error=60", 4).await;
    assert_eq!(allowed.as_deref(), Some("first"));
}

#[tokio::test(start_paused = true)]
async fn after_its_window_what_is_stale_is_validated_first() {
    let first = says(&[
        ("cache-control", "max-age=1, stale-while-revalidate=4"),
        ("etag", "\"a\""),
    ]);
    let behind = Step::ok().header("cache-control", "no-cache");
    let behind = behind.header("etag", "\"b\"").body("second");
    for pause in [3, 10] {
        let layer = shared();
        let (service, server) = over(&layer, [first.clone(), behind.clone(), says(&[])]);
        send(&service, get("/")).await;
        pass(seconds(pause)).await;
        let within = pause == 3;
        let expected = if within { "first" } else { "second" };
        assert_eq!(send(&service, get("/")).await.body, expected);
        pass(seconds(1)).await;
        assert_eq!(server.calls().len(), 2);
        assert_eq!(server.calls()[1].headers["if-none-match"], "\"a\"");
        send(&service, get("/")).await;
        assert_eq!(server.calls()[2].headers["if-none-match"], "\"b\"");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_not_final_is_never_stored() {
    for status in [102, 103] {
        let interim = Step::status(status)
            .header("cache-control", "max-age=60")
            .header("link", "</style.css>; rel=preload");
        let (service, server) = over(&shared(), [interim, fresh("final")]);
        send(&service, get("/")).await;
        for _ in 0..2 {
            let read = send(&service, get("/")).await;
            assert_eq!((&*read.body, read.header("link")), ("final", None));
        }
        assert_eq!(server.calls().len(), 2);
    }
}
