//! Random lives of a circuit, told to the machine, to the circuit around it and to the model.

mod edges;
mod model;

use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::{Key, Outcome, SystemWallClock};
use proptest::prelude::*;
use proptest::sample::Index;

use self::model::{Config, Model};
use crate::circuit::Circuit;
use crate::common::Common;
use crate::rules::{Rules, Slow, Span};
use crate::sight::Sight;
use crate::state::{Answer, End, Forced, Machine, Moment, Permit, Phase, Refusal};

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Admit,
    End(Index, Outcome, bool, u64),
    Drop(Index),
    Progress(Index),
    Look,
    Rest,
    Force(Forced),
    Automatic,
    Reset,
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Success),
        6 => Just(Outcome::ServerFailure),
        1 => Just(Outcome::Throttled),
        1 => Just(Outcome::CallerFault),
        1 => Just(Outcome::Neutral),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let slow = prop_oneof![5 => Just(false), 1 => Just(true)];
    let delay = prop_oneof![5 => Just(0), 1 => 0_u64..200];
    prop_oneof![
        4 => (0_u64..12).prop_map(Step::Wait),
        2 => (0_u64..300).prop_map(Step::Wait),
        12 => Just(Step::Admit),
        12 => (any::<Index>(), any_outcome(), slow, delay)
            .prop_map(|(call, outcome, slow, delay)| Step::End(call, outcome, slow, delay)),
        1 => any::<Index>().prop_map(Step::Drop),
        3 => any::<Index>().prop_map(Step::Progress),
        1 => Just(Step::Look),
        1 => Just(Step::Rest),
        1 => prop_oneof![
            Just(Step::Force(Forced::Open)),
            Just(Step::Force(Forced::Closed)),
            Just(Step::Automatic),
            Just(Step::Automatic),
            Just(Step::Reset),
        ],
    ]
}

fn any_config() -> impl Strategy<Value = Config> {
    let span = prop_oneof![
        (1_u32..5).prop_map(|buckets| Span::Time {
            bucket: Duration::from_millis(10),
            buckets
        }),
        (1_u32..9).prop_map(Span::Calls),
    ];
    let limits = (
        proptest::option::of(1_u32..5),
        proptest::option::of(1_u32..=100),
        proptest::option::of(1_u32..=100),
        1_usize..6,
    );
    let times = (1_u64..50, 1_u64..8, 0_u64..150, 1_u64..60);
    (span, limits, times, 1_usize..4, 1_usize..4).prop_map(
        |(span, (consecutive, failure_rate, slow_rate, min_calls), times, probes, close_after)| {
            let (open_for, growth, max_server_delay, probe_timeout) = times;
            Config {
                span,
                tick: if matches!(span, Span::Calls(_)) {
                    60_000
                } else {
                    10
                },
                consecutive,
                failure_rate,
                slow_rate,
                min_calls,
                open_for,
                max_open: open_for * growth,
                max_server_delay,
                probes,
                close_after,
                probe_timeout,
            }
        },
    )
}

fn rules_of(config: &Config) -> Rules {
    let ms = Duration::from_millis;
    Rules {
        origin: crate::admission::now(),
        span: config.span,
        window: None,
        window_explicit: false,
        failure_rate: config.failure_rate,
        slow: config.slow_rate.map(|rate| Slow { after: ms(5), rate }),
        min_calls: u32::try_from(config.min_calls).unwrap(),
        consecutive: config.consecutive,
        open_for: ms(config.open_for),
        max_open: ms(config.max_open),
        jitter: false,
        max_server_delay: ms(config.max_server_delay),
        probes: u32::try_from(config.probes).unwrap(),
        close_after: u32::try_from(config.close_after).unwrap(),
        probe_timeout: ms(config.probe_timeout),
        idle_after: ms(1_000_000),
    }
}

fn at(rules: &Rules, millis: u64) -> Moment {
    Moment {
        now: rules.origin + Duration::from_millis(millis),
        draw: 0,
    }
}

/// What a call through the circuit knows.
type Pass = (Permit, Option<Sight>);

fn succeed(circuit: &Circuit, (permit, sight): Pass, now: Instant) -> bool {
    match sight {
        Some(sight) => circuit.succeed_in_sight(sight, now),
        None => circuit.succeed(permit, now),
    }
}

/// The three, side by side.
struct Trio {
    machine: Machine,
    circuit: Circuit,
    model: Model,
    rules: Rules,
    now: u64,
    calls: Vec<(Permit, Pass, model::Call)>,
}

