//! A lane's shared state under ten thousand random schedules of its threads, each.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the lane's sources, without the layer around them"
)]

#[path = "../src"]
mod sources {
    pub(crate) mod lane;
    pub(crate) mod line;
    pub(crate) mod permit;
    pub(crate) mod queue;
}

use sources::{lane, line, permit, queue};

mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};
}

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use lane::Lane;
use line::{Arrival, Turn};
use permit::Permit;
use queue::{Place, Rank};
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
const MAX_WAITING: usize = 8;

fn at_rest(lane: &Lane) {
    assert_eq!((lane.in_flight(), lane.waiting()), (0, 0));
    assert!(lane.take(), "and nothing is left marked");
}

/// A place in flight or in the queue.
fn come(lane: &Arc<Lane>, rank: Rank) -> Result<Permit, Place> {
    if let Some(permit) = Permit::take(lane) {
        return Ok(permit);
    }
    match lane.arrive(|| rank, MAX_WAITING) {
        Arrival::Go => Ok(Permit::granted(Arc::clone(lane))),
        Arrival::Wait(place) => Err(place),
        Arrival::Crowded => panic!("there is room to wait"),
    }
}

/// Waits without a timer, so that only being woken helps.
fn wait(lane: &Arc<Lane>, place: Place) -> Permit {
    shuttle::future::block_on(poll_fn(|cx| match lane.turn(place, false, cx.waker()) {
        Turn::Wait => Poll::Pending,
        turn => {
            assert_eq!(turn, Turn::Go);
            Poll::Ready(())
        }
    }));
    Permit::granted(Arc::clone(lane))
}

fn go(lane: &Arc<Lane>, rank: Rank) -> Permit {
    come(lane, rank).unwrap_or_else(|place| wait(lane, place))
}

fn spawn(
    lane: &Arc<Lane>,
    run: impl FnOnce(&Arc<Lane>) + Send + 'static,
) -> thread::JoinHandle<()> {
    let lane = Arc::clone(lane);
    thread::spawn(move || run(&lane))
}

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("no thread panics");
    }
}

#[test]
fn never_more_are_in_flight_than_allowed_and_everybody_goes() {
    explore(|| {
        let lane = Arc::new(Lane::new(1));
        let inside = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..3)
            .map(|rank| {
                let inside = Arc::clone(&inside);
                spawn(&lane, move |lane| {
                    let permit = go(lane, rank);
                    assert!(inside.fetch_add(1, Ordering::SeqCst) < 1);
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                })
            })
            .collect();
        join(threads);
        at_rest(&lane);
    });
}

#[test]
fn whoever_leaves_hands_over_and_nobody_sleeps_on() {
    explore(|| {
        let lane = Arc::new(Lane::new(1));
        let permit = Permit::take(&lane).expect("there is room");
        let Err(place) = come(&lane, -1) else {
            panic!("there is no room")
        };
        // It comes first, so it may be served before it leaves.
        let threads = [
            spawn(&lane, |lane| drop(go(lane, 0))),
            spawn(&lane, |lane| drop(go(lane, 1))),
            spawn(&lane, move |lane| lane.leave(place)),
        ];
        drop(permit);
        join(threads);
        at_rest(&lane);
    });
}

#[test]
fn a_raised_limit_wakes_whoever_waits() {
    explore(|| {
        let lane = Arc::new(Lane::new(1));
        let permit = Permit::take(&lane).expect("there is room");
        let threads = [
            spawn(&lane, |lane| drop(go(lane, 0))),
            spawn(&lane, |lane| drop(go(lane, 0))),
        ];
        let woken = lane.set_most(2);
        woken.into_iter().flatten().for_each(Waker::wake);
        // Only then is the first place given back.
        join(threads);
        drop(permit);
        at_rest(&lane);
    });
}

#[test]
fn a_lowered_limit_is_kept_by_everybody_who_comes_after_it() {
    explore(|| {
        let lane = Arc::new(Lane::new(2));
        let permit = Permit::take(&lane).expect("there is room");
        let lowered = Arc::new(AtomicBool::new(false));
        let taker = {
            let lowered = Arc::clone(&lowered);
            spawn(&lane, move |lane| {
                let too_late = lowered.load(Ordering::SeqCst);
                let other = Permit::take(lane);
                assert!(!(too_late && other.is_some()));
            })
        };
        assert!(lane.set_most(1).is_empty());
        lowered.store(true, Ordering::SeqCst);
        join([taker]);
        assert!(Permit::take(&lane).is_none());
        drop(permit);
        at_rest(&lane);
    });
}

#[test]
fn who_gives_up_late_is_served_or_gone_and_never_both() {
    explore(|| {
        let lane = Arc::new(Lane::new(1));
        let permit = Permit::take(&lane).expect("there is room");
        let Err(place) = come(&lane, 0) else {
            panic!("there is no room")
        };
        let late = spawn(&lane, move |lane| {
            match lane.turn(place, true, Waker::noop()) {
                Turn::Go => drop(Permit::granted(Arc::clone(lane))),
                turn => assert_eq!(turn, Turn::Late),
            }
        });
        let other = spawn(&lane, |lane| drop(go(lane, 1)));
        drop(permit);
        join([late, other]);
        at_rest(&lane);
    });
}

#[test]
fn who_is_displaced_is_told() {
    explore(|| {
        let lane = Arc::new(Lane::new(1));
        let permit = Permit::take(&lane).expect("there is room");
        let Arrival::Wait(place) = lane.arrive(|| 1, 1) else {
            panic!("there is no room")
        };
        let displaced = spawn(&lane, move |lane| {
            let turn = shuttle::future::block_on(poll_fn(|cx| {
                match lane.turn(place, false, cx.waker()) {
                    Turn::Wait => Poll::Pending,
                    turn => Poll::Ready(turn),
                }
            }));
            assert_eq!(turn, Turn::Displaced);
        });
        let Arrival::Wait(urgent) = lane.arrive(|| 0, 1) else {
            panic!("it goes first")
        };
        join([displaced]);
        drop(permit);
        drop(wait(&lane, urgent));
        at_rest(&lane);
    });
}
