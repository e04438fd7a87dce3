//! How often a token may be replaced because a server rejected it.
//!
//! A rejection may be about the token, and then another one helps. It may also be about the endpoint,
//! which rejects everybody, or does so now and then: then each new token is rejected there as well,
//! while others accept it. So a token that others accept proves nothing; what counts is how many were
//! replaced of late, and whether one was rejected again though it was new.

use std::time::Instant;

use super::backoff::{Backoff, Fall};

/// So many replacements in a row are not followed by a pause: servers do end sessions twice.
const FREE: u32 = 2;

/// The pause is so many doublings longer than the one after as many failures of the source.
const LONGER: u32 = 2;

#[derive(Clone, Debug, Default)]
pub(super) struct Doubt {
    /// Tokens in a row that were rejected, each soon after the one before.
    strikes: u32,
    /// Until then no token is replaced because of a rejection.
    until: Option<Instant>,
    /// The generation that was found to be rejected though it was new.
    fruitless: u64,
}

impl Doubt {
    /// Whether another token is not worth asking for.
    pub(super) fn holds(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// A token is replaced because it was rejected.
    pub(super) fn replaced(&mut self, now: Instant, backoff: Backoff, draw: u32) {
        self.forget_if_quiet(now, backoff);
        self.strike(now, backoff, draw);
    }

    /// The token of this generation was rejected though it was new. Told of many times, it counts
    /// once.
    pub(super) fn fruitless(&mut self, generation: u64, now: Instant, backoff: Backoff, draw: u32) {
        if self.fruitless != generation {
            self.fruitless = generation;
            self.forget_if_quiet(now, backoff);
            self.strikes = self.strikes.max(FREE);
            self.strike(now, backoff, draw);
        }
    }

    /// Whether a token was replaced of late.
    pub(super) fn is_recent(&self, now: Instant, backoff: Backoff) -> bool {
        let quiet_at = |until: Instant| until.checked_add(backoff.cap);
        self.until
            .is_some_and(|until| quiet_at(until).is_none_or(|quiet| now < quiet))
    }

    fn forget_if_quiet(&mut self, now: Instant, backoff: Backoff) {
        if !self.is_recent(now, backoff) {
            self.strikes = 0;
        }
    }

    fn strike(&mut self, now: Instant, backoff: Backoff, draw: u32) {
        self.strikes = self.strikes.saturating_add(1);
        let beyond = self.strikes.saturating_sub(FREE);
        let pause = (beyond > 0)
            .then(|| backoff.delay(beyond.saturating_add(LONGER), Fall::default(), draw));
        let until = now.checked_add(pause.unwrap_or_default());
        self.until = until.max(self.until);
    }
}
