use std::fmt;
use std::future::Future;
use std::pin::Pin;

use buttress_kernel::BoxError;

/// What a store answers: at once, without an allocation, or later.
pub enum Answer<T> {
    /// It is here.
    Now(T),
    /// It comes, or fails.
    Later(Pending<T>),
}

/// An answer that is not there yet.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl<T> Answer<T> {
    /// Answers with what `future` gives.
    pub fn later(future: impl Future<Output = Result<T, BoxError>> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }

    /// Waits for it.
    ///
    /// # Errors
    ///
    /// If the store failed.
    pub async fn wait(self) -> Result<T, BoxError> {
        match self {
            Self::Now(value) => Ok(value),
            Self::Later(pending) => pending.await,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(value) => f.debug_tuple("Now").field(value).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}
