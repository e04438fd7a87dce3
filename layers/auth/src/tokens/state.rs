//! What is known of a source's tokens, and what follows from it.
//!
//! Generations count the tokens that were held, flights the fetches that were begun. A late word of
//! an older generation or an older flight changes nothing.

use std::time::Instant;

use super::backoff::Fall;
use super::life::{Age, Life};
use super::rules::Rules;

#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Of the token held last; 0 before the first.
    generation: u64,
    /// The life of the token at hand; `None` when there is none, or none that may be sent.
    held: Option<Life>,
    /// The fetch under way.
    flight: Option<u64>,
    flights: u64,
    /// Fetches in a row that failed.
    failures: u32,
    /// The source is left alone until then.
    rest_until: Option<Instant>,
    /// Tokens in a row that were rejected though they were new.
    fruitless: u32,
    /// Until then a new token that is rejected is not replaced.
    doubt_until: Option<Instant>,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It goes with the token at hand.
    Use,
    /// It goes with the token at hand, and this fetch begins.
    UseAndBegin(u64),
    /// It waits for the fetch under way.
    Join,
    /// It waits for this fetch, which begins.
    Begin(u64),
    /// There is no token, and the source is being left alone after a failure.
    Refuse,
}

/// What follows a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// The rejected token is out of use; the request is as one that comes now.
    Again(Answer),
    /// Another token would not help, or cannot be had yet: the rejection is the answer.
    Final,
}

impl State {
    /// A request needs a token.
    pub(crate) fn ask(&mut self, now: Instant) -> Answer {
        let age = self.held.map_or(Age::Over, |life| life.age(now));
        let resting = self.is_resting(now);
        match age {
            Age::Fresh => Answer::Use,
            Age::Advisory if self.flight.is_some() || resting => Answer::Use,
            Age::Advisory => Answer::UseAndBegin(self.begin()),
            Age::Blocking | Age::Over if self.flight.is_some() => Answer::Join,
            Age::Blocking if resting => Answer::Use,
            Age::Over if resting => Answer::Refuse,
            Age::Blocking | Age::Over => Answer::Begin(self.begin()),
        }
    }

    /// The server rejected the token of this generation; `proven` says that it had accepted it before.
    pub(crate) fn reject(
        &mut self,
        generation: u64,
        proven: bool,
        now: Instant,
        rules: &Rules,
        draw: u32,
    ) -> Rejection {
        if generation == self.generation && self.held.is_some() {
            if self.is_resting(now) || (!proven && self.is_doubtful(now)) {
                return Rejection::Final;
            }
            self.fruitless = if proven {
                0
            } else {
                self.fruitless.saturating_add(1)
            };
            let delay = rules.backoff.delay(self.fruitless, Fall::default(), draw);
            self.doubt_until = now.checked_add(delay).filter(|_| !proven);
            self.held = None;
        }
        match self.ask(now) {
            Answer::Refuse => Rejection::Final,
            answer => Rejection::Again(answer),
        }
    }

    /// Somebody wants a new token, whatever there is; returns the fetch, if it has to begin.
    pub(crate) fn demand(&mut self) -> Option<u64> {
        self.flight.is_none().then(|| self.begin())
    }

    /// A fetch brought a token; returns its generation, unless the fetch was superseded.
    pub(crate) fn succeed(&mut self, flight: u64, life: Life) -> Option<u64> {
        (self.flight == Some(flight)).then(|| self.hold(life))
    }

    /// A fetch failed; returns how many did in a row, unless it was superseded.
    pub(crate) fn fail(
        &mut self,
        flight: u64,
        now: Instant,
        fall: Fall,
        rules: &Rules,
        draw: u32,
    ) -> Option<u32> {
        if self.flight != Some(flight) {
            return None;
        }
        self.flight = None;
        self.failures = self.failures.saturating_add(1);
        let delay = rules.backoff.delay(self.failures, fall, draw);
        self.rest_until = now.checked_add(delay);
        Some(self.failures)
    }

    /// Somebody brought a token; a fetch under way is superseded.
    pub(crate) fn set(&mut self, life: Life) -> u64 {
        self.fruitless = 0;
        self.doubt_until = None;
        self.hold(life)
    }

    fn hold(&mut self, life: Life) -> u64 {
        self.flight = None;
        self.failures = 0;
        self.rest_until = None;
        self.generation += 1;
        self.held = Some(life);
        self.generation
    }

    /// The token at hand is not to be sent any more. A fetch under way goes on.
    pub(crate) fn invalidate(&mut self) {
        self.held = None;
        self.failures = 0;
        self.rest_until = None;
    }

    /// Nothing is known any more; a fetch under way is superseded.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            generation: self.generation,
            flights: self.flights,
            ..Self::default()
        };
    }

    fn begin(&mut self) -> u64 {
        self.flights += 1;
        self.flight = Some(self.flights);
        self.flights
    }

    fn is_resting(&self, now: Instant) -> bool {
        self.rest_until.is_some_and(|until| now < until)
    }

    fn is_doubtful(&self, now: Instant) -> bool {
        self.doubt_until.is_some_and(|until| now < until)
    }

    /// Whether the token at hand may still be sent.
    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        self.held.is_some_and(|life| life.age(now) != Age::Over)
    }

    pub(crate) const fn life(&self) -> Option<Life> {
        self.held
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) const fn flight(&self) -> Option<u64> {
        self.flight
    }

    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) const fn rest_until(&self) -> Option<Instant> {
        self.rest_until
    }
}

#[cfg(test)]
mod tests;
