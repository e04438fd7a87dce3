//! The obvious machine: keeps every call of its state with the tick in which it ended, and counts
//! them again each time. Time is in milliseconds.

use buttress_kernel::Outcome;

use crate::rules::Span;

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) span: Span,
    pub(super) tick: u64,
    pub(super) consecutive: Option<u32>,
    pub(super) failure_rate: Option<u32>,
    pub(super) slow_rate: Option<u32>,
    pub(super) min_calls: usize,
    pub(super) open_for: u64,
    pub(super) max_open: u64,
    pub(super) max_server_delay: u64,
    pub(super) probes: usize,
    pub(super) close_after: usize,
    pub(super) probe_timeout: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) tick: u64,
    pub(super) failed: bool,
    pub(super) slow: bool,
    /// Counts in the row: yes, no, or not at all.
    pub(super) row: Option<bool>,
}

#[derive(Clone, Debug)]
pub(super) enum State {
    Closed(Vec<Ended>),
    Open {
        until: u64,
        times: u32,
    },
    HalfOpen {
        times: u32,
        passed: usize,
        probes: Vec<(usize, u64)>,
    },
    ForcedOpen,
    ForcedClosed,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) config: Config,
    pub(super) state: State,
    /// How many states there have been.
    pub(super) generation: usize,
    calls: usize,
}

/// A call under way: in which state it began, and its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    generation: usize,
    number: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Until(u64),
    Busy,
    Forced,
}

impl Model {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            state: State::Closed(Vec::new()),
            generation: 0,
            calls: 0,
        }
    }

    pub(super) fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }

    pub(super) fn admit(&mut self, now: u64) -> Result<Call, Refused> {
        self.hang(now);
        if let State::Open { until, times } = self.state
            && until <= now
        {
            self.enter(State::HalfOpen {
                times,
                passed: 0,
                probes: Vec::new(),
            });
        }
        self.calls += 1;
        let call = Call {
            generation: self.generation,
            number: self.calls,
        };
        match &mut self.state {
            State::Closed(_) | State::ForcedClosed => Ok(call),
            State::Open { until, .. } => Err(Refused::Until(*until)),
            State::ForcedOpen => Err(Refused::Forced),
            State::HalfOpen { probes, .. } if probes.len() == self.config.probes => {
                Err(Refused::Busy)
            }
            State::HalfOpen { probes, .. } => {
                probes.push((call.number, now));
                Ok(call)
            }
        }
    }

    pub(super) fn record(
        &mut self,
        call: Call,
        outcome: Outcome,
        slow: bool,
        delay: u64,
        now: u64,
    ) {
        self.hang(now);
        if call.generation != self.generation {
            return;
        }
        let tick = now / self.config.tick;
        match &mut self.state {
            State::Closed(ended) => {
                let (failed, row) = match outcome {
                    Outcome::Success => (false, Some(false)),
                    Outcome::ServerFailure => (true, Some(true)),
                    Outcome::Throttled => (true, None),
                    Outcome::CallerFault | Outcome::Neutral => return,
                };
                ended.push(Ended {
                    tick,
                    failed,
                    slow,
                    row,
                });
                if self.trips(tick) {
                    self.open(0, now, delay);
                }
            }
            State::HalfOpen {
                times,
                passed,
                probes,
            } => {
                let times = *times;
                probes.retain(|(number, _)| *number != call.number);
                match outcome {
                    Outcome::ServerFailure => self.open(times + 1, now, delay),
                    Outcome::Success | Outcome::CallerFault => {
                        *passed += 1;
                        if *passed == self.config.close_after {
                            self.enter(State::Closed(Vec::new()));
                        }
                    }
                    Outcome::Throttled | Outcome::Neutral => {}
                }
            }
            State::Open { .. } | State::ForcedOpen | State::ForcedClosed => {}
        }
    }

    pub(super) fn release(&mut self, call: Call, now: u64) {
        self.hang(now);
        if let State::HalfOpen { probes, .. } = &mut self.state
            && call.generation == self.generation
        {
            probes.retain(|(number, _)| *number != call.number);
        }
    }

    pub(super) fn progress(&mut self, call: Call, now: u64) {
        self.hang(now);
        if let State::HalfOpen { probes, .. } = &mut self.state
            && call.generation == self.generation
        {
            for (number, since) in probes {
                if *number == call.number {
                    *since = now;
                }
            }
        }
    }

    /// A probe that hangs has failed at the end of its time, whenever somebody looks.
    pub(super) fn hang(&mut self, now: u64) {
        if let State::HalfOpen { times, probes, .. } = &self.state {
            let (times, first) = (*times, probes.iter().map(|(_, since)| *since).min());
            if let Some(end) = first.map(|since| since + self.config.probe_timeout)
                && end <= now
            {
                self.open(times + 1, end, 0);
            }
        }
    }

    fn open(&mut self, times: u32, since: u64, delay: u64) {
        let mut wait = self.config.open_for;
        for _ in 0..times {
            wait = (wait * 2).min(self.config.max_open);
        }
        let delay = delay.min(self.config.max_server_delay);
        self.enter(State::Open {
            until: since + wait.max(delay),
            times,
        });
    }

    fn trips(&self, tick: u64) -> bool {
        let State::Closed(ended) = &self.state else {
            return false;
        };
        let row = ended
            .iter()
            .rev()
            .filter_map(|end| end.row)
            .take_while(|failed| *failed);
        if self
            .config
            .consecutive
            .is_some_and(|most| row.count() >= most as usize)
        {
            return true;
        }
        let live: Vec<_> = match self.config.span {
            Span::Time { buckets, .. } => {
                let young = |end: &&Ended| tick - end.tick < buckets.into();
                ended.iter().filter(young).collect()
            }
            Span::Calls(size) => ended.iter().rev().take(size as usize).collect(),
        };
        let share = |which: fn(&Ended) -> bool, percent: Option<u32>| {
            let part = live.iter().filter(|end| which(end)).count();
            percent.is_some_and(|percent| part * 100 >= percent as usize * live.len())
        };
        live.len() >= self.config.min_calls
            && (share(|end| end.failed, self.config.failure_rate)
                || share(|end| end.slow, self.config.slow_rate))
    }
}
