//! What is stored, and which of its fields.

use super::{BOTH, NEITHER, PRIVATE, twice};
use crate::policy::Policy;
use crate::policy::model::{Cache, How, get, origin, secs};

#[test]
fn conditional_and_unsatisfied_answers_are_not_stored() {
    for status in [304, 412, 416] {
        let mut cache = Cache::private();
        let fields = [("cache-control", "max-age=3600"), ("etag", "\"1\"")];
        let answer = twice(&mut cache, &origin(status, &fields, ""), 0);
        assert_eq!(answer.text(), "second", "{status}");
    }
}

#[test]
fn only_what_may_be_kept_and_can_be_of_use_is_stored() {
    let tag = ("etag", "\"a\"");
    let control = |value| ("cache-control", value);
    for (status, fields, expected) in [
        // Without a lifetime, a status that may be reused by guess, or permission.
        (200, &[tag][..], BOTH),
        (302, &[tag], NEITHER),
        (302, &[tag, control("public")], BOTH),
        (302, &[tag, control("private")], PRIVATE),
        (302, &[tag, control("max-age=0")], BOTH),
        // Something to validate it by, or a time to use it without.
        (200, &[], NEITHER),
        (200, &[control("max-age=1")], BOTH),
        (200, &[control("max-age=0")], NEITHER),
        (200, &[control("max-age=0, stale-while-revalidate=1")], BOTH),
        (200, &[control("max-age=0, stale-if-error=0")], BOTH),
        (200, &[control("max-age=1, no-cache")], NEITHER),
        (200, &[tag, control("max-age=1, no-cache")], BOTH),
    ] {
        let stored = [Policy::private(), Policy::shared()].map(|policy| {
            let mut cache = Cache::new(policy);
            cache.get(&get(&[]), &origin(status, fields, "first"));
            cache.count(get(&[]).uri()) == 1
        });
        assert_eq!(stored, expected, "{status} {fields:?}");
    }
}

#[test]
fn who_must_understand_does_not_store_what_it_does_not() {
    let stored = |status, control| {
        let mut cache = Cache::private();
        let fields = [("cache-control", control)];
        twice(&mut cache, &origin(status, &fields, "first"), 0).how == How::Hit
    };
    assert!(!stored(599, "max-age=3600, must-understand"));
    assert!(stored(599, "max-age=3600"));
    assert!(stored(200, "max-age=3600, must-understand"));
    assert!(stored(200, "max-age=3600, must-understand, no-store"));
    assert!(!stored(599, "max-age=3600, must-understand, no-store"));
}

#[test]
fn authorized_responses_are_for_one_user_unless_they_say_otherwise() {
    let reused = |policy, control| {
        let mut cache = Cache::new(policy);
        let fields = [("cache-control", control)];
        let ask = get(&[("authorization", "FOO")]);
        cache.get(&ask, &origin(200, &fields, "first"));
        cache.get(&get(&[]), &origin(200, &[], "second")).text() == "first"
    };
    assert!(!reused(Policy::shared(), "max-age=3600"));
    for control in [
        "max-age=3600, public",
        "max-age=3600, must-revalidate",
        "s-maxage=3600",
    ] {
        assert!(reused(Policy::shared(), control), "{control}");
    }
    assert!(reused(Policy::private(), "max-age=3600"));
}

#[test]
fn fields_of_the_connection_are_not_replayed() {
    let fields = [
        ("cache-control", "max-age=60"),
        ("connection", "a, B"),
        ("connection", "close"),
        ("a", "1"),
        ("b", "2"),
        ("c", "3"),
        ("keep-alive", "x"),
        ("proxy-authenticate", "x"),
        ("proxy-authentication-info", "x"),
        ("proxy-authorization", "x"),
        ("proxy-connection", "x"),
        ("te", "x"),
        ("trailer", "x"),
        ("transfer-encoding", "x"),
        ("upgrade", "x"),
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
    ];
    let mut cache = Cache::shared();
    let answer = twice(&mut cache, &origin(200, &fields, "first"), 0);
    let mut names: Vec<_> = answer
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["age", "c", "cache-control", "date", "set-cookie"]);
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
}

#[test]
fn fields_that_a_directive_names_are_not_replayed() {
    let replayed = |policy, control: &str| {
        let mut cache = Cache::new(policy);
        let fields = [
            ("cache-control", control),
            ("a", "1"),
            ("b", "2"),
            ("c", "3"),
        ];
        let answer = twice(&mut cache, &origin(200, &fields, "first"), 0);
        assert_eq!(answer.how, How::Hit, "{control}");
        ["a", "b", "c"].map(|name| answer.field(name).is_some())
    };
    let both = "max-age=60, no-cache=\"a, b\"";
    assert_eq!(replayed(Policy::private(), both), [false, false, true]);
    assert_eq!(replayed(Policy::shared(), both), [false, false, true]);
    let one = "max-age=60, private=\"a\"";
    assert_eq!(replayed(Policy::private(), one), [true, true, true]);
    assert_eq!(replayed(Policy::shared(), one), [false, true, true]);
}

