//! How stored responses are validated and updated, and callers told that they have them.

use super::twice;
use crate::policy::model::{Cache, How, date, get, headers, origin, request};
use crate::policy::{Policy, Reason, give};

#[test]
fn stale_responses_are_validated_with_what_they_have() {
    let modified = date(-3_000);
    for (fields, tag, since) in [
        (&[("etag", "\"a\"")][..], Some("\"a\""), None),
        (&[("etag", "W/\"a\"")], Some("W/\"a\""), None),
        (&[("last-modified", &*modified)], None, Some(&*modified)),
        (
            &[("etag", "\"a\""), ("last-modified", &modified)],
            Some("\"a\""),
            Some(&*modified),
        ),
    ] {
        let mut cache = Cache::private();
        let control = [("cache-control", "max-age=1")];
        cache.get(
            &get(&[]),
            &origin(200, &[&control[..], fields].concat(), "first"),
        );
        cache.wait(3);
        let answer = cache.get(&get(&[("abc", "1")]), &origin(304, fields, ""));
        assert_eq!((answer.how, answer.text()), (How::Validated, "first"));
        assert_eq!(answer.status, 200);
        let field = |name| cache.seen[1].get(name).map(|value| value.to_str().unwrap());
        assert_eq!(field("if-none-match"), tag);
        assert_eq!(field("if-modified-since"), since);
        assert_eq!(field("abc"), Some("1"));
    }
}

#[test]
fn a_304_updates_fields_but_not_those_of_the_bytes() {
    let a = [
        ("cache-control", "max-age=1"),
        ("etag", "\"e\""),
        ("x", "a"),
        ("kept", "a"),
        ("content-type", "a"),
        ("content-encoding", "a"),
        ("content-length", "5"),
        ("content-md5", "a"),
        ("content-range", "a"),
        ("set-cookie", "a"),
        ("set-cookie", "b"),
        ("named", "a"),
    ];
    let b = [
        ("cache-control", "max-age=3600"),
        ("etag", "\"e\""),
        ("x", "b"),
        ("x", "c"),
        ("content-type", "b"),
        ("content-encoding", "b"),
        ("content-length", "10"),
        ("content-md5", "b"),
        ("content-range", "b"),
        ("set-cookie", "c"),
        ("connection", "named"),
        ("named", "b"),
        ("keep-alive", "b"),
    ];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(200, &a, "first"));
    cache.wait(3);
    let answer = cache.get(&get(&[]), &origin(304, &b, ""));
    cache.wait(1_000);
    let again = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!(again.how, How::Hit);
    for answer in [answer, again] {
        assert_eq!(answer.text(), "first");
        let all = |name| {
            let lines = answer.headers.get_all(name).into_iter();
            lines
                .map(|line| line.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        for name in [
            "content-encoding",
            "content-md5",
            "content-range",
            "kept",
            "named",
        ] {
            assert_eq!(all(name), ["a"], "{name}");
        }
        assert_eq!(all("content-length"), ["5"]);
        assert_eq!(all("x"), ["b", "c"]);
        assert_eq!(all("content-type"), ["b"]);
        assert_eq!(all("set-cookie"), ["c"]);
        assert!(all("connection").is_empty() && all("keep-alive").is_empty());
    }
}

#[test]
fn a_304_for_another_tag_changes_no_field_but_counts_as_validation() {
    let fields = |tag| [("cache-control", "max-age=3"), ("etag", tag), ("x", tag)];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(200, &fields("\"a\""), "first"));
    cache.wait(4);
    let newer = [&fields("\"b\"")[..], &[("age", "1")]].concat();
    let answer = cache.get(&get(&[]), &origin(304, &newer, ""));
    assert_eq!((answer.text(), answer.field("x")), ("first", Some("\"a\"")));
    assert_eq!(answer.field("age"), Some("1"), "that of the 304");
    cache.wait(1);
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!(
        (answer.how, answer.field("etag")),
        (How::Hit, Some("\"a\""))
    );
    assert_eq!(answer.field("age"), Some("2"));
}

