//! What callers see: requests in a row, as the public test suite for HTTP caches puts them, and what
//! it does not try.

use http::{Request, Uri};

use super::model::{Answer, Cache, How, Origin, date, get, origin, request, secs};
use super::{Mode, Policy, Reason};

/// Asks twice, with a pause between, an origin that says something else the second time.
fn twice(cache: &mut Cache, first: &Origin, pause: u64) -> Answer {
    cache.get(&get(&[]), first);
    cache.wait(pause);
    cache.get(&get(&[]), &origin(200, &[], "second"))
}

fn is_reused(policy: Policy, fields: &[(&str, &str)]) -> bool {
    let mut cache = Cache::new(policy);
    twice(&mut cache, &origin(200, fields, "first"), 3).text() == "first"
}

fn reused(fields: &[(&str, &str)]) -> [bool; 2] {
    [Policy::private(), Policy::shared()].map(|policy| is_reused(policy, fields))
}

const BOTH: [bool; 2] = [true, true];
const NEITHER: [bool; 2] = [false, false];
const PRIVATE: [bool; 2] = [true, false];
const SHARED: [bool; 2] = [false, true];

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
fn conditional_and_unsatisfied_answers_are_not_stored() {
    for status in [304, 412, 416] {
        let mut cache = Cache::private();
        let fields = [("cache-control", "max-age=3600"), ("etag", "\"1\"")];
        let answer = twice(&mut cache, &origin(status, &fields, ""), 0);
        assert_eq!(answer.text(), "second", "{status}");
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
fn a_clock_that_goes_backwards_makes_nothing_stale_or_broken() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    cache.now -= secs(1_000_000);
    let answer = cache.get(&get(&[]), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.field("age")), (How::Hit, Some("0")));
    cache.now = std::time::SystemTime::UNIX_EPOCH + secs(1 << 40);
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "second")).text(),
        "second"
    );
}

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
    let fields = |tag| [("cache-control", "max-age=2"), ("etag", tag), ("x", tag)];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(200, &fields("\"a\""), "first"));
    cache.wait(3);
    let answer = cache.get(&get(&[]), &origin(304, &fields("\"b\""), ""));
    assert_eq!((answer.text(), answer.field("x")), ("first", Some("\"a\"")));
    cache.wait(1);
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!(
        (answer.how, answer.field("etag")),
        (How::Hit, Some("\"a\""))
    );
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
        assert_eq!(answer.field("content-type"), None);
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
fn requests_say_what_they_want() {
    let how = |stored: &[(&str, &str)], wanted: &[(&str, &str)], pause| {
        let mut cache = Cache::private();
        cache.get(&get(&[]), &origin(200, stored, "first"));
        cache.wait(pause);
        cache.get(&get(wanted), &origin(200, &[], "second")).how
    };
    let fresh = [("cache-control", "max-age=3600")];
    let aged = [("cache-control", "max-age=1500"), ("age", "2000")];
    let fetched = How::Fetched(Reason::Request);
    let table = [
        (&fresh[..], "max-age=0", fetched),
        (&fresh, "max-age=1", fetched),
        (&fresh, "max-age=3", How::Hit),
        (&fresh, "max-age=x", fetched),
        (&fresh, "min-fresh=4000", fetched),
        (&fresh, "min-fresh=3597", How::Hit),
        (&fresh, "min-fresh=3598", fetched),
        (&fresh, "no-cache", fetched),
        (&fresh, "no-store", How::Fetched(Reason::Bypass)),
        (&fresh, "only-if-cached", How::Hit),
        (&fresh, "max-stale", How::Hit),
        (&aged, "max-stale=1000", How::Hit),
        (&aged, "max-stale=503", How::Hit),
        (&aged, "max-stale=502", How::Fetched(Reason::Stale)),
        (&aged, "max-stale", How::Hit),
        (&aged, "max-stale, max-age=2000", fetched),
        (&aged, "max-stale, min-fresh=1", fetched),
        (&aged, "only-if-cached", How::Refused),
        (&aged, "x", How::Fetched(Reason::Stale)),
    ];
    for (stored, wanted, expected) in table {
        assert_eq!(
            how(stored, &[("cache-control", wanted)], 3),
            expected,
            "{wanted}"
        );
    }
    assert_eq!(how(&fresh, &[("pragma", "no-cache")], 0), fetched);
    assert_eq!(how(&fresh, &[("pragma", "foo")], 0), How::Hit);
    let mut cache = Cache::private();
    let ask = get(&[("cache-control", "only-if-cached")]);
    assert_eq!(cache.get(&ask, &origin(200, &[], "")).status, 504);
}

