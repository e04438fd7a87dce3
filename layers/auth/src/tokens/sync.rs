//! The primitives that the shared state is made of, in one place, so that a test can put others in
//! theirs.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};

/// A value that is read by everybody and replaced now and then. Reading takes no lock.
pub(crate) struct Current<T>(ArcSwapOption<T>);

impl<T> Current<T> {
    pub(crate) fn empty() -> Self {
        Self(ArcSwapOption::empty())
    }

    #[inline]
    pub(crate) fn load(&self) -> impl AsRef<Option<Arc<T>>> + use<T> {
        Loaded(self.0.load())
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        self.0.store(value);
    }
}

struct Loaded<T>(arc_swap::Guard<Option<Arc<T>>>);

impl<T> AsRef<Option<Arc<T>>> for Loaded<T> {
    #[inline]
    fn as_ref(&self) -> &Option<Arc<T>> {
        &self.0
    }
}