#[test]
fn of_two_that_match_the_one_that_was_validated_last_is_used() {
    let fields = |vary, tag| {
        [
            ("cache-control", "max-age=60"),
            ("vary", vary),
            ("etag", tag),
        ]
    };
    let foo = |foo, bar| get(&[("foo", foo), ("bar", bar)]);
    let mut cache = Cache::private();
    cache.get(
        &foo("1", "2"),
        &origin(200, &fields("foo", "\"a\""), "of foo"),
    );
    cache.wait(1);
    cache.get(
        &foo("2", "1"),
        &origin(200, &fields("bar", "\"b\""), "of bar"),
    );
    let answer = cache.get(&foo("1", "1"), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "of bar"));
    cache.wait(60);
    let answer = cache.get(&foo("1", "2"), &origin(304, &[("etag", "\"c\"")], ""));
    assert_eq!((answer.how, answer.text()), (How::Validated, "of foo"));
    let answer = cache.get(&foo("1", "1"), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "of foo"));
}

#[test]
fn a_304_without_a_date_was_made_when_it_came() {
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    let (start, dated) = (date(0), date(2));
    for (newer, expected) in [(&[][..], date(3)), (&[("date", &*dated)], date(2))] {
        let mut cache = Cache::private();
        let first = [&fields[..], &[("date", &*start)]].concat();
        cache.get(&get(&[]), &origin(200, &first, "first"));
        cache.wait(3);
        let newer = [&fields[..], newer].concat();
        let answer = cache.get(&get(&[]), &origin(304, &newer, ""));
        assert_eq!(answer.field("date"), Some(&*expected));
    }
}

#[test]
fn a_304_that_nobody_asked_for_is_passed_on() {
    for (fields, ask, reason) in [
        (
            &[("cache-control", "max-age=2")][..],
            get(&[]),
            Reason::Stale,
        ),
        (
            &[("cache-control", "max-age=60"), ("vary", "foo")],
            get(&[("foo", "2")]),
            Reason::VaryMiss,
        ),
    ] {
        let mut cache = Cache::private();
        cache.get(&get(&[("foo", "1")]), &origin(200, fields, "first"));
        cache.wait(3);
        let answer = cache.get(&ask, &origin(304, &[], ""));
        assert_eq!((answer.how, answer.status), (How::Fetched(reason), 304));
        assert_eq!(cache.seen.len(), 2);
    }
}

#[test]
fn what_a_304_says_of_the_bytes_or_its_connection_is_given_to_nobody() {
    let names = [
        "age",
        "content-encoding",
        "content-length",
        "content-md5",
        "content-range",
        "connection",
        "transfer-encoding",
    ];
    let control = format!("no-cache=\"x, {}\"", names.join(", "));
    let fields = |value: &str| {
        let named = names.map(|name| (name, value));
        headers(&[&named[..], &[("x", value), ("cache-control", &*control)]].concat())
    };
    let mut answer = fields("1");
    give(&Policy::private(), &fields("2"), &mut answer);
    assert_eq!(answer["x"], "2");
    for name in names {
        assert_eq!(answer[name], "1", "{name}");
    }
}

#[test]
fn responses_without_a_validator_are_fetched_anew() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=1")];
    let answer = twice(&mut cache, &origin(200, &fields, "first"), 3);
    assert_eq!(
        (answer.how, answer.text()),
        (How::Fetched(Reason::Stale), "second")
    );
    assert!(cache.seen[1].is_empty());
}

#[test]
fn callers_who_have_it_already_are_told_so() {
    let modified = date(-3_000);
    let fields = [
        ("cache-control", "max-age=100"),
        ("etag", "\"a\""),
        ("last-modified", &*modified),
        ("content-type", "text/plain"),
        ("content-length", "5"),
        ("content-encoding", "x"),
        ("content-language", "en"),
    ];
    let ask = |fields: &[(&str, &str)], stored: &[(&str, &str)]| {
        let mut cache = Cache::private();
        cache.get(&get(&[]), &origin(200, stored, "first"));
        cache.get(&get(fields), &origin(200, &[], "second"))
    };
    for tags in [
        "\"a\"",
        "W/\"a\"",
        "\"x\", \"a\"",
        "\"a\", \"x\"",
        "*",
        "\"x\",W/\"a\",\"y\"",
    ] {
        let answer = ask(&[("if-none-match", tags)], &fields);
        assert_eq!(
            (answer.how, answer.status, answer.text()),
            (How::Hit, 304, ""),
            "{tags}"
        );
        assert_eq!(answer.field("etag"), Some("\"a\""));
        for name in [
            "content-type",
            "content-length",
            "content-encoding",
            "content-language",
        ] {
            assert_eq!(answer.field(name), None, "{name}");
        }
    }
    for tags in ["\"b\"", "\"a", "x", ""] {
        let answer = ask(&[("if-none-match", tags)], &fields);
        assert_eq!((answer.how, answer.status), (How::Hit, 200), "{tags}");
    }
    let since = |since: &str| ask(&[("if-modified-since", since)], &fields).status;
    assert_eq!(since(&date(-3_000)), 304);
    assert_eq!(since(&date(-2_000)), 304);
    assert_eq!(since(&date(-3_001)), 200);
    assert_eq!(since("x"), 200);
    // The tag decides where there is one.
    let both = [
        ("if-none-match", "\"b\""),
        ("if-modified-since", &*modified),
    ];
    assert_eq!(ask(&both, &fields).status, 200);
    let both = [
        ("if-none-match", "\"a\""),
        ("if-modified-since", &date(-9_000)),
    ];
    assert_eq!(ask(&both, &fields).status, 304);
    // A response that does not say when it was modified was so when it was made.
    let undated = [("cache-control", "max-age=100")];
    assert_eq!(
        ask(&[("if-modified-since", &date(-1))], &undated).status,
        200
    );
    assert_eq!(
        ask(&[("if-modified-since", &date(0))], &undated).status,
        304
    );
}

