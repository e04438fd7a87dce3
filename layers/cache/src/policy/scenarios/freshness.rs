//! How long responses are reused.

use super::{BOTH, NEITHER, PRIVATE, SHARED, reused, twice};
use crate::policy::Policy;
use crate::policy::model::{Cache, How, date, get, origin, secs};

#[test]
fn freshness_by_cache_control() {
    let cc = |value| reused(&[("cache-control", value)]);
    assert_eq!(reused(&[]), NEITHER);
    for value in [
        "max-age=3600",
        "max-age=2147483647",
        "max-age=2147483648",
        "max-age=99999999999",
        "foobar, max-age=3600",
        "MaX-aGe=3600",
        "max-age=003600",
        "max-age=\"3600\"",
        "max-age=4",
    ] {
        assert_eq!(cc(value), BOTH, "{value}");
    }
    for value in [
        "max-age=0",
        "max-age=-3600",
        "max-age='3600'",
        "max-age=3600.0",
        "max-age= 3600",
        "max-age =3600",
        "max-age=a3600",
        "extension=\"max-age=3600\", max-age=1",
        "max-age=1, extension=\"max-age=3600\"",
        "max-age=3",
        "public",
        "no-store, max-age=3600",
        "No-StOrE",
        "no-cache, max-age=3600",
        "max-age=3600, No-CaChE",
    ] {
        assert_eq!(cc(value), NEITHER, "{value}");
    }
    assert_eq!(cc("s-maxage=3600, max-age=1"), SHARED);
    assert_eq!(cc("max-age=3600, s-maxage=1"), PRIVATE);
    assert_eq!(cc("s-maxage=3600"), SHARED);
    assert_eq!(cc("private, max-age=3600"), PRIVATE);
}

#[test]
fn freshness_by_expires() {
    let at = |expires: i64, dated: i64, age: &str| {
        reused(&[
            ("expires", &date(expires)),
            ("date", &date(dated)),
            ("age", age),
        ])
    };
    assert_eq!(at(2_592_000, 0, "0"), BOTH);
    assert_eq!(at(-2_592_000, 0, "0"), NEITHER);
    assert_eq!(at(0, 0, "0"), NEITHER);
    assert_eq!(at(300, 400, "0"), NEITHER);
    assert_eq!(at(10, -10, "25"), NEITHER);
    assert_eq!(at(20, 10, "15"), NEITHER);
    assert_eq!(reused(&[("expires", "0"), ("date", &date(0))]), NEITHER);
    assert_eq!(reused(&[("expires", &date(10)), ("date", "foo")]), BOTH);
    assert_eq!(
        reused(&[("expires", &date(-10)), ("cache-control", "max-age=3600")]),
        BOTH
    );
    assert_eq!(
        reused(&[("expires", "0"), ("cache-control", "max-age=3600")]),
        BOTH
    );
    assert_eq!(
        reused(&[("expires", &date(3_600)), ("cache-control", "max-age=0")]),
        NEITHER
    );
    assert_eq!(
        reused(&[
            ("expires", &date(-10)),
            ("cache-control", "max-age=0, s-maxage=3600")
        ]),
        SHARED
    );
}

#[test]
fn ages_count() {
    let aged = |age, dated: i64| {
        let fields = [("cache-control", "max-age=3600"), ("age", age)];
        reused(&[&fields[..], &[("date", &date(dated))]].concat())
    };
    assert_eq!(aged("30", 0), BOTH);
    assert_eq!(aged("0,7200", 0), BOTH);
    assert_eq!(aged("7200,0", 0), NEITHER);
    assert_eq!(aged("7200", 0), NEITHER);
    assert_eq!(aged("7200, 0", 0), NEITHER);
    assert_eq!(aged("0, 7200", 0), BOTH);
    assert_eq!(aged("2147483649", 0), NEITHER);
    assert_eq!(aged("abc", 0), BOTH);
    assert_eq!(aged("0", -7_200), NEITHER);
    assert_eq!(aged("3596", 0), BOTH);
    assert_eq!(aged("3597", 0), NEITHER);
}

#[test]
fn heuristics_apply_to_some_statuses_and_to_public_ones() {
    let modified = date(-86_400);
    let guessed = |status, control: &str| {
        let fields = [
            ("last-modified", modified.as_str()),
            ("cache-control", control),
        ];
        let mut cache = Cache::shared();
        twice(&mut cache, &origin(status, &fields, "first"), 3).how == How::Hit
    };
    for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        assert!(guessed(status, "x"), "{status}");
    }
    for status in [201, 202, 302, 307, 403, 500, 502, 503, 504, 599] {
        assert!(!guessed(status, "x"), "{status}");
        assert!(guessed(status, "public"), "{status}");
    }
}

