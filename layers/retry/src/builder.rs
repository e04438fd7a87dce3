use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::key::Authority;
use buttress_kernel::{SystemWallClock, WallClock};
use http::StatusCode;

use crate::draws::Draws;
use crate::error::InvalidRetry;
use crate::layer::{RetryLayer, Shared};
use crate::settings::Settings;
use crate::{Backoff, Budget, Jitter};

/// Settings of a [`RetryLayer`]; each has the default that its method names.
pub struct Builder<K = Authority> {
    settings: Settings,
    budget: Option<Budget>,
    key: K,
    clock: Arc<dyn WallClock>,
    draws: Draws,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::default(),
            budget: None,
            key: Authority,
            clock: Arc::new(SystemWallClock),
            draws: Draws::Thread,
        }
    }
}

impl<K> Builder<K> {
    /// All attempts, the first among them: 3 unless set, 1 to retry nothing.
    ///
    /// Where a setting elsewhere counts the retries alone, this is one more.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.max_attempts = attempts;
        self
    }

    /// How long to wait before each retry: exponential from 100 ms to 20 s unless set.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
        self
    }

    /// Where the backoff starts after a 429 without a delay, if that is later than its base: 1 s
    /// unless set. The backoff's cap holds here too.
    #[must_use]
    pub fn throttled_base(mut self, base: Duration) -> Self {
        self.settings.throttled_base = base;
        self
    }

    /// How a wait is spread: [`Jitter::Full`] unless set.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.settings.jitter = jitter;
        self
    }

    /// The statuses that are retried, instead of 408, 429, 500, 502, 503 and 504.
    ///
    /// Failed connections and elapsed time limits have switches of their own and are in no list.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.settings.statuses = statuses.into_iter().collect();
        self
    }

    /// Whether connections that failed or broke are retried: yes unless set.
    #[must_use]
    pub fn connect(mut self, retried: bool) -> Self {
        self.settings.connect = retried;
        self
    }

    /// Whether elapsed time limits of ours are retried: yes unless set. A server's 408 is a status.
    #[must_use]
    pub fn timeout(mut self, retried: bool) -> Self {
        self.settings.timeout = retried;
        self
    }

    /// Whether any status is retried: yes unless set.
    #[must_use]
    pub fn status(mut self, retried: bool) -> Self {
        self.settings.status = retried;
        self
    }

    /// Whether an open circuit further in that says when it will be tried again is waited for: yes
    /// unless set. Otherwise it is returned at once, as a rate limit and a hold always are: those
    /// have waited as long as they were told to.
    #[must_use]
    pub fn refusal(mut self, retried: bool) -> Self {
        self.settings.refusal = retried;
        self
    }

    /// The longest delay of a server, or of an open circuit, that is waited for: 5 min unless set. What is
    /// longer is returned at once.
    #[must_use]
    pub fn max_server_delay(mut self, delay: Duration) -> Self {
        self.settings.max_server_delay = delay;
        self
    }

    /// How many bytes of a failed response are read, so that its connection can be used again:
    /// 65,536 unless set. A longer or slower one is dropped, and 0 drops all but empty ones.
    #[must_use]
    pub fn drain(mut self, bytes: u64) -> Self {
        self.settings.drain = bytes;
        self
    }

    /// What caps the retries of each key: [`Budget::default`] unless set.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Which requests share a budget: those to one [`Authority`] unless set.
    #[must_use]
    pub fn key<K2>(self, key: K2) -> Builder<K2> {
        Builder {
            settings: self.settings,
            budget: self.budget,
            key,
            clock: self.clock,
            draws: self.draws,
        }
    }

    /// What a date in a `Retry-After` is compared with: the system's clock unless set.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Draws the same random numbers in every run. For tests.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.draws = Draws::seeded(seed);
        self
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// When no attempt is allowed at all, when the backoff's cap is below its base, or when its
    /// factor is below 1.
    pub fn build(self) -> Result<RetryLayer<K>, InvalidRetry> {
        self.settings.check()?;
        Ok(RetryLayer::sharing(Shared {
            settings: self.settings,
            budget: self.budget.unwrap_or_default(),
            key: self.key,
            clock: self.clock,
            draws: self.draws,
        }))
    }
}

impl<K> fmt::Debug for Builder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