#[test]
fn errors_are_not_unmodified() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=100"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(404, &fields, "first"));
    let answer = cache.get(&get(&[("if-none-match", "\"a\"")]), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.status), (How::Hit, 404));
}

#[test]
fn a_callers_condition_is_judged_after_validation() {
    let modified = date(-3_000);
    let fields = [
        ("cache-control", "max-age=2"),
        ("last-modified", &*modified),
    ];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    cache.wait(3);
    let ask = get(&[("if-modified-since", &modified)]);
    let answer = cache.get(&ask, &origin(304, &fields, ""));
    assert_eq!((answer.how, answer.status), (How::Validated, 304));
    assert_eq!(cache.seen[1]["if-modified-since"], *modified);
}

#[test]
fn a_callers_condition_goes_to_the_origin_when_nothing_is_stored() {
    let mut cache = Cache::private();
    let ask = get(&[("if-none-match", "\"abc\"")]);
    let answer = cache.get(&ask, &origin(304, &[("etag", "\"abc\"")], ""));
    assert_eq!(
        (answer.how, answer.status),
        (How::Fetched(Reason::UriMiss), 304)
    );
    assert_eq!(cache.seen[0]["if-none-match"], "\"abc\"");
}

#[test]
fn conditions_for_the_origin_alone_go_to_the_origin() {
    for name in ["if-match", "if-unmodified-since"] {
        let mut cache = Cache::private();
        let fields = [("cache-control", "max-age=100"), ("etag", "\"a\"")];
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        let answer = cache.get(&get(&[(name, "\"a\"")]), &origin(412, &[], ""));
        assert_eq!(answer.how, How::Fetched(Reason::Request), "{name}");
    }
}

#[test]
fn head_is_answered_from_get_and_updates_it() {
    let fields = [
        ("cache-control", "max-age=2"),
        ("x", "1"),
        ("etag", "\"a\""),
        ("content-length", "5"),
    ];
    let first = || {
        let mut cache = Cache::private();
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache
    };
    let mut cache = first();
    let answer = cache.get(&request("HEAD", &[]), &origin(200, &[], ""));
    assert_eq!(
        (answer.how, answer.text(), answer.field("x")),
        (How::Hit, "", Some("1"))
    );
    cache.wait(3);
    let newer = [
        ("cache-control", "max-age=1000"),
        ("x", "2"),
        ("content-length", "5"),
    ];
    let answer = cache.get(&request("HEAD", &[]), &origin(200, &newer, ""));
    assert_eq!(answer.how, How::Fetched(Reason::Stale));
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!(
        (answer.how, answer.text(), answer.field("x")),
        (How::Hit, "first", Some("2"))
    );

    for other in [
        ("etag", "\"b\""),
        ("last-modified", "x"),
        ("content-length", "6"),
    ] {
        let mut cache = first();
        let reload = request("HEAD", &[("cache-control", "no-cache")]);
        cache.get(
            &reload,
            &origin(200, &[("cache-control", "max-age=1000"), other], ""),
        );
        let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
        assert_eq!(answer.text(), "second", "{other:?}");
    }
    let mut cache = first();
    let reload = request("HEAD", &[("cache-control", "no-cache")]);
    cache.get(
        &reload,
        &origin(410, &[("x", "2"), ("cache-control", "max-age=9")], ""),
    );
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!((answer.how, answer.field("x")), (How::Hit, Some("1")));
}