#[test]
fn no_request_makes_a_stale_response_usable_that_must_be_validated() {
    for (control, fetched) in [
        ("max-age=1, must-revalidate", [true, true]),
        ("max-age=1, proxy-revalidate", [false, true]),
        ("max-age=1, s-maxage=1", [false, true]),
        ("max-age=1, no-cache", [true, true]),
        ("max-age=1", [false, false]),
    ] {
        let with = [Policy::private(), Policy::shared()].map(|policy| {
            let mut cache = Cache::new(policy);
            let fields = [("cache-control", control), ("etag", "\"a\"")];
            cache.get(&get(&[]), &origin(200, &fields, "first"));
            cache.wait(3);
            let ask = get(&[("cache-control", "max-stale")]);
            cache.get(&ask, &origin(200, &[], "second")).text() == "second"
        });
        assert_eq!(with, fetched, "{control}");
    }
}

#[test]
fn an_immutable_response_is_not_reloaded_while_it_is_fresh() {
    let how = |control, wanted, pause| {
        let mut cache = Cache::private();
        let fields = [("cache-control", control), ("etag", "\"a\"")];
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache.wait(pause);
        cache
            .get(
                &get(&[("cache-control", wanted)]),
                &origin(304, &fields, ""),
            )
            .how
    };
    assert_eq!(how("max-age=100, immutable", "max-age=0", 3), How::Hit);
    assert_eq!(how("max-age=100", "max-age=0", 3), How::Validated);
    assert_eq!(how("max-age=2, immutable", "max-age=0", 3), How::Validated);
    assert_eq!(how("max-age=100, immutable", "no-cache", 3), How::Validated);
    assert_eq!(
        how("max-age=100, immutable", "max-age=1", 3),
        How::Validated
    );
}

#[test]
fn stale_while_revalidate_serves_at_once_and_for_a_while() {
    let how = |control, pause| {
        let mut cache = Cache::private();
        let fields = [("cache-control", control), ("etag", "\"a\"")];
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache.wait(pause);
        cache.get(&get(&[]), &origin(304, &fields, "")).how
    };
    assert_eq!(how("max-age=1, stale-while-revalidate=4", 0), How::Hit);
    assert_eq!(how("max-age=1, stale-while-revalidate=4", 1), How::Stale);
    assert_eq!(how("max-age=1, stale-while-revalidate=4", 4), How::Stale);
    assert_eq!(
        how("max-age=1, stale-while-revalidate=4", 5),
        How::Validated
    );
    assert_eq!(
        how("max-age=1, stale-while-revalidate=4, must-revalidate", 3),
        How::Validated
    );
    assert_eq!(
        how("max-age=1, stale-while-revalidate=4, no-cache", 0),
        How::Validated
    );
}