#[test]
fn any_final_status_with_explicit_freshness_is_reused() {
    for status in [
        200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599,
    ] {
        let fields = [("cache-control", "max-age=3600")];
        let mut cache = Cache::shared();
        let answer = twice(&mut cache, &origin(status, &fields, "first"), 3);
        assert_eq!((answer.how, answer.status), (How::Hit, status));
        let fields = [
            ("expires", &*date(-5_000)),
            ("last-modified", &date(-100_000)),
        ];
        let mut cache = Cache::shared();
        let answer = twice(&mut cache, &origin(status, &fields, "first"), 3);
        assert_eq!(answer.text(), "second", "{status}");
    }
}

#[test]
fn an_answer_from_the_store_has_an_age_and_its_old_date() {
    let mut cache = Cache::private();
    let fields = [
        ("cache-control", "max-age=600"),
        ("age", "30"),
        ("date", &date(-5)),
    ];
    let answer = twice(&mut cache, &origin(200, &fields, "first"), 3);
    assert_eq!(answer.field("age"), Some("33"));
    assert_eq!(answer.field("date"), Some(date(-5).as_str()));
    cache.wait(100);
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "")).field("age"),
        Some("133")
    );
}

#[test]
fn a_response_without_a_date_is_given_one() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=600")];
    let answer = twice(&mut cache, &origin(200, &fields, "first"), 3);
    assert_eq!(answer.field("date"), Some(date(0).as_str()));
}

#[test]
fn a_clock_that_goes_backwards_a_little_makes_nothing_stale_or_broken() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    cache.now -= secs(60);
    let answer = cache.get(&get(&[]), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.field("age")), (How::Hit, Some("0")));
    cache.now = std::time::SystemTime::UNIX_EPOCH + secs(1 << 40);
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "second")).text(),
        "second"
    );
}

#[test]
fn a_shared_cache_does_not_guess_about_cookies() {
    let modified = date(-86_400);
    let fields = [("last-modified", &*modified), ("set-cookie", "a=b")];
    assert_eq!(reused(&fields), PRIVATE);
    let public = [&fields[..], &[("cache-control", "public")]].concat();
    assert_eq!(reused(&public), BOTH);
}

#[test]
fn targeted_fields_replace_cache_control_in_a_shared_cache() {
    let cdn = |value, more: &[(&str, &str)]| {
        reused(&[&[("cdn-cache-control", value)][..], more].concat())
    };
    assert_eq!(cdn("max-age=3600", &[]), SHARED);
    assert_eq!(cdn("max-age=3600", &[("expires", "0")]), SHARED);
    assert_eq!(cdn("max-age=0", &[("expires", &date(100))]), PRIVATE);
    assert_eq!(cdn("no-cache", &[("cache-control", "max-age=60")]), PRIVATE);
    assert_eq!(cdn("private", &[("cache-control", "max-age=60")]), PRIVATE);
    assert_eq!(cdn("no-store", &[("cache-control", "max-age=60")]), PRIVATE);
    assert_eq!(cdn("max-age=60", &[("cache-control", "no-store")]), SHARED);
    assert_eq!(
        cdn("max-age=60, &", &[("cache-control", "no-store")]),
        NEITHER
    );
    assert_eq!(
        cdn("max-age=\"60\"", &[("cache-control", "no-store")]),
        NEITHER
    );
    assert_eq!(cdn("foo", &[("cache-control", "max-age=60")]), PRIVATE);
}

#[test]
fn a_guess_is_a_tenth_of_the_time_unchanged_and_a_day_at_most() {
    let fresh_after = |modified: i64, dated: i64, pause| {
        let fields = [("last-modified", &*date(modified)), ("date", &date(dated))];
        let mut cache = Cache::private();
        twice(&mut cache, &origin(200, &fields, "first"), pause).how == How::Hit
    };
    assert!(fresh_after(-1_000, 0, 99) && !fresh_after(-1_000, 0, 100));
    assert!(fresh_after(-1_000, -50, 44) && !fresh_after(-1_000, -50, 45));
    let day = 86_400;
    assert!(fresh_after(-100 * day, 0, 86_399) && !fresh_after(-100 * day, 0, 86_400));
    assert!(!fresh_after(10, 0, 0));
    let policy = Policy {
        heuristic_percent: 255,
        heuristic_cap: secs(u64::MAX),
        ..Policy::private()
    };
    let mut cache = Cache::new(policy);
    let fields = [("last-modified", &*date(-1_000)), ("date", &date(0))];
    assert_eq!(
        twice(&mut cache, &origin(200, &fields, "first"), 999).how,
        How::Hit
    );
    cache.wait(1);
    assert_eq!(cache.get(&get(&[]), &origin(200, &[], "x")).text(), "x");
}

#[test]
fn what_came_at_a_time_that_is_yet_to_come_is_validated() {
    for (back, expected) in [
        (60, How::Hit),
        (61, How::Validated),
        (1 << 40, How::Validated),
    ] {
        let fields = [("cache-control", "max-age=60"), ("etag", "\"a\"")];
        let mut cache = Cache::private();
        cache.now += secs(1 << 40);
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache.now -= secs(back);
        let answer = cache.get(&get(&[]), &origin(304, &fields, ""));
        assert_eq!((answer.how, answer.text()), (expected, "first"), "{back}");
    }
}
