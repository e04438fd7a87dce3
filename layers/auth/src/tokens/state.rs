//! What is known of a source's tokens, and what follows from it.
//!
//! Generations count the tokens that were held, flights the fetches that were begun. A late word of
//! an older generation or an older flight changes nothing.

use std::time::{Duration, Instant};

use super::backoff::Fall;
use super::doubt::Doubt;
use super::life::{Age, Life};
use super::rules::Rules;

/// A token that ends within this of its arrival is not fetched anew as soon as it has ended: there
/// would be a fetch for each request.
const BRIEF: Duration = Duration::from_secs(1);

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
    /// Tokens in a row that were as good as over when they came.
    brief: u32,
    doubt: Doubt,
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
            if !proven && self.doubt.is_recent(now, rules.backoff) {
                self.doubt.fruitless(generation, now, rules.backoff, draw);
            }
            if self.is_resting(now) || self.doubt.holds(now) {
                return Rejection::Final;
            }
            self.doubt.replaced(now, rules.backoff, draw);
            self.held = None;
        }
        match self.ask(now) {
            Answer::Refuse => Rejection::Final,
            answer => Rejection::Again(answer),
        }
    }

    /// A request that was rejected before was so again, with the token of this generation.
    pub(crate) fn reject_again(&mut self, generation: u64, now: Instant, rules: &Rules, draw: u32) {
        if generation == self.generation {
            self.doubt.fruitless(generation, now, rules.backoff, draw);
        }
    }

    /// Somebody wants a new token, whatever there is; returns the fetch, if it has to begin.
    pub(crate) fn demand(&mut self) -> Option<u64> {
        self.flight.is_none().then(|| self.begin())
    }

    /// A fetch brought a token; returns its generation and its life, unless the fetch was superseded.
    ///
    /// Where clocks disagree, a token that seems to be over may well be good. One that is as good as
    /// over is used for as long as the source would be left alone after a failure.
    pub(crate) fn succeed(
        &mut self,
        flight: u64,
        life: Life,
        now: Instant,
        rules: &Rules,
        draw: u32,
    ) -> Option<(u64, Life)> {
        if self.flight != Some(flight) {
            return None;
        }
        let brief = now
            .checked_add(BRIEF)
            .is_some_and(|soon| life.age(soon) == Age::Over);
        self.brief = if brief {
            self.brief.saturating_add(1)
        } else {
            0
        };
        let life = if brief {
            let pause = rules.backoff.delay(self.brief, Fall::default(), draw);
            life.until_at_least(now.checked_add(rules.keep.at_most(pause)))
        } else {
            life
        };
        Some((self.hold(life), life))
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
        self.doubt = Doubt::default();
        self.brief = 0;
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