#[test]
fn failures_are_hidden_by_a_stale_response_unless_it_forbids_that() {
    let rescued = |policy: &Policy, control, wanted: &[(&str, &str)], says: Option<&Origin>| {
        let mut cache = Cache::new(policy.clone());
        let fields = [("cache-control", control)];
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache.wait(10);
        let answer = cache.ask(&get(wanted), says);
        assert!(answer.how != How::Rescued || answer.status == 200);
        answer.how == How::Rescued
    };
    let (private, shared) = (Policy::private(), Policy::shared());
    let quiet = Policy {
        stale_on_error: false,
        ..Policy::private()
    };
    for says in [None, Some(500), Some(502), Some(503), Some(504)] {
        let says = says.map(|status| origin(status, &[], "error"));
        let rescued = |policy, control, wanted: &[(&str, &str)]| {
            rescued(policy, control, wanted, says.as_ref())
        };
        assert!(rescued(&private, "max-age=2", &[]));
        assert!(rescued(
            &private,
            "max-age=2, proxy-revalidate, s-maxage=2",
            &[]
        ));
        assert!(rescued(&private, "max-age=2, stale-if-error=8", &[]));
        assert!(!rescued(&private, "max-age=2, stale-if-error=7", &[]));
        assert!(rescued(&quiet, "max-age=2, stale-if-error=60", &[]));
        assert!(!rescued(&quiet, "max-age=2", &[]));
        assert!(rescued(
            &quiet,
            "max-age=2",
            &[("cache-control", "stale-if-error=8")]
        ));
        assert!(!rescued(
            &quiet,
            "max-age=2",
            &[("cache-control", "stale-if-error=7")]
        ));
        assert!(!rescued(
            &private,
            "max-age=2",
            &[("cache-control", "no-cache")]
        ));
        assert!(!rescued(
            &private,
            "max-age=2",
            &[("cache-control", "max-age=5")]
        ));
        for control in [
            "max-age=2, must-revalidate",
            "max-age=2, no-cache, stale-if-error=60",
        ] {
            assert!(!rescued(&private, control, &[]), "{control}");
        }
        for control in ["max-age=2, proxy-revalidate", "max-age=2, s-maxage=2"] {
            assert!(!rescued(&shared, control, &[]), "{control}");
        }
    }
    for status in [400, 404, 410, 501, 505, 599] {
        let says = origin(status, &[], "error");
        assert!(
            !rescued(&private, "max-age=2", &[], Some(&says)),
            "{status}"
        );
    }
}

#[test]
fn a_failed_reload_is_not_hidden() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    cache.wishes.mode = Mode::Reload;
    assert_eq!(cache.ask(&get(&[]), None).how, How::Failed);
}

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
fn a_shared_cache_does_not_guess_about_cookies() {
    let modified = date(-86_400);
    let fields = [("last-modified", &*modified), ("set-cookie", "a=b")];
    assert_eq!(reused(&fields), PRIVATE);
    let public = [&fields[..], &[("cache-control", "public")]].concat();
    assert_eq!(reused(&public), BOTH);
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
fn an_answer_to_head_is_not_stored_itself() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=60")];
    cache.get(&request("HEAD", &[]), &origin(200, &fields, ""));
    assert_eq!(cache.get(&get(&[]), &origin(200, &[], "x")).text(), "x");
}

#[test]
fn unsafe_methods_invalidate_what_they_change() {
    let uri = |path: &str| -> Uri { format!("http://a.example{path}").parse().unwrap() };
    let at = |path: &str, mut request: Request<()>| {
        *request.uri_mut() = uri(path);
        request
    };
    let fresh = |body| origin(200, &[("cache-control", "max-age=60")], body);
    for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"] {
        for (status, gone) in [
            (200, true),
            (204, true),
            (303, true),
            (404, false),
            (500, false),
        ] {
            let mut cache = Cache::shared();
            for path in ["/", "/x", "/y", "/z"] {
                cache.get(&at(path, get(&[])), &fresh("first"));
            }
            let fields = [
                ("location", "x"),
                ("content-location", "http://a.example/y"),
            ];
            cache.get(&at("/", request(method, &[])), &origin(status, &fields, ""));
            for path in ["/", "/x", "/y"] {
                assert_eq!(
                    cache.count(&uri(path)) == 0,
                    gone,
                    "{method} {status} {path}"
                );
            }
            assert_eq!(cache.count(&uri("/z")), 1);
        }
    }
}

