use std::time::Duration;

use crate::error::{InvalidRetry, Rule};
use crate::statuses::Statuses;
use crate::{Backoff, Jitter};

/// What a layer was set to, or, with an override, what holds for one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// All attempts, the first among them.
    pub(crate) max_attempts: u32,
    pub(crate) backoff: Backoff,
    /// Where the backoff starts after a 429.
    pub(crate) throttled_base: Duration,
    pub(crate) jitter: Jitter,
    pub(crate) statuses: Statuses,
    pub(crate) connect: bool,
    pub(crate) timeout: bool,
    pub(crate) status: bool,
    pub(crate) refusal: bool,
    pub(crate) max_server_delay: Duration,
    /// Whether a repetition is harmless, where the request itself does not tell.
    pub(crate) idempotent: Option<bool>,
    /// Bytes of a failed response that are read so that its connection can be used again.
    pub(crate) drain: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: Backoff::default(),
            throttled_base: Duration::from_secs(1),
            jitter: Jitter::default(),
            statuses: Statuses::usual(),
            connect: true,
            timeout: true,
            status: true,
            refusal: true,
            max_server_delay: Duration::from_secs(5 * 60),
            idempotent: None,
            drain: 64 * 1024,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), InvalidRetry> {
        if self.max_attempts == 0 {
            return Err(Rule::NoAttempts.into());
        }
        self.backoff.check()
    }

    pub(crate) fn backoff_after(&self, throttled: bool) -> Backoff {
        if throttled {
            self.backoff.starting_at_least(self.throttled_base)
        } else {
            self.backoff
        }
    }
}
