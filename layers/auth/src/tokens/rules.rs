use std::time::Duration;

use super::backoff::Backoff;

/// What a source's tokens are kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) keep: Keep,
    /// How much of a life is left when the next token is fetched in the background.
    pub(crate) ahead_percent: u8,
    pub(crate) ahead_most: Duration,
    /// How long before the end requests wait for the next token.
    pub(crate) skew: Duration,
    pub(crate) backoff: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// As long as the token says.
    Told,
    /// As long as the token says, and no longer than this.
    AtMost(Duration),
    /// Until it is rejected or replaced.
    Once,
}

impl Keep {
    /// This long, or as long as a token is kept at most.
    pub(crate) fn at_most(self, life: Duration) -> Duration {
        match self {
            Self::AtMost(ttl) => life.min(ttl),
            Self::Told | Self::Once => life,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            keep: Keep::Told,
            ahead_percent: 20,
            ahead_most: Duration::from_secs(5 * 60),
            skew: Duration::from_secs(10),
            backoff: Backoff::default(),
        }
    }
}