#[test]
fn a_post_may_answer_later_gets() {
    let reused = |status, fields: &[(&str, &str)]| {
        let mut cache = Cache::private();
        cache.get(&request("POST", &[]), &origin(status, fields, "first"));
        cache.get(&get(&[]), &origin(200, &[], "second")).text() == "first"
    };
    let fresh = ("cache-control", "max-age=60");
    assert!(reused(
        200,
        &[fresh, ("content-location", "http://a.example/")]
    ));
    assert!(reused(
        200,
        &[("expires", &date(60)), ("content-location", "")]
    ));
    assert!(!reused(200, &[fresh]));
    assert!(!reused(200, &[fresh, ("content-location", "/other")]));
    assert!(!reused(400, &[fresh, ("content-location", "/")]));
    assert!(!reused(
        200,
        &[("last-modified", &date(-90_000)), ("content-location", "/")]
    ));
    assert!(!reused(
        206,
        &[
            fresh,
            ("content-location", "/"),
            ("content-range", "bytes 0-4/9")
        ]
    ));
    let mut cache = Cache::private();
    cache.get(
        &request("PUT", &[]),
        &origin(200, &[fresh, ("content-location", "/")], "first"),
    );
    assert_eq!(cache.count(&Uri::from_static("http://a.example/")), 0);
}

#[test]
fn a_post_is_never_answered_from_the_store() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    for method in ["POST", "OPTIONS", "DELETE"] {
        let answer = cache.get(&request(method, &[]), &origin(200, &[], "second"));
        assert_eq!(answer.how, How::Fetched(Reason::Method), "{method}");
    }
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
fn ranges_come_out_of_whole_responses() {
    let stored = [
        ("cache-control", "max-age=60"),
        ("etag", "\"a\""),
        ("a", "1"),
    ];
    let ask = |fields: &[(&str, &str)]| {
        let mut cache = Cache::private();
        cache.get(&get(&[]), &origin(200, &stored, "0123456789"));
        let answer = cache.get(&get(fields), &origin(200, &[], "x"));
        assert_eq!(answer.how, How::Hit, "{fields:?}");
        assert_eq!(answer.field("a"), Some("1"));
        answer
    };
    for (range, body, content_range) in [
        ("bytes=0-1", "01", "bytes 0-1/10"),
        ("bytes=1-", "123456789", "bytes 1-9/10"),
        ("bytes=-1", "9", "bytes 9-9/10"),
        ("Bytes=8-99", "89", "bytes 8-9/10"),
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
        ("bytes=0-99999999999999999999", "0123456789", "bytes 0-9/10"),
    ] {
        let answer = ask(&[("range", range)]);
        assert_eq!((answer.status, answer.text()), (206, body), "{range}");
        assert_eq!(answer.field("content-range"), Some(content_range));
        assert_eq!(
            answer.field("content-length"),
            Some(&*body.len().to_string())
        );
    }
    for range in [
        "bytes=10-",
        "bytes=10-11",
        "bytes=-0",
        "bytes=99999999999999999999-",
    ] {
        let answer = ask(&[("range", range)]);
        assert_eq!((answer.status, answer.text()), (416, ""), "{range}");
        assert_eq!(answer.field("content-range"), Some("bytes */10"));
        assert_eq!(answer.field("content-length"), Some("0"));
    }
    for range in [
        "bytes=1-0",
        "bytes=0-1,3-4",
        "items=0-1",
        "bytes=x-1",
        "bytes=-",
        "bytes",
        "",
    ] {
        let answer = ask(&[("range", range)]);
        assert_eq!(
            (answer.status, answer.text()),
            (200, "0123456789"),
            "{range}"
        );
    }
    let if_range = |value: &str| ask(&[("range", "bytes=0-1"), ("if-range", value)]).status;
    assert_eq!(if_range("\"a\""), 206);
    assert_eq!(if_range("\"b\""), 200);
    assert_eq!(if_range("W/\"a\""), 200);
    assert_eq!(if_range(&date(0)), 200);
    let both = [("range", "bytes=0-1"), ("if-none-match", "\"a\"")];
    assert_eq!(ask(&both).status, 304);
}

#[test]
fn ranges_of_errors_and_of_heads_are_not_cut() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(404, &[("cache-control", "max-age=60")], "0123"),
    );
    let range = [("range", "bytes=0-1")];
    let answer = cache.get(&get(&range), &origin(200, &[], ""));
    assert_eq!(
        (answer.how, answer.status, answer.text()),
        (How::Hit, 404, "0123")
    );
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "0123"),
    );
    assert_eq!(
        cache
            .get(&request("HEAD", &range), &origin(200, &[], ""))
            .status,
        200
    );
}

