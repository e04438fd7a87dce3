use std::error::Error;
use std::fmt;
use std::future::Future;

use buttress_kernel::BoxError;

use crate::Token;

/// Keeps tokens beyond the life of a process, or between several of them.
///
/// A store gets tokens with their end as a [date](Token::end), and gives them back so. It holds
/// secrets, refresh tokens among them: a file is for its owner alone, a table is encrypted.
/// [`Stored`](crate::Stored) gives it a time limit, after which the future is dropped.
pub trait TokenStore: Send + Sync + 'static {
    /// The token under this key, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::malformed`] when something is there that is not a token: it will be removed.
    /// Any other error when the store cannot be asked.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Token>, StoreError>> + Send;

    /// Keeps a token under this key, in place of the one that was there.
    ///
    /// # Errors
    ///
    /// When it cannot be kept. It is used all the same, and [`Stored`](crate::Stored) tries again
    /// later.
    fn set(&self, key: &str, token: &Token) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes what is under this key; that nothing is there is no error.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    fn remove(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A [`TokenStore`] failed. Its cause's message must hold nothing of what was stored.
#[derive(Debug)]
pub struct StoreError {
    malformed: bool,
    cause: BoxError,
}

impl StoreError {
    /// The store cannot be reached, read or written.
    #[must_use]
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self {
            malformed: false,
            cause: cause.into(),
        }
    }

    /// What was stored is not a token.
    #[must_use]
    pub fn malformed(cause: impl Into<BoxError>) -> Self {
        Self {
            malformed: true,
            cause: cause.into(),
        }
    }

    /// Whether what was stored is not a token.
    #[must_use]
    pub const fn is_malformed(&self) -> bool {
        self.malformed
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.malformed {
            "what was stored is not a token"
        } else {
            "the store of tokens cannot be used"
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}
