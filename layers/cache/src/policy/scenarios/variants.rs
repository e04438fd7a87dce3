//! Several responses for one URI.

use http::Uri;

use crate::policy::Reason;
use crate::policy::model::{Cache, How, date, get, origin};

#[test]
fn variants_are_kept_apart_and_found_again() {
    let says = |body| {
        origin(
            200,
            &[("cache-control", "max-age=60"), ("vary", "foo")],
            body,
        )
    };
    let foo = |value| get(&[("foo", value)]);
    let mut cache = Cache::private();
    assert_eq!(
        cache.get(&foo("1"), &says("one")).how,
        How::Fetched(Reason::UriMiss)
    );
    assert_eq!(
        cache.get(&foo("2"), &says("two")).how,
        How::Fetched(Reason::VaryMiss)
    );
    assert_eq!(cache.get(&foo("1"), &says("x")).text(), "one");
    assert_eq!(cache.get(&foo("2"), &says("x")).text(), "two");
    assert_eq!(cache.get(&get(&[]), &says("none")).text(), "none");
    assert_eq!(cache.count(&Uri::from_static("http://a.example/")), 3);
    cache.wait(100);
    assert_eq!(cache.get(&foo("1"), &says("new")).text(), "new");
    assert_eq!(cache.count(&Uri::from_static("http://a.example/")), 3);
}

#[test]
fn of_several_that_match_the_newest_is_used() {
    let mut cache = Cache::private();
    let vary = [
        ("cache-control", "max-age=60"),
        ("vary", "foo"),
        ("date", &date(-9)),
    ];
    cache.get(&get(&[("foo", "1")]), &origin(200, &vary, "of 1"));
    let all = [("cache-control", "max-age=60"), ("date", &date(0))];
    cache.get(&get(&[("foo", "2")]), &origin(200, &all, "of all"));
    let answer = cache.get(&get(&[("foo", "1")]), &origin(200, &[], ""));
    assert_eq!(answer.text(), "of all");
}

#[test]
fn the_origin_may_name_the_variant_that_is_right() {
    let says = |tag, body| {
        let fields = [
            ("cache-control", "max-age=60"),
            ("vary", "foo"),
            ("etag", tag),
        ];
        origin(200, &fields, body)
    };
    let foo = |value| get(&[("foo", value)]);
    let mut cache = Cache::private();
    cache.get(&foo("1"), &says("\"a\"", "one"));
    cache.get(&foo("2"), &says("\"b\"", "two"));
    let answer = cache.get(&foo("3"), &origin(304, &[("etag", "\"b\"")], ""));
    assert_eq!((answer.how, answer.text()), (How::Validated, "two"));
    assert_eq!(cache.seen[2]["if-none-match"], "\"a\", \"b\"");
    for (value, body) in [("1", "one"), ("2", "two"), ("3", "two")] {
        let answer = cache.get(&foo(value), &says("\"c\"", "x"));
        assert_eq!((answer.how, answer.text()), (How::Hit, body));
    }
}

#[test]
fn a_304_that_names_no_variant_makes_the_request_go_again() {
    for fields in [&[][..], &[("etag", "\"x\"")]] {
        let vary = [
            ("cache-control", "max-age=60"),
            ("vary", "foo"),
            ("etag", "\"a\""),
        ];
        let mut cache = Cache::private();
        cache.get(&get(&[("foo", "1")]), &origin(200, &vary, "one"));
        cache.get(&get(&[("foo", "2")]), &origin(304, fields, ""));
        assert_eq!(cache.seen.len(), 3);
        assert_eq!(cache.seen[1]["if-none-match"], "\"a\"");
        assert!(!cache.seen[2].contains_key("if-none-match"));
    }
}

#[test]
fn a_callers_own_condition_is_not_mixed_with_those_of_variants() {
    for condition in [
        ("if-none-match", "\"mine\""),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        let vary = [
            ("cache-control", "max-age=60"),
            ("vary", "foo"),
            ("etag", "\"a\""),
        ];
        let mut cache = Cache::private();
        cache.get(&get(&[("foo", "1")]), &origin(200, &vary, "one"));
        let ask = get(&[("foo", "2"), condition]);
        let answer = cache.get(&ask, &origin(304, &[("etag", "\"mine\"")], ""));
        assert_eq!(
            (answer.how, answer.status),
            (How::Fetched(Reason::VaryMiss), 304)
        );
        assert_eq!(cache.seen[1], *ask.headers());
    }
}

#[test]
fn each_tag_is_listed_once_and_not_too_many() {
    let mut cache = Cache::private();
    for n in 0..40 {
        let tag = format!("\"{}\"", n / 2);
        let vary = [
            ("cache-control", "max-age=60"),
            ("vary", "foo"),
            ("etag", &*tag),
        ];
        cache.get(&get(&[("foo", &n.to_string())]), &origin(200, &vary, "x"));
    }
    cache.get(&get(&[("foo", "x")]), &origin(200, &[], "y"));
    let expected: Vec<_> = (0..16).map(|n| format!("\"{n}\"")).collect();
    let sent = &cache.seen.last().unwrap()["if-none-match"];
    assert_eq!(sent, &*expected.join(", "));
}

#[test]
fn a_response_is_as_old_for_each_request_as_what_the_origin_said_to_that_one() {
    let fields = |tag| {
        [
            ("cache-control", "max-age=60"),
            ("vary", "foo"),
            ("etag", tag),
        ]
    };
    let (first, same) = (fields("\"a\""), origin(304, &fields("\"a\""), ""));
    let foo = |value| get(&[("foo", value)]);
    // The validators of a 304 may differ: the origin was asked about this response all the same.
    for tag in ["\"a\"", "\"b\""] {
        let mut cache = Cache::private();
        cache.get(&foo("1"), &origin(200, &first, "one"));
        cache.wait(1);
        let answer = cache.get(&foo("3"), &same);
        assert_eq!((answer.how, answer.text()), (How::Validated, "one"));
        cache.wait(69);
        let answer = cache.get(&foo("1"), &origin(304, &fields(tag), ""));
        assert_eq!(answer.how, How::Validated);
        cache.wait(10);
        let answer = cache.get(&foo("1"), &origin(200, &[], "x"));
        assert_eq!((answer.how, answer.field("age")), (How::Hit, Some("10")));
        let answer = cache.get(&foo("3"), &same);
        assert_eq!(
            (answer.how, answer.field("age")),
            (How::Validated, Some("0")),
            "the origin said so to the other 79 seconds ago"
        );
        cache.wait(1);
        for (value, age) in [("1", "11"), ("3", "1")] {
            let answer = cache.get(&foo(value), &origin(200, &[], "x"));
            assert_eq!((answer.how, answer.field("age")), (How::Hit, Some(age)));
        }
    }
}

#[test]
fn variants_that_lack_bytes_are_not_offered() {
    let fields = |tag, range| {
        [
            ("cache-control", "max-age=60"),
            ("vary", "foo"),
            ("etag", tag),
            ("content-range", range),
        ]
    };
    let mut cache = Cache::private();
    let part = get(&[("foo", "1"), ("range", "bytes=0-1")]);
    cache.get(&part, &origin(206, &fields("\"a\"", "bytes 0-1/4"), "01"));
    cache.get(
        &get(&[("foo", "2")]),
        &origin(200, &fields("\"b\"", ""), "two"),
    );
    assert!(!cache.seen[1].contains_key("if-none-match"));
    cache.get(&get(&[("foo", "3")]), &origin(200, &[], "three"));
    assert_eq!(cache.seen[2]["if-none-match"], "\"b\"");
}
