//! What the comparison with the model, in `lives`, cannot show.

use std::time::Duration;

use buttress_kernel::Outcome;

use super::*;
use crate::policy::Reason;
use crate::settings::Settings;

fn rules(settings: &Settings) -> Rules {
    settings.rules(crate::admission::now()).unwrap()
}

fn at(rules: &Rules, millis: u64) -> Moment {
    Moment {
        now: rules.origin + Duration::from_millis(millis),
        draw: 0,
    }
}

fn end(outcome: Outcome) -> End {
    End {
        outcome,
        answered: true,
        slow: false,
        delay: None,
    }
}

/// Opened by one failure at the origin, for exactly 10 s.
fn opened() -> (Machine, Rules) {
    let rules = rules(&Settings {
        consecutive: Some(1),
        jitter: false,
        ..Settings::default()
    });
    let (mut machine, mut turns) = (Machine::new(0), Vec::new());
    let Answer::Granted(permit) = machine.admit(at(&rules, 0), &rules, &mut turns) else {
        panic!("a closed circuit refused")
    };
    machine.record(
        permit,
        end(Outcome::ServerFailure),
        at(&rules, 0),
        &rules,
        &mut turns,
    );
    let until = rules.origin + Duration::from_secs(10);
    let reason = Reason::Consecutive;
    assert_eq!(turns, [Turn::Opened { until, reason }]);
    (machine, rules)
}

#[test]
fn at_rest_it_is_small() {
    assert_eq!(size_of::<Machine>(), 32);
}

#[test]
fn the_open_time_is_drawn_from_its_upper_half_to_the_nanosecond() {
    let rules = rules(&Settings::default());
    let ends = |level| [0, u64::MAX].map(|draw| rules.open_time(level, draw).as_millis());
    assert_eq!(ends(0), [5_000, 10_000]);
    assert_eq!(ends(3), [40_000, 80_000]);
    for level in [5, 31, 32, u32::MAX] {
        assert_eq!(ends(level), [150_000, 300_000]);
    }
    let middle = rules.open_time(0, u64::MAX / 2);
    assert_eq!(middle.as_millis(), 7_500);
}

#[test]
fn an_open_circuit_is_forgotten_some_time_after_it_could_have_been_tried() {
    let (machine, rules) = opened();
    let idle = |millis| machine.is_idle(at(&rules, millis).now, &rules);
    assert!(!idle(610_000 - 1), "10 s open, and 10 min");
    assert!(idle(610_000));
}

#[test]
fn a_closed_circuit_is_forgotten_when_nothing_has_happened_for_long() {
    let rules = rules(&Settings::default());
    let mut machine = Machine::new(0);
    let idle = |machine: &Machine, millis| machine.is_idle(at(&rules, millis).now, &rules);
    assert!(!idle(&machine, 603_000 - 1), "10 min after the first tick");
    assert!(idle(&machine, 603_000));
    let mut turns = Vec::new();
    machine.admit(at(&rules, 500_000), &rules, &mut turns);
    assert!(!idle(&machine, 1_100_000));
    machine.phase(at(&rules, 1_100_000), &rules, &mut turns);
    assert!(idle(&machine, 1_101_000), "to look at it is not to use it");
}

#[test]
fn what_was_set_by_hand_is_never_forgotten() {
    let (mut machine, rules) = opened();
    for forced in [Forced::Open, Forced::Closed] {
        machine.force(forced);
        assert!(!machine.is_idle(at(&rules, u64::MAX / 4_000_000).now, &rules));
    }
}

#[test]
fn a_window_that_is_empty_is_given_back() {
    let rules = rules(&Settings::default());
    let (mut machine, mut turns) = (Machine::new(0), Vec::new());
    let Answer::Granted(permit) = machine.admit(at(&rules, 0), &rules, &mut turns) else {
        panic!("a closed circuit refused")
    };
    machine.record(
        permit,
        end(Outcome::Success),
        at(&rules, 0),
        &rules,
        &mut turns,
    );
    machine.rest(at(&rules, 29_999).now, &rules);
    assert!(machine.has_window());
    machine.rest(at(&rules, 30_000).now, &rules);
    assert!(!machine.has_window());
    assert_eq!(machine.tick, 0, "to give back is not to use");
}

#[test]
fn an_epoch_begins_with_every_change() {
    let (mut machine, rules) = opened();
    let mut seen = vec![machine.epoch()];
    let mut turns = Vec::new();
    machine.admit(at(&rules, 10_000), &rules, &mut turns);
    seen.push(machine.epoch());
    machine.force(Forced::Closed);
    seen.push(machine.epoch());
    machine.automatic();
    seen.push(machine.epoch());
    machine.automatic();
    assert_eq!(Some(&machine.epoch()), seen.last(), "it was automatic");
    machine.reset();
    seen.push(machine.epoch());
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

#[test]
fn a_far_end_is_not_beyond_the_clock() {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let rules = rules(&Settings {
        consecutive: Some(1),
        open_for: year,
        max_open: None,
        jitter: false,
        ..Settings::default()
    });
    let (mut machine, mut turns) = (Machine::new(0), Vec::new());
    let permit = Permit { epoch: 0, probe: 0 };
    machine.record(
        permit,
        end(Outcome::ServerFailure),
        at(&rules, 0),
        &rules,
        &mut turns,
    );
    assert_eq!(
        machine.phase(at(&rules, 0), &rules, &mut turns),
        Phase::Open(rules.origin + year)
    );
}

#[test]
fn without_a_rate_there_is_no_window() {
    let rules = rules(&Settings {
        failure_rate: None,
        ..Settings::default()
    });
    let (mut machine, mut turns) = (Machine::new(0), Vec::new());
    let permit = Permit { epoch: 0, probe: 0 };
    machine.successes(3, &rules);
    for outcome in [Outcome::Success, Outcome::ServerFailure, Outcome::Throttled] {
        machine.record(permit, end(outcome), at(&rules, 0), &rules, &mut turns);
    }
    assert!(!machine.has_window());
}

#[test]
fn calls_pass_without_a_question_while_it_is_closed_or_held_closed() {
    let (mut machine, rules) = opened();
    assert!(!machine.admits());
    machine.admit(at(&rules, 10_000), &rules, &mut Vec::new());
    assert!(!machine.admits(), "half-open");
    machine.force(Forced::Closed);
    assert!(machine.admits());
    machine.force(Forced::Open);
    assert!(!machine.admits());
    machine.reset();
    assert!(machine.admits());
}

#[test]
fn successes_need_not_be_told_while_no_failure_alone_is_in_the_window() {
    let rules = rules(&Settings {
        min_calls: 2,
        jitter: false,
        ..Settings::default()
    });
    let (mut machine, mut turns) = (Machine::new(0), Vec::new());
    let permit = Permit { epoch: 0, probe: 0 };
    assert!(machine.is_calm(&rules));
    let failure = end(Outcome::ServerFailure);
    machine.record(permit, failure, at(&rules, 0), &rules, &mut turns);
    assert!(!machine.is_calm(&rules), "with a success it is one of two");
    machine.successes(2, &rules);
    assert!(machine.is_calm(&rules), "one of three");
    machine.force(Forced::Closed);
    assert!(!machine.is_calm(&rules), "held closed, it counts nothing");
}
