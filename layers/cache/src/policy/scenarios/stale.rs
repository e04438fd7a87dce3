//! When stale responses are used.

use crate::policy::model::{Cache, How, Origin, get, origin};
use crate::policy::{Mode, Policy};

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
fn who_wants_validation_gets_no_stale_response() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    cache.wishes.mode = Mode::NoCache;
    assert_eq!(cache.ask(&get(&[]), None).how, How::Failed);
}

#[test]
fn a_callers_limits_hold_for_what_the_response_allows_to_be_stale() {
    let how = |wanted: &str, says: Option<&Origin>| {
        let mut cache = Cache::private();
        let control = "max-age=1, stale-while-revalidate=60, stale-if-error=60";
        cache.get(
            &get(&[]),
            &origin(200, &[("cache-control", control)], "first"),
        );
        cache.wait(3);
        cache.ask(&get(&[("cache-control", wanted)]), says).how
    };
    let fetched = How::Fetched(crate::policy::Reason::Stale);
    let says = origin(200, &[], "second");
    for wanted in ["max-age=10", "max-stale=1", "max-age=10, max-stale=1"] {
        assert_eq!(how(wanted, Some(&says)), fetched, "{wanted}");
        assert_eq!(how(wanted, None), How::Failed, "{wanted}");
    }
    for wanted in ["max-age=10, max-stale=2", "max-stale"] {
        assert_eq!(how(wanted, Some(&says)), How::Hit, "{wanted}");
    }
    assert_eq!(how("x", Some(&says)), How::Stale);
}
