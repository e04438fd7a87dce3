use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_kernel::{SystemWallClock, WallClock};

use super::backoff::Backoff;
use super::flight::Fetch;
use super::rules::{Keep, Rules};
use super::vault::Vault;
use super::{Inner, Tokens};
use crate::error::{InvalidTokens, TokensRule};
use crate::source::TokenSource;

/// Settings for [`Tokens`].
///
/// | setting | default |
/// | --- | --- |
/// | [`ttl`](Self::ttl), [`once`](Self::once), [`each_request`](Self::each_request) | as long as the token says |
/// | [`ahead`](Self::ahead) | 20 percent of the life left, at most 5 min |
/// | [`skew`](Self::skew) | 10 s |
/// | [`fetch_timeout`](Self::fetch_timeout) | 30 s |
/// | [`backoff`](Self::backoff) | 500 ms, up to 30 s |
///
/// ```
/// use std::time::Duration;
/// use buttress_auth::{Token, Tokens};
///
/// let tokens = Tokens::builder(|| async { Token::new("2YotnFZFEjr1zCsicMWpAA") })
///     .ttl(Duration::from_secs(600))
///     .fetch_timeout(Duration::from_secs(5))
///     .build()?;
/// # drop(tokens);
/// # Ok::<_, buttress_auth::InvalidTokens>(())
/// ```
#[must_use = "`build` makes the tokens"]
pub struct Builder {
    source: Arc<dyn Fetch>,
    rules: Rules,
    each: bool,
    fetch_timeout: Duration,
    clock: Arc<dyn WallClock>,
    draws: fastrand::Rng,
}

impl Builder {
    pub(super) fn new(source: impl TokenSource) -> Self {
        Self {
            source: Arc::new(source),
            rules: Rules::default(),
            each: false,
            fetch_timeout: Duration::from_secs(30),
            clock: Arc::new(SystemWallClock),
            draws: fastrand::Rng::new(),
        }
    }

    /// Keeps no token longer than this, counted from when it was asked for, and one that does not say
    /// how long it lives for so long. Takes the place of [`once`](Self::once) and
    /// [`each_request`](Self::each_request).
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.rules.keep = Keep::AtMost(ttl);
        self.each = false;
        self
    }

    /// Fetches one token and keeps it whatever it says of its end, until it is rejected or the
    /// [`Handle`](super::Handle) says otherwise. Takes the place of [`ttl`](Self::ttl) and
    /// [`each_request`](Self::each_request).
    pub const fn once(mut self) -> Self {
        self.rules.keep = Keep::Once;
        self.each = false;
        self
    }

    /// Asks the source for each request, and again for a replay; nothing is kept or shared, and there
    /// is no pause after a failure. For sources that are caches themselves, and for headers that are
    /// good for one request. A request that is dropped drops its fetch.
    pub const fn each_request(mut self) -> Self {
        self.each = true;
        self
    }

    /// Fetches the next token in the background when so many percent of the life are left, but no
    /// earlier than `at_most` before the end. 0 turns that off.
    pub const fn ahead(mut self, percent: u8, at_most: Duration) -> Self {
        self.rules.ahead_percent = percent;
        self.rules.ahead_most = at_most;
        self
    }

    /// How long before the end a request waits for the next token, for clocks that disagree and
    /// requests that take their time; at most a tenth of the life.
    pub const fn skew(mut self, skew: Duration) -> Self {
        self.rules.skew = skew;
        self
    }

    /// How long the source may take for one token.
    pub const fn fetch_timeout(mut self, limit: Duration) -> Self {
        self.fetch_timeout = limit;
        self
    }

    /// How long the source is left alone after it failed: `base` after the first failure, doubling up
    /// to `cap`. The second half of each pause is up to chance.
    pub const fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.rules.backoff = Backoff { base, cap };
        self
    }

    /// The calendar that [dates](crate::Token::expires_at) are compared with, in place of the
    /// system's.
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes the pauses repeatable, for tests.
    pub fn seed(mut self, seed: u64) -> Self {
        self.draws = fastrand::Rng::with_seed(seed);
        self
    }

    /// The tokens.
    ///
    /// # Errors
    ///
    /// When settings contradict themselves.
    pub fn build(self) -> Result<Tokens, InvalidTokens> {
        let Backoff { base, cap } = self.rules.backoff;
        if self.rules.ahead_percent > 100 {
            return Err(TokensRule::AheadAboveHundred.into());
        }
        if cap < base {
            return Err(TokensRule::CapBelowBase.into());
        }
        if self.rules.keep == Keep::AtMost(Duration::ZERO) && !self.each {
            return Err(TokensRule::NoTtl.into());
        }
        if self.fetch_timeout.is_zero() {
            return Err(TokensRule::NoTime.into());
        }
        Ok(self.finish())
    }

    pub(super) fn finish(self) -> Tokens {
        Tokens(Arc::new(Inner {
            vault: Vault::new(self.rules, self.draws),
            source: self.source,
            changing: Mutex::new(()),
            fetch_timeout: self.fetch_timeout,
            each: self.each,
            clock: self.clock,
        }))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("rules", &self.rules)
            .field("each_request", &self.each)
            .field("fetch_timeout", &self.fetch_timeout)
            .finish_non_exhaustive()
    }
}
