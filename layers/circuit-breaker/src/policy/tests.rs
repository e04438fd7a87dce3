use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::rules::Slow;
use crate::settings::Settings;

fn rules(consecutive: Option<u32>, failures: Option<u32>, slow: Option<u32>, min: u32) -> Rules {
    let after = Duration::from_secs(1);
    let settings = Settings {
        consecutive,
        failure_rate: failures,
        slow: slow.map(|rate| Slow { after, rate }),
        min_calls: min,
        ..Settings::default()
    };
    settings.rules(crate::admission::now()).unwrap()
}

fn counts(calls: u64, failed: u64, slow: u64) -> Counts {
    Counts {
        calls,
        failed,
        slow,
    }
}

#[test]
fn each_limit_opens_when_it_is_reached() {
    let all = rules(Some(5), Some(50), Some(80), 10);
    let trips = |run, counts| super::trips(&all, run, counts);
    assert_eq!(trips(4, counts(10, 4, 7)), None);
    assert_eq!(trips(5, counts(10, 4, 7)), Some(Reason::Consecutive));
    assert_eq!(trips(4, counts(10, 5, 7)), Some(Reason::FailureRate));
    assert_eq!(trips(4, counts(10, 4, 8)), Some(Reason::SlowRate));
    assert_eq!(trips(4, counts(9, 9, 9)), None, "too few calls");
    assert_eq!(trips(6, counts(0, 0, 0)), Some(Reason::Consecutive));
}

#[test]
fn each_limit_can_be_off() {
    let everything = counts(100, 100, 100);
    let trips = |rules: Rules| super::trips(&rules, 100, everything);
    assert_eq!(
        trips(rules(None, Some(100), None, 1)),
        Some(Reason::FailureRate)
    );
    assert_eq!(
        trips(rules(None, None, Some(100), 1)),
        Some(Reason::SlowRate)
    );
    assert_eq!(trips(rules(Some(101), None, None, 1)), None);
}

#[test]
fn a_share_is_exact_however_many_calls_there_are() {
    let thirds = rules(None, Some(33), None, 1);
    let many = 10_u64.pow(15);
    let trips = |failed| super::trips(&thirds, 0, counts(100 * many, failed, 0)).is_some();
    assert!(trips(33 * many));
    assert!(!trips(33 * many - 1));
}

proptest! {
    /// The obvious way to know: add successes, one by one, and look.
    #[test]
    fn calm_is_when_no_number_of_successes_opens_it(
        failures in proptest::option::of(1_u32..=100),
        slow in proptest::option::of(1_u32..=100),
        min in 1_u32..40,
        (calls, failed, slow_calls) in (0_u64..40).prop_flat_map(|calls| (Just(calls), 0..=calls, 0..=calls)),
    ) {
        let rules = rules(Some(1_000), failures, slow, min);
        let start = counts(calls, failed, slow_calls);
        prop_assume!(trips(&rules, 0, start).is_none());
        let with = |more| counts(calls + more, failed, slow_calls);
        let never = (0..200).all(|more| trips(&rules, 0, with(more)).is_none());
        prop_assert_eq!(is_calm(&rules, start), never);
    }
}