fn part(first: usize, last: usize, total: &str, tag: &str) -> Origin {
    let range = format!("bytes {first}-{last}/{total}");
    let fields = [
        ("cache-control", "max-age=60"),
        ("etag", tag),
        ("content-range", &range),
    ];
    origin(206, &fields, &"0123456789"[first..=last])
}

fn range(range: &str) -> Request<()> {
    get(&[("range", range)])
}

#[test]
fn parts_are_stored_and_serve_what_they_hold() {
    let mut cache = Cache::private();
    let answer = cache.get(&range("bytes=4-8"), &part(4, 8, "10", "\"a\""));
    assert_eq!((answer.status, answer.text()), (206, "45678"));
    for (wanted, body, content_range) in [
        ("bytes=4-8", "45678", "bytes 4-8/10"),
        ("bytes=6-7", "67", "bytes 6-7/10"),
        ("bytes=4-4", "4", "bytes 4-4/10"),
    ] {
        let answer = cache.get(&range(wanted), &origin(200, &[], ""));
        assert_eq!(
            (answer.how, answer.status, answer.text()),
            (How::Hit, 206, body)
        );
        assert_eq!(answer.field("content-range"), Some(content_range));
    }
    for wanted in [
        "bytes=3-5",
        "bytes=8-9",
        "bytes=-1",
        "bytes=4-",
        "bytes=0-1",
    ] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=4-8"), &part(4, 8, "10", "\"a\""));
        let answer = cache.get(&range(wanted), &origin(503, &[], ""));
        assert_eq!(answer.how, How::Fetched(Reason::Partial), "{wanted}");
    }
    let answer = cache.get(&range("bytes=10-"), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.status), (How::Hit, 416));
    let answer = cache.get(&request("HEAD", &[]), &origin(200, &[], ""));
    assert_eq!(
        (answer.status, answer.field("content-length")),
        (200, Some("10"))
    );
    assert_eq!(answer.field("content-range"), None);
    let answer = cache.get(&get(&[]), &origin(200, &[], "whole"));
    assert_eq!(answer.how, How::Fetched(Reason::Partial));
}

#[test]
fn the_last_bytes_are_served_from_a_part_at_the_end() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=-5"), &part(5, 9, "10", "\"a\""));
    for (wanted, body) in [
        ("bytes=-5", "56789"),
        ("bytes=-1", "9"),
        ("bytes=6-", "6789"),
    ] {
        let answer = cache.get(&range(wanted), &origin(200, &[], ""));
        assert_eq!((answer.how, answer.text()), (How::Hit, body), "{wanted}");
    }
}

#[test]
fn of_an_unknown_total_only_what_is_certain_is_served() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=4-9"), &part(4, 9, "*", "\"a\""));
    let answer = cache.get(&range("bytes=5-6"), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "56"));
    assert_eq!(answer.field("content-range"), Some("bytes 5-6/*"));
    for wanted in ["bytes=-1", "bytes=5-", "bytes=5-99"] {
        let answer = cache.get(&range(wanted), &origin(503, &[], ""));
        assert_eq!(answer.how, How::Fetched(Reason::Partial), "{wanted}");
    }
}

#[test]
fn parts_that_contradict_themselves_are_not_stored() {
    for (content_range, length) in [
        ("bytes 4-9/10", "5"),
        ("bytes 4-9/9", "6"),
        ("bytes 9-4/10", "6"),
        ("bytes 4-9", "6"),
        ("bytes */10", "6"),
        ("items 4-9/10", "6"),
        ("bytes x-9/10", "6"),
        ("bytes 4-9/x", "6"),
        ("", "6"),
        ("bytes 4-18446744073709551615/*", "6"),
    ] {
        let fields = [
            ("cache-control", "max-age=60"),
            ("content-range", content_range),
            ("content-length", length),
        ];
        let mut cache = Cache::private();
        cache.get(&range("bytes=4-9"), &origin(206, &fields, "456789"));
        let uri = Uri::from_static("http://a.example/");
        assert_eq!(cache.count(&uri), 0, "{content_range}");
    }
    let mut cache = Cache::private();
    cache.get(&get(&[]), &part(0, 4, "10", "\"a\""));
    assert_eq!(cache.count(&Uri::from_static("http://a.example/")), 0);
}

