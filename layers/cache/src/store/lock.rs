use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nothing runs under the stores' locks that could leave things half done, so poison says nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
