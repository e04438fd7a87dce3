//! A token in use, as all requests see it.

use std::time::Instant;

use super::life::{Age, Life};
use super::sync::{AtomicBool, Ordering};

/// A token in use. `T` is what is sent.
pub(crate) struct Held<T> {
    pub(crate) value: T,
    pub(crate) generation: u64,
    life: Life,
    proven: AtomicBool,
}

impl<T> Held<T> {
    pub(super) const fn new(value: T, generation: u64, life: Life) -> Self {
        Self {
            value,
            generation,
            life,
            proven: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn is_fresh(&self, now: impl FnOnce() -> Instant) -> bool {
        // A token without an end needs no clock.
        self.life == Life::Endless || self.life.age(now()) == Age::Fresh
    }

    /// For one request, which nobody else knows of.
    pub(crate) fn alone(value: T) -> Self {
        Self {
            value,
            generation: 0,
            life: Life::Endless,
            proven: AtomicBool::new(true),
        }
    }

    #[inline]
    pub(crate) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    /// The server has accepted it.
    pub(crate) fn prove(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }
}