#[test]
fn a_part_is_completed_from_its_end() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
    let answer = cache.get(&get(&[]), &part(5, 9, "10", "\"a\""));
    assert_eq!(cache.seen[1]["range"], "bytes=5-");
    assert_eq!(cache.seen[1]["if-range"], "\"a\"");
    assert_eq!((answer.status, answer.text()), (200, "0123456789"));
    assert_eq!(answer.field("content-length"), Some("10"));
    assert_eq!(answer.field("content-range"), None);
    let answer = cache.get(&get(&[]), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "0123456789"));
}

#[test]
fn a_part_that_changed_meanwhile_is_replaced() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
    let whole = origin(
        200,
        &[("cache-control", "max-age=60"), ("etag", "\"b\"")],
        "other",
    );
    assert_eq!(cache.get(&get(&[]), &whole).text(), "other");
    assert_eq!(cache.only().extent, super::Extent::whole(5));
}

#[test]
fn a_part_that_does_not_fit_makes_the_request_go_again() {
    for (first, last, total, tag) in [
        (5, 9, "10", "\"b\""),
        (5, 9, "11", "\"a\""),
        (6, 9, "10", "\"a\""),
        (0, 4, "10", "\"a\""),
    ] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
        cache.get(&get(&[]), &part(first, last, total, tag));
        assert_eq!(cache.seen.len(), 3);
        assert!(!cache.seen[2].contains_key("range"));
    }
}

#[test]
fn parts_that_touch_or_overlap_are_joined() {
    for (first, wanted) in [(5, "bytes=5-9"), (3, "bytes=3-9")] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=0-4"), &part(0, 4, "*", "\"a\""));
        let answer = cache.get(&range(wanted), &part(first, 9, "10", "\"a\""));
        assert_eq!(
            (answer.how, answer.status),
            (How::Fetched(Reason::Partial), 206)
        );
        let answer = cache.get(&get(&[]), &origin(200, &[], ""));
        assert_eq!((answer.how, answer.text()), (How::Hit, "0123456789"));
    }
}

#[test]
fn parts_with_a_hole_or_of_other_bytes_replace_each_other() {
    for (first, tag) in [(6, "\"a\""), (5, "\"b\""), (5, "W/\"a\"")] {
        let mut cache = Cache::private();
        let own = if tag.starts_with('W') { tag } else { "\"a\"" };
        cache.get(&range("bytes=0-4"), &part(0, 4, "10", own));
        cache.get(&range("bytes=5-9"), &part(first, 9, "10", tag));
        assert_eq!(cache.only().extent.first, u64::try_from(first).unwrap());
    }
}

#[test]
fn a_part_of_the_stored_whole_updates_its_fields() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "0123456789"));
    cache.wait(3);
    let answer = cache.get(&range("bytes=0-1"), &part(0, 1, "10", "\"a\""));
    assert_eq!(answer.how, How::Fetched(Reason::Stale));
    let answer = cache.get(&get(&[]), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "0123456789"));
}

#[test]
fn a_part_without_a_strong_tag_is_not_completed() {
    for tag in ["W/\"a\"", "a"] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=0-4"), &part(0, 4, "10", tag));
        cache.get(&get(&[]), &origin(200, &[], "whole"));
        assert!(!cache.seen[1].contains_key("range"), "{tag}");
    }
}

#[test]
fn wishes_overrule_what_a_response_says() {
    let mut cache = Cache::private();
    cache.wishes.fresh_for = Some(secs(30));
    for fields in [
        &[][..],
        &[("cache-control", "max-age=0, must-revalidate")],
        &[("cache-control", "no-cache")],
        &[("age", "9999")],
        &[("cache-control", "private")],
    ] {
        let mut cache = Cache::private();
        cache.wishes.fresh_for = Some(secs(30));
        let answer = twice(&mut cache, &origin(200, fields, "first"), 29);
        assert_eq!(answer.how, How::Hit, "{fields:?}");
        cache.wait(1);
        assert_eq!(
            cache.get(&get(&[]), &origin(200, &[], "second")).text(),
            "second"
        );
    }
    let answer = twice(
        &mut cache,
        &origin(200, &[("cache-control", "no-store")], "first"),
        0,
    );
    assert_eq!(answer.text(), "second");
    let mut cache = Cache::shared();
    cache.wishes.fresh_for = Some(secs(30));
    let answer = twice(
        &mut cache,
        &origin(200, &[("cache-control", "private")], "first"),
        0,
    );
    assert_eq!(answer.text(), "second");
}

