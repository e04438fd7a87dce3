//! A lane's shared state under ten thousand random schedules of its threads, each.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the lane's sources, without the layer around them"
)]

#[path = "../src"]
mod sources {
    pub(crate) mod alarm;
    pub(crate) mod bucket;
    pub(crate) mod clock;
    pub(crate) mod cubic;
    pub(crate) mod lane;
    pub(crate) mod line;
    pub(crate) mod queue;
    pub(crate) mod rules;
}

use sources::{alarm, bucket, clock, cubic, lane, line, queue, rules};

mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};
}

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bucket::Pace;
use clock::Nanos;
use lane::Lane;
use line::{Answer, Turn};
use rules::{Ask, Patience, Rules};
use shuttle::thread;

const SCHEDULES: usize = 10_000;

/// So many times a thread is held up for as long as the others can do something.
const HALTS: usize = 3;

/// Chance alone seldom stops a thread for as long as another one needs for several steps, so as many
/// schedules again go by priorities.
fn explore(test: impl Fn() + Send + Sync + 'static) {
    let test = Arc::new(test);
    let again = Arc::clone(&test);
    shuttle::check_random(move || test(), SCHEDULES);
    shuttle::check_pct(move || again(), SCHEDULES, HALTS);
}

/// One token each 10, and a bucket of two.
const PACE: Pace = Pace {
    price: 10,
    span: 20,
};

const RULES: Rules = Rules {
    max_waiting: 8,
    ageing: 0,
    alarm: (0, 0),
};

const FOR_EVER: Nanos = 1_000_000;

fn ask(cost: u32) -> Ask {
    Ask {
        cost,
        class: 1,
        patience: Patience::Wait(FOR_EVER),
        deadline: None,
    }
}

const fn goes(answer: &Answer) -> bool {
    matches!(answer, Answer::Go { .. })
}

#[test]
fn no_two_threads_take_the_same_token() {
    explore(|| {
        let lane = Arc::new(Lane::new(PACE));
        // Whoever reads the clock early and comes late must not be refused for that.
        let curt = |lane: &Lane, now| {
            let mut ask = ask(1);
            ask.patience = Patience::Reject;
            // By the first way in, or else by the second.
            lane.take(now, 1) || goes(&lane.arrive(|| 102, &ask, &RULES).0)
        };
        let threads: Vec<_> = (100..102)
            .map(|now| {
                let lane = Arc::clone(&lane);
                thread::spawn(move || curt(&lane, now))
            })
            .collect();
        let mut granted = u32::from(curt(&lane, 100));
        for thread in threads {
            granted += u32::from(thread.join().unwrap());
        }
        assert_eq!(granted, 2);
        let look = lane.look();
        assert_eq!((look.waiting, look.granted), (0, 2));
        assert!(lane.take(120, 1), "and nothing is left marked");
    });
}

/// Waits without a timer, so that only being woken helps.
fn wait(lane: &Lane, now: Nanos) {
    let (answer, ..) = lane.arrive(|| now, &ask(1), &RULES);
    let Answer::Wait { place, until } = answer else {
        assert!(goes(&answer));
        return;
    };
    shuttle::future::block_on(poll_fn(|cx| {
        match lane.turn(place, now, (until, FOR_EVER), cx.waker()) {
            Turn::Wait { .. } => Poll::Pending,
            turn => {
                assert_eq!(turn, Turn::Go);
                Poll::Ready(())
            }
        }
    }));
}

#[test]
fn whoever_leaves_hands_over_to_those_behind_and_nobody_sleeps_on() {
    explore(|| {
        let lane = Arc::new(Lane::new(PACE));
        assert!(lane.take(100, 2));
        let (answer, ..) = lane.arrive(|| 100, &ask(2), &RULES);
        let Answer::Wait { place, .. } = answer else {
            panic!("{answer:?}")
        };
        // Its two tokens are there: either it leaves before anybody looks, or it is served, and
        // gives back what it got. Both go to the others, who came for one each.
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let lane = Arc::clone(&lane);
                thread::spawn(move || wait(&lane, 120))
            })
            .collect();
        lane.leave(place, 2, 120);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        let look = lane.look();
        assert_eq!(
            (look.waiting, look.bucket.level(120), look.granted),
            (0, 0, 3)
        );
    });
}

#[test]
fn nothing_is_lost_or_made_while_waiters_drop_out() {
    explore(|| {
        let lane = Arc::new(Lane::new(PACE));
        let come = |lane: &Lane| match lane.arrive(|| 100, &ask(2), &RULES).0 {
            Answer::Go { .. } => 2,
            Answer::Wait { place, .. } => {
                lane.leave(place, 2, 100);
                0
            }
            answer => panic!("{answer:?}"),
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let lane = Arc::clone(&lane);
                thread::spawn(move || come(&lane))
            })
            .collect();
        let mut taken = come(&lane);
        for thread in threads {
            taken += thread.join().unwrap();
        }
        assert_eq!(taken, 2, "the first one's tokens are used, no others are");
        let look = lane.look();
        assert_eq!((look.bucket.level(100), look.bucket.level(120)), (0, 2));
        assert_eq!((look.granted, look.waiting), (1, 0));
    });
}

#[test]
fn who_is_sent_back_by_somebody_else_keeps_its_place() {
    explore(|| {
        let lane = Arc::new(Lane::new(PACE));
        let (answer, ..) = lane.arrive(|| 100, &ask(2), &RULES);
        let Answer::Go { place } = answer else {
            panic!("{answer:?}")
        };
        let waiter = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || wait(&lane, 120))
        };
        // At 120 there are tokens for both if the first one is not sent back, and else for the
        // first one alone, who gives them to the other.
        let times = (100, 100, 120);
        let until = lane.defer(place, times, true, &ask(2), &RULES).0.unwrap();
        assert!(until >= 120);
        lane.leave(place, 2, 130);
        waiter.join().unwrap();
        let look = lane.look();
        assert_eq!((look.waiting, look.granted), (0, 1));
    });
}

#[test]
fn a_change_of_pace_meets_whole_buckets_alone() {
    explore(|| {
        let lane = Arc::new(Lane::new(PACE));
        let changer = {
            let lane = Arc::clone(&lane);
            let pace = Pace {
                price: 100,
                span: 200,
            };
            thread::spawn(move || lane.set_pace(100, pace))
        };
        assert!(lane.take(100, 1) || goes(&lane.arrive(|| 100, &ask(1), &RULES).0));
        changer.join().unwrap();
        let bucket = lane.look().bucket;
        assert_eq!(bucket.level(100), 1);
        assert_eq!(bucket.full_at, 200, "one token at the new price");
    });
}