impl Trio {
    fn new(config: Config) -> Self {
        let rules = rules_of(&config);
        let common = Common::new(rules.clone(), 0, Arc::new(SystemWallClock));
        Self {
            machine: Machine::new(0),
            circuit: Circuit::new(Key::from("a"), Arc::new(common), rules.origin),
            model: Model::new(config),
            rules,
            now: 0,
            calls: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let (at, now) = (at(&self.rules, self.now), self.now);
        match *step {
            Step::Wait(millis) => self.now += millis,
            Step::Admit => self.admit(at)?,
            Step::End(call, outcome, slow, delay) => {
                if let Some((permit, shared, call)) = self.take(call) {
                    let end = End {
                        outcome,
                        answered: true,
                        slow,
                        delay: Some(Duration::from_millis(delay)),
                    };
                    self.machine
                        .record(permit, end, at, &self.rules, &mut Vec::new());
                    let quick = outcome == Outcome::Success && !slow;
                    if !quick || !succeed(&self.circuit, shared, at.now) {
                        self.circuit.record(shared.0, end, at.now);
                    }
                    self.model.record(call, outcome, slow, delay, now);
                }
            }
            Step::Drop(call) => {
                if let Some((permit, shared, call)) = self.take(call) {
                    self.machine
                        .release(permit, at, &self.rules, &mut Vec::new());
                    self.circuit.release(shared.0, at.now);
                    self.model.release(call, now);
                }
            }
            Step::Progress(call) => {
                if !self.calls.is_empty() {
                    let (permit, shared, call) = *call.get(&self.calls);
                    self.machine
                        .progress(permit, at, &self.rules, &mut Vec::new());
                    self.circuit.progress(shared.0, at.now);
                    self.model.progress(call, now);
                }
            }
            // Not each time: a look makes the circuit collect what it has counted beside the machine.
            Step::Look => {
                let phase = self.machine.phase(at, &self.rules, &mut Vec::new());
                prop_assert_eq!(phase, self.circuit.phase(at.now).0);
            }
            Step::Rest => {
                self.machine.rest(at.now, &self.rules);
                self.circuit.rest(at.now);
            }
            Step::Force(forced) => {
                self.machine.force(forced);
                self.circuit.force(forced, at.now);
                self.model.enter(match forced {
                    Forced::Open => model::State::ForcedOpen,
                    Forced::Closed => model::State::ForcedClosed,
                });
            }
            Step::Automatic => {
                self.machine.automatic();
                self.circuit.automatic(at.now);
                if let model::State::ForcedOpen | model::State::ForcedClosed = self.model.state {
                    self.model.enter(model::State::Closed(Vec::new()));
                }
            }
            Step::Reset => {
                self.machine.reset();
                self.circuit.reset(at.now);
                self.model.enter(model::State::Closed(Vec::new()));
            }
        }
        self.compare()
    }

    fn admit(&mut self, at: Moment) -> Result<(), TestCaseError> {
        let answer = self.machine.admit(at, &self.rules, &mut Vec::new());
        let sight = self.circuit.look();
        let pass = sight
            .map(|sight| sight.glance.permit())
            .or_else(|| self.circuit.pass());
        let shared = pass.map_or_else(|| self.circuit.admit(at.now).0, Answer::Granted);
        match (answer, shared, self.model.admit(self.now)) {
            (Answer::Granted(permit), Answer::Granted(shared), Ok(call)) => {
                self.calls.push((permit, (shared, sight), call));
            }
            (Answer::Refused(machine), Answer::Refused(shared), Err(expected)) => {
                prop_assert_eq!(machine, shared);
                prop_assert_eq!(expected, self.refused(machine));
            }
            other => prop_assert!(false, "{other:?}"),
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let at = at(&self.rules, self.now);
        let phase = self.machine.phase(at, &self.rules, &mut Vec::new());
        self.model.hang(self.now);
        let expected = match self.model.state {
            model::State::Closed(_) => Phase::Closed,
            model::State::Open { until, .. } if until > self.now => {
                Phase::Open(self.rules.origin + Duration::from_millis(until))
            }
            model::State::Open { .. } | model::State::HalfOpen { .. } => Phase::HalfOpen,
            model::State::ForcedOpen => Phase::Forced(Forced::Open),
            model::State::ForcedClosed => Phase::Forced(Forced::Closed),
        };
        prop_assert_eq!(phase, expected);
        Ok(())
    }

    fn refused(&self, refusal: Refusal) -> model::Refused {
        match refusal {
            Refusal::Until(until) => {
                let millis = until.duration_since(self.rules.origin).as_millis();
                model::Refused::Until(u64::try_from(millis).unwrap())
            }
            Refusal::Busy => model::Refused::Busy,
            Refusal::Forced => model::Refused::Forced,
        }
    }

    fn take(&mut self, call: Index) -> Option<(Permit, Pass, model::Call)> {
        if self.calls.is_empty() {
            return None;
        }
        let place = call.index(self.calls.len());
        Some(self.calls.remove(place))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn machine_circuit_and_model_agree(
        config in any_config(),
        steps in proptest::collection::vec(any_step(), 1..200),
    ) {
        let mut trio = Trio::new(config);
        for step in &steps {
            trio.step(step)?;
        }
    }
}
