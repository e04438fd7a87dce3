//! What a request, or its caller, can ask for.

use super::twice;
use crate::policy::model::{Cache, How, get, origin, secs};
use crate::policy::{Mode, Policy, Reason};

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
fn who_wants_nothing_forwarded_is_refused_even_if_he_wants_nothing_kept() {
    let mut cache = Cache::private();
    let ask = get(&[("cache-control", "no-store, only-if-cached")]);
    assert_eq!(cache.get(&ask, &origin(200, &[], "x")).how, How::Refused);
    assert!(cache.seen.is_empty());
}
