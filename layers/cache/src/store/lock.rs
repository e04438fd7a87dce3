use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nothing runs under the stores' locks that could leave things half done, so poison says nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    #[cfg(test)]
    if let Some(guard) = super::scheduled::lock(mutex) {
        return guard;
    }
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Others may come between what is before and what is behind; tests put them there.
#[inline]
pub(super) fn step() {
    #[cfg(test)]
    super::scheduled::step();
}
