//! Random lives of a circuit, told to the machine, to the circuit around it and to the model.

mod edges;
mod model;
mod steps;

use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::{Key, Outcome, SystemWallClock};
use proptest::prelude::*;
use proptest::sample::Index;

use self::model::{Config, Model};
use self::steps::{Step, any_config, any_step};
use crate::circuit::Circuit;
use crate::common::Common;
use crate::rules::{Rules, Slow};
use crate::sight::Sight;
use crate::state::{Answer, End, Forced, Machine, Moment, Permit, Phase, Refusal};

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
