//! The shared circuit under ten thousand random schedules of its threads, each.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the circuit's sources, without the layer around them"
)]

#[path = "../../src"]
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

mod counts;
mod late;
mod probes;

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