#[test]
fn a_wish_is_for_the_request_that_has_it() {
    let mut cache = Cache::private();
    cache.wishes.fresh_for = Some(secs(30));
    cache.get(&get(&[]), &origin(200, &[], "first"));
    cache.wishes.fresh_for = None;
    assert_eq!(
        cache.get(&get(&[]), &origin(503, &[], "")).how,
        How::Rescued
    );
    cache.wishes.fresh_for = Some(secs(5));
    assert_eq!(cache.get(&get(&[]), &origin(200, &[], "")).how, How::Hit);
    cache.wait(5);
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "second")).text(),
        "second"
    );
}

#[test]
fn errors_have_a_wish_of_their_own() {
    let how = |fresh_for, negative_for, status| {
        let mut cache = Cache::private();
        cache.wishes.fresh_for = fresh_for;
        cache.wishes.negative_for = negative_for;
        twice(&mut cache, &origin(status, &[], "first"), 1).text() == "first"
    };
    for status in [200, 302] {
        assert!(how(Some(secs(30)), None, status));
        assert!(!how(None, Some(secs(30)), status));
    }
    for status in [400, 404, 500] {
        assert!(!how(Some(secs(30)), None, status));
        assert!(how(None, Some(secs(30)), status));
    }
}

#[test]
fn a_wish_does_not_overrule_the_request() {
    let mut cache = Cache::private();
    cache.wishes.fresh_for = Some(secs(30));
    cache.get(&get(&[]), &origin(200, &[], "first"));
    let answer = cache.get(
        &get(&[("cache-control", "no-cache")]),
        &origin(200, &[], "second"),
    );
    assert_eq!(answer.text(), "second");
}

#[test]
fn modes_are_those_of_fetch() {
    let how = |mode, pause| {
        let mut cache = Cache::private();
        let fields = [
            ("cache-control", "max-age=10, must-revalidate"),
            ("etag", "\"a\""),
        ];
        cache.get(&get(&[]), &origin(200, &fields, "first"));
        cache.wait(pause);
        cache.wishes.mode = mode;
        let answer = cache.get(&get(&[]), &origin(200, &fields, "second")).how;
        cache.wishes.mode = Mode::ForceCache;
        let stored = cache
            .get(&get(&[]), &origin(200, &[], ""))
            .text()
            .to_owned();
        let conditional = cache
            .seen
            .get(1)
            .map(|seen| seen.contains_key("if-none-match"));
        (answer, stored, conditional)
    };
    let fetched = |reason| How::Fetched(reason);
    let table = [
        (Mode::Default, 0, How::Hit, "first", None),
        (
            Mode::Default,
            11,
            fetched(Reason::Stale),
            "second",
            Some(true),
        ),
        (
            Mode::NoStore,
            0,
            fetched(Reason::Bypass),
            "first",
            Some(false),
        ),
        (
            Mode::Reload,
            0,
            fetched(Reason::Request),
            "second",
            Some(false),
        ),
        (
            Mode::NoCache,
            0,
            fetched(Reason::Request),
            "second",
            Some(true),
        ),
        (Mode::ForceCache, 11, How::Hit, "first", None),
        (Mode::OnlyIfCached, 11, How::Hit, "first", None),
    ];
    for (mode, pause, answer, stored, conditional) in table {
        assert_eq!(
            how(mode, pause),
            (answer, stored.to_owned(), conditional),
            "{mode:?}"
        );
    }
    let mut cache = Cache::private();
    cache.wishes.mode = Mode::OnlyIfCached;
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "")).how,
        How::Refused
    );
    cache.wishes.mode = Mode::ForceCache;
    assert_eq!(
        cache.get(&get(&[]), &origin(200, &[], "")).how,
        How::Fetched(Reason::UriMiss)
    );
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
