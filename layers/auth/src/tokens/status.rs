use std::time::Instant;

use super::state::State;

/// What is known of a source's tokens at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    generation: u64,
    held: bool,
    end: Option<Instant>,
    refreshing: bool,
    failures: u32,
    rest_until: Option<Instant>,
}

impl Status {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            generation: state.generation(),
            held: state.life().is_some(),
            end: state.life().and_then(super::life::Life::end),
            refreshing: state.flight().is_some(),
            failures: state.failures(),
            rest_until: state.rest_until(),
        }
    }

    /// How many tokens there have been.
    #[must_use]
    pub const fn generation(self) -> u64 {
        self.generation
    }

    /// Whether there is a token at hand. It may be past its [end](Self::ends_at).
    #[must_use]
    pub const fn has_token(self) -> bool {
        self.held
    }

    /// When the token at hand ends, if that is known.
    #[must_use]
    pub const fn ends_at(self) -> Option<Instant> {
        self.end
    }

    /// Whether the source is being asked for a token.
    #[must_use]
    pub const fn is_refreshing(self) -> bool {
        self.refreshing
    }

    /// How often in a row the source failed.
    #[must_use]
    pub const fn failures(self) -> u32 {
        self.failures
    }

    /// Until when the source is left alone after it failed.
    #[must_use]
    pub const fn rests_until(self) -> Option<Instant> {
        self.rest_until
    }
}