#[test]
fn a_304_answers_a_head_that_asks_about_what_is_stored() {
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    cache.wait(3);
    let answer = cache.get(&request("HEAD", &[]), &origin(304, &fields, ""));
    assert_eq!((answer.how, answer.status), (How::Validated, 200));
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!((answer.how, answer.text()), (How::Hit, "first"));
}

#[test]
fn an_answer_to_head_says_nothing_of_other_variants() {
    let fields = |length| {
        [
            ("cache-control", "max-age=60"),
            ("vary", "foo"),
            ("content-length", length),
        ]
    };
    let mut cache = Cache::private();
    for foo in ["1", "2"] {
        cache.get(&get(&[("foo", foo)]), &origin(200, &fields("5"), "first"));
    }
    let reload = request("HEAD", &[("foo", "1"), ("cache-control", "no-cache")]);
    cache.get(&reload, &origin(200, &fields("6"), ""));
    for (foo, body) in [("1", "second"), ("2", "first")] {
        let answer = cache.get(&get(&[("foo", foo)]), &origin(200, &[], "second"));
        assert_eq!(answer.text(), body, "{foo}");
    }
}

#[test]
fn an_answer_to_head_is_not_stored_itself() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=60")];
    cache.get(&request("HEAD", &[]), &origin(200, &fields, ""));
    assert_eq!(cache.get(&get(&[]), &origin(200, &[], "x")).text(), "x");
}

#[test]
fn a_304_never_lends_its_tag_to_what_came_without_one() {
    let modified = date(-3_000);
    let first = [
        ("cache-control", "max-age=2"),
        ("last-modified", &*modified),
        ("x", "1"),
    ];
    for (tag, x) in [("\"v2\"", "1"), ("W/\"v2\"", "2")] {
        let newer = [
            ("cache-control", "max-age=2"),
            ("last-modified", &*modified),
            ("etag", tag),
            ("x", "2"),
        ];
        let mut cache = Cache::private();
        cache.get(&get(&[]), &origin(200, &first, "v1"));
        cache.wait(3);
        let answer = cache.get(&get(&[]), &origin(304, &newer, ""));
        assert_eq!((answer.how, answer.field("etag")), (How::Validated, None));
        assert_eq!(answer.field("x"), Some(x), "{tag}");
        assert!(!cache.only().parts.headers.contains_key("etag"));
    }
}

#[test]
fn a_304_of_another_date_changes_no_field() {
    let (old, new) = (date(-3_000), date(-2_000));
    for first in [
        &[("etag", "\"a\""), ("last-modified", &*old)][..],
        &[("last-modified", &*old)],
        &[("etag", "\"a\"")],
    ] {
        let fields = [&[("cache-control", "max-age=2"), ("x", "1")], first].concat();
        let mut cache = Cache::private();
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache.wait(3);
        let newer = [("last-modified", &*new), ("x", "2")];
        let answer = cache.get(&get(&[]), &origin(304, &newer, ""));
        assert_eq!((answer.how, answer.field("x")), (How::Validated, Some("1")));
    }
}

#[test]
fn a_304_for_one_user_leaves_what_all_are_given_as_it_is() {
    let fields = [
        ("cache-control", "max-age=60"),
        ("etag", "\"a\""),
        ("x", "1"),
    ];
    let newer = [
        ("cache-control", "max-age=60"),
        ("etag", "\"a\""),
        ("x", "2"),
    ];
    let mut cache = Cache::shared();
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    let ann = get(&[
        ("authorization", "Bearer ann"),
        ("cache-control", "no-cache"),
    ]);
    let answer = cache.get(&ann, &origin(304, &newer, ""));
    assert_eq!((answer.how, answer.text()), (How::Validated, "first"));
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!((answer.how, answer.field("x")), (How::Hit, Some("1")));
}

#[test]
fn a_304_that_must_be_understood_and_is_not_stops_the_reuse() {
    let fields = |control| [("cache-control", control), ("etag", "\"a\"")];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(299, &fields("max-age=2"), "first"));
    cache.wait(3);
    let newer = fields("max-age=60, must-understand");
    let answer = cache.get(&get(&[]), &origin(304, &newer, ""));
    assert_eq!(answer.how, How::Validated);
    let answer = cache.get(&get(&[]), &origin(304, &newer, ""));
    assert_eq!(answer.how, How::Validated, "each time");
}
