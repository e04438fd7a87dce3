//! The gate's shared state under ten thousand random schedules of its threads, each.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the gate's sources, without the layer around them"
)]

#[path = "../src"]
mod sources {
    pub(crate) mod gate;
    pub(crate) mod line;
    pub(crate) mod queue;
    pub(crate) mod rules;
    pub(crate) mod source;
    pub(crate) mod state;
    pub(crate) mod table;
    pub(crate) mod window;
}

use sources::{gate, line, queue, rules, source, state, table, window};

mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};
}

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use gate::Gate;
use rules::{Ask, Patience, Rules, Spread};
use shuttle::thread;
use source::Source;
use state::{Answer, Lesson};

const SCHEDULES: usize = 10_000;
const KEY: &str = "a";

fn origin() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn rules() -> Rules {
    Rules {
        pace: false,
        spread: Spread::Fixed(Duration::ZERO),
        max_waiting: 2,
        max_keys: 8,
    }
}

fn ask(arrived: Instant) -> Ask {
    Ask {
        arrived,
        patience: Patience::Hold(Duration::from_secs(60)),
        deadline: None,
        hurried: false,
    }
}

fn pause(seconds: u64) -> Lesson {
    Lesson {
        hold: Some((Duration::from_secs(seconds), Source::Default)),
        quota: None,
    }
}

#[test]
fn a_hold_is_seen_by_whoever_is_told_of_it_though_an_older_one_settles() {
    shuttle::check_random(
        || {
            let start = origin();
            let gate = Arc::new(Gate::new(start));
            gate.learn("old", start, pause(1), &rules());
            let later = start + Duration::from_secs(2);
            let teacher = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || gate.learn(KEY, later, pause(10), &rules()))
            };
            let passer = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || gate.has_settled(later))
            };
            teacher.join().unwrap();
            let free = gate.is_quiet() || gate.has_settled(later);
            assert!(!free, "a hold was overlooked");
            let (answer, _) = gate.arrive(KEY, later, &ask(later), &rules());
            assert!(matches!(answer, Answer::Wait { .. }), "{answer:?}");
            passer.join().unwrap();
            assert!(!gate.is_quiet(), "a hold was forgotten");
        },
        SCHEDULES,
    );
}

/// Waits without a timer, so that only being woken helps.
fn wait(gate: &Gate, now: Instant) -> bool {
    let (answer, ticket) = gate.arrive(KEY, now, &ask(now), &rules());
    if !matches!(answer, Answer::Wait { .. }) {
        return answer == Answer::Go;
    }
    shuttle::future::block_on(poll_fn(|cx| {
        match gate.turn((KEY, ticket), now, &ask(now), &rules(), cx.waker()) {
            Answer::Wait { .. } => Poll::Pending,
            answer => Poll::Ready(answer == Answer::Go),
        }
    }))
}

#[test]
fn clearing_wakes_everybody() {
    shuttle::check_random(
        || {
            let now = origin();
            let gate = Arc::new(Gate::new(now));
            gate.learn(KEY, now, pause(10), &rules());
            let waiters: Vec<_> = (0..2)
                .map(|_| {
                    let gate = Arc::clone(&gate);
                    thread::spawn(move || wait(&gate, now))
                })
                .collect();
            gate.clear(KEY);
            for waiter in waiters {
                assert!(waiter.join().unwrap(), "let go, not refused");
            }
            assert_eq!((gate.waiting(), gate.keys()), (0, 0));
        },
        SCHEDULES,
    );
}

#[test]
fn whoever_leaves_frees_one_place_and_no_more() {
    shuttle::check_random(
        || {
            let now = origin();
            let gate = Arc::new(Gate::new(now));
            gate.learn(KEY, now, pause(10), &rules());
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let gate = Arc::clone(&gate);
                    thread::spawn(move || {
                        let (answer, ticket) = gate.arrive(KEY, now, &ask(now), &rules());
                        assert!(gate.waiting() <= 2, "more wait than may");
                        if matches!(answer, Answer::Wait { .. }) {
                            gate.leave(KEY, ticket);
                            gate.leave(KEY, ticket);
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(gate.waiting(), 0);
        },
        SCHEDULES,
    );
}