#[test]
fn cookies_in_requests_change_nothing() {
    let mut cache = Cache::shared();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    let answer = cache.get(&get(&[("cookie", "a=b")]), &origin(200, &[], ""));
    assert_eq!(answer.how, How::Hit);
}

#[test]
fn a_request_that_forbids_it_is_not_stored() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=60")];
    let ask = get(&[("cache-control", "no-store")]);
    cache.get(&ask, &origin(200, &fields, "first"));
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "second")).text(),
        "second"
    );
}

#[test]
fn a_newer_response_that_may_not_be_stored_leaves_the_old_one() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    let reload = get(&[("cache-control", "no-cache")]);
    cache.get(
        &reload,
        &origin(200, &[("cache-control", "no-store")], "second"),
    );
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "third")).text(),
        "first"
    );
}

#[test]
fn what_a_304_forbids_to_store_is_validated_at_each_use() {
    for (policy, control) in [
        (Policy::private(), "no-store"),
        (Policy::shared(), "private, max-age=60"),
    ] {
        let mut cache = Cache::new(policy);
        let fields = [("cache-control", "max-age=1"), ("etag", "\"a\"")];
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache.wait(3);
        let newer = origin(304, &[("cache-control", control), ("etag", "\"a\"")], "");
        assert_eq!(cache.get(&get(&[]), &newer).how, How::Validated);
        assert_eq!(
            cache.get(&get(&[]), &newer).how,
            How::Validated,
            "{control}"
        );
    }
}

#[test]
fn who_understands_may_go_on_using_what_a_304_confirms() {
    let mut cache = Cache::private();
    let fields = [
        ("cache-control", "max-age=2, no-store, must-understand"),
        ("etag", "\"a\""),
    ];
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    cache.wait(3);
    assert_eq!(
        cache.get(&get(&[]), &origin(304, &fields, "")).how,
        How::Validated
    );
    assert_eq!(
        cache.get(&get(&[]), &origin(304, &fields, "")).how,
        How::Hit
    );
}

#[test]
fn a_wish_does_not_prolong_what_may_no_longer_be_stored() {
    let mut cache = Cache::shared();
    cache.wishes.fresh_for = Some(secs(30));
    let fields = [("cache-control", "max-age=1"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    cache.wait(31);
    let newer = origin(304, &[("cache-control", "private"), ("etag", "\"a\"")], "");
    assert_eq!(cache.get(&get(&[]), &newer).how, How::Validated);
    assert_eq!(cache.get(&get(&[]), &newer).how, How::Validated);
}

#[test]
fn a_wish_is_noted_in_what_is_stored_and_stays_there() {
    let mut cache = Cache::private();
    cache.wishes.fresh_for = Some(secs(30));
    cache.wishes.negative_for = Some(secs(10));
    let fields = [("cache-control", "no-cache"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    assert_eq!(cache.only().freshness.wished, Some(secs(30)));
    for (wish, expected) in [(None, 30), (Some(secs(5)), 30), (Some(secs(60)), 60)] {
        cache.wishes.fresh_for = wish;
        cache.wait(61);
        let answer = cache.get(&get(&[]), &origin(304, &fields, ""));
        assert_eq!(answer.how, How::Validated);
        let wished = cache.only().freshness.wished;
        assert_eq!(wished, Some(secs(expected)), "{wish:?}");
    }
    let mut cache = Cache::private();
    cache.wishes.negative_for = Some(secs(10));
    cache.get(&get(&[]), &origin(404, &[], "gone"));
    assert_eq!(cache.only().freshness.wished, Some(secs(10)));
}

#[test]
fn a_304_for_one_user_is_not_stored_for_all() {
    let mut cache = Cache::shared();
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    cache.wait(3);
    let ask = get(&[("authorization", "x")]);
    assert_eq!(
        cache.get(&ask, &origin(304, &fields, "")).how,
        How::Validated
    );
    assert_eq!(
        cache.get(&get(&[]), &origin(304, &fields, "")).how,
        How::Validated
    );
    assert_eq!(cache.get(&ask, &origin(304, &fields, "")).how, How::Hit);
}

#[test]
fn a_304_with_vary_star_is_for_its_request_only() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    cache.wait(3);
    let star = origin(
        304,
        &[
            ("vary", "*"),
            ("etag", "\"a\""),
            ("cache-control", "max-age=60"),
        ],
        "",
    );
    assert_eq!(cache.get(&get(&[]), &star).how, How::Validated);
    assert_eq!(cache.get(&get(&[]), &star).how, How::Validated);
}
