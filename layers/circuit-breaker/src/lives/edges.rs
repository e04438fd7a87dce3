//! What ends at the very edge of a tick counts in the next one, whoever notes it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::{Key, Outcome, SystemWallClock};

use super::model::Config;
use super::{Pass, rules_of, succeed};
use crate::circuit::Circuit;
use crate::common::Common;
use crate::rules::Span;
use crate::state::{End, Phase};

/// Half of two calls open it, of those in the last two ticks of 10 ms.
fn circuit() -> (Circuit, impl Fn(u64) -> Instant) {
    let bucket = Duration::from_millis(10);
    let rules = rules_of(&Config {
        span: Span::Time { bucket, buckets: 2 },
        tick: 10,
        consecutive: None,
        failure_rate: Some(50),
        slow_rate: None,
        min_calls: 2,
        open_for: 1_000,
        max_open: 1_000,
        max_server_delay: 0,
        probes: 1,
        close_after: 1,
        probe_timeout: 1_000,
    });
    let origin = rules.origin;
    let common = Common::new(rules, 0, Arc::new(SystemWallClock));
    let circuit = Circuit::new(Key::from("a"), Arc::new(common), origin);
    (circuit, move |millis| {
        origin + Duration::from_millis(millis)
    })
}

fn end(circuit: &Circuit, pass: Pass, outcome: Outcome, now: Instant) {
    if outcome == Outcome::Success && succeed(circuit, pass, now) {
        return;
    }
    let end = End {
        outcome,
        answered: true,
        slow: false,
        delay: None,
    };
    circuit.record(pass.0, end, now);
}

/// A success at this time, of a call that came at the beginning; whether it is in the window still
/// when a failure comes in the third tick.
fn counts(seen: bool, millis: u64) -> bool {
    let (circuit, at) = circuit();
    let permit = circuit.pass().expect("it is closed");
    let sight = circuit.look().filter(|_| seen);
    end(&circuit, (permit, sight), Outcome::Success, at(millis));
    end(&circuit, (permit, None), Outcome::ServerFailure, at(20));
    matches!(circuit.phase(at(20)).0, Phase::Open(_))
}

#[test]
fn a_success_counts_in_the_tick_in_which_it_ends() {
    for seen in [true, false] {
        assert!(!counts(seen, 9), "seen: {seen}");
        assert!(counts(seen, 10), "seen: {seen}");
        assert!(counts(seen, 19), "seen: {seen}");
    }
}
