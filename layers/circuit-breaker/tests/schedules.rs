//! The shared circuit under ten thousand random schedules of its threads, each.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the circuit's sources, without the layer around them"
)]

#[path = "../src"]
mod sources {
    pub(crate) mod circuit;
    pub(crate) mod common;
    pub(crate) mod gauge;
    pub(crate) mod policy;
    pub(crate) mod rules;
    pub(crate) mod settings;
    pub(crate) mod sight;
    pub(crate) mod state;
    pub(crate) mod tally;
    pub(crate) mod window;
}

use sources::{circuit, common, gauge, policy, rules, settings, sight, state, tally, window};

mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};

    /// Threads of a schedule share one thread of the machine.
    pub(crate) fn place() -> usize {
        shuttle::current::me().into()
    }
}

mod admission {
    pub(crate) fn now() -> std::time::Instant {
        tokio::time::Instant::now().into_std()
    }
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::{Key, Outcome, SystemWallClock};
use circuit::Circuit;
use common::Common;
use rules::{Rules, Span};
use shuttle::thread;
use sight::Sight;
use state::{Answer, End, Forced, Permit, Phase};

const SCHEDULES: usize = 10_000;

fn circuit(change: impl FnOnce(&mut Rules)) -> (Arc<Circuit>, Instant) {
    let origin = admission::now();
    let seconds = Duration::from_secs;
    let mut rules = Rules {
        origin,
        window: None,
        window_explicit: false,
        span: Span::Time {
            bucket: seconds(1),
            buckets: 4,
        },
        failure_rate: Some(50),
        slow: None,
        min_calls: 1_000,
        consecutive: Some(2),
        open_for: seconds(10),
        max_open: seconds(10),
        jitter: false,
        max_server_delay: seconds(0),
        probes: 1,
        close_after: 1,
        probe_timeout: seconds(60),
        idle_after: seconds(600),
    };
    change(&mut rules);
    let common = Common::new(rules, 0, Arc::new(SystemWallClock));
    let circuit = Circuit::new(Key::from("a"), Arc::new(common), origin);
    (Arc::new(circuit), origin)
}

/// What a call knows: its permit, and what was to be seen when it was let through.
type Pass = (Permit, Option<Sight>);

fn ask(circuit: &Circuit, now: Instant) -> Option<Pass> {
    if let Some(sight) = circuit.look() {
        return Some((sight.glance.permit(), Some(sight)));
    }
    if let Some(permit) = circuit.pass() {
        return Some((permit, None));
    }
    match circuit.admit(now).0 {
        Answer::Granted(permit) => Some((permit, None)),
        Answer::Refused(_) => None,
    }
}

fn end(circuit: &Circuit, (permit, sight): Pass, outcome: Outcome, now: Instant) {
    let noted = || match sight {
        Some(sight) => circuit.succeed_in_sight(sight, now),
        None => circuit.succeed(permit, now),
    };
    if outcome == Outcome::Success && noted() {
        return;
    }
    let end = End {
        outcome,
        answered: true,
        slow: false,
        delay: None,
    };
    circuit.record(permit, end, now);
}

fn fail(circuit: &Circuit, pass: Pass, now: Instant) {
    end(circuit, pass, Outcome::ServerFailure, now);
}

fn succeed(circuit: &Circuit, pass: Pass, now: Instant) {
    end(circuit, pass, Outcome::Success, now);
}

fn is_open(circuit: &Circuit, now: Instant) -> bool {
    matches!(circuit.phase(now).0, Phase::Open(_))
}

/// Runs all at once, and waits for each.
fn together(threads: Vec<Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = threads.into_iter().map(thread::spawn).collect();
    for thread in threads {
        thread.join().expect("a thread panicked");
    }
}

#[test]
fn no_success_is_lost_or_counted_twice() {
    shuttle::check_random(
        || {
            // Four successes: the fourth failure opens it, and with one success more or less it would
            // be the fifth or the third.
            let (circuit, start) = circuit(|rules| {
                rules.consecutive = None;
                rules.min_calls = 6;
            });
            let later = start + Duration::from_secs(1);
            let calls = |times: [Instant; 2]| -> Box<dyn FnOnce() + Send> {
                let circuit = Arc::clone(&circuit);
                Box::new(move || {
                    for now in times {
                        let permit = ask(&circuit, now).unwrap();
                        succeed(&circuit, permit, now);
                    }
                })
            };
            together(vec![calls([start, later]), calls([later, start])]);
            for failures in 0..4 {
                let permit = ask(&circuit, later).unwrap();
                assert!(!is_open(&circuit, later), "{failures} failures");
                fail(&circuit, permit, later);
            }
            assert!(is_open(&circuit, later), "4 of 8");
        },
        SCHEDULES,
    );
}

#[test]
fn a_success_between_two_failures_ends_the_row_whoever_saw_it() {
    shuttle::check_random(
        || {
            let (circuit, now) = circuit(|_| {});
            fail(&circuit, ask(&circuit, now).unwrap(), now);
            let well = ask(&circuit, now).unwrap();
            let succeeds = {
                let circuit = Arc::clone(&circuit);
                thread::spawn(move || succeed(&circuit, well, now))
            };
            let looks = {
                let circuit = Arc::clone(&circuit);
                thread::spawn(move || assert!(!is_open(&circuit, now)))
            };
            succeeds.join().unwrap();
            fail(&circuit, ask(&circuit, now).unwrap(), now);
            looks.join().unwrap();
            assert!(!is_open(&circuit, now), "there was a success in between");
            fail(&circuit, ask(&circuit, now).unwrap(), now);
            assert!(is_open(&circuit, now));
        },
        SCHEDULES,
    );
}

#[test]
fn w43_a_late_success_never_counts_in_the_next_epoch() {
    shuttle::check_random(
        || {
            let (circuit, now) = circuit(|_| {});
            let late = ask(&circuit, now).unwrap();
            let trips = {
                let circuit = Arc::clone(&circuit);
                thread::spawn(move || {
                    circuit.force(Forced::Open, now);
                    circuit.automatic(now);
                    // The first of two failures in a row, in a new epoch.
                    fail(&circuit, ask(&circuit, now).unwrap(), now);
                })
            };
            let succeeds = {
                let circuit = Arc::clone(&circuit);
                thread::spawn(move || succeed(&circuit, late, now))
            };
            trips.join().unwrap();
            succeeds.join().unwrap();
            fail(&circuit, ask(&circuit, now).unwrap(), now);
            assert!(is_open(&circuit, now), "the late success has ended the row");
        },
        SCHEDULES,
    );
}

#[test]
fn one_probe_goes_at_a_time_and_a_cancelled_one_frees_one_place() {
    shuttle::check_random(
        || {
            let (circuit, start) = circuit(|_| {});
            for _ in 0..2 {
                fail(&circuit, ask(&circuit, start).unwrap(), start);
            }
            let now = start + Duration::from_secs(10);
            let at_once = Arc::new(shuttle::sync::atomic::AtomicU64::new(0));
            let prober = || -> Box<dyn FnOnce() + Send> {
                let (circuit, at_once) = (Arc::clone(&circuit), Arc::clone(&at_once));
                Box::new(move || {
                    let order = shuttle::sync::atomic::Ordering::SeqCst;
                    if let Some((permit, _)) = ask(&circuit, now) {
                        assert_eq!(at_once.fetch_add(1, order), 0, "two probes at once");
                        at_once.fetch_sub(1, order);
                        circuit.release(permit, now);
                    }
                })
            };
            together(vec![prober(), prober(), prober()]);
            assert_eq!(circuit.phase(now).0, Phase::HalfOpen);
            let last = ask(&circuit, now).expect("every place is free again");
            assert!(ask(&circuit, now).is_none());
            succeed(&circuit, last, now);
            assert_eq!(circuit.phase(now).0, Phase::Closed);
        },
        SCHEDULES,
    );
}

#[test]
fn of_a_failing_and_a_succeeding_probe_the_failure_decides_unless_it_came_too_late() {
    shuttle::check_random(
        || {
            let (circuit, start) = circuit(|rules| {
                rules.probes = 2;
                rules.close_after = 2;
            });
            for _ in 0..2 {
                fail(&circuit, ask(&circuit, start).unwrap(), start);
            }
            let now = start + Duration::from_secs(10);
            let probes = [ask(&circuit, now).unwrap(), ask(&circuit, now).unwrap()];
            let ends = |permit, outcome| -> Box<dyn FnOnce() + Send> {
                let circuit = Arc::clone(&circuit);
                Box::new(move || end(&circuit, permit, outcome, now))
            };
            together(vec![
                ends(probes[0], Outcome::Success),
                ends(probes[1], Outcome::ServerFailure),
            ]);
            assert!(is_open(&circuit, now));
        },
        SCHEDULES,
    );
}

#[test]
fn threads_that_meet_at_a_tick_agree_about_it() {
    shuttle::check_random(
        || {
            let (circuit, start) = circuit(|rules| {
                rules.consecutive = None;
                rules.min_calls = 4;
            });
            let times = [
                start,
                start + Duration::from_secs(3),
                start + Duration::from_secs(4),
            ];
            let calls = |now, fails| -> Box<dyn FnOnce() + Send> {
                let circuit = Arc::clone(&circuit);
                Box::new(move || {
                    let permit = ask(&circuit, now).unwrap();
                    if fails {
                        fail(&circuit, permit, now);
                    } else {
                        succeed(&circuit, permit, now);
                    }
                })
            };
            together(vec![
                calls(times[0], false),
                calls(times[1], true),
                calls(times[2], false),
            ]);
            // Three in four seconds, or two, since the first one's tick is over by then.
            let permit = ask(&circuit, times[2]).unwrap();
            assert!(!is_open(&circuit, times[2]), "too few calls");
            succeed(&circuit, permit, times[2]);
            assert!(!is_open(&circuit, times[2]), "1 of 3, or of 4");
        },
        SCHEDULES,
    );
}
