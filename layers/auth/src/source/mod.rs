//! Where tokens come from, and where they are kept.

mod changes;
mod error;
mod keeper;
mod memory;
mod store;
mod stored;

use std::future::Future;

use crate::Token;

pub use self::error::FetchError;
pub use self::memory::MemoryStore;
pub use self::store::{StoreError, TokenStore};
pub use self::stored::Stored;

/// Where tokens come from. Any closure that returns a future of a token is one.
///
/// [`Tokens`](crate::Tokens) asks it, one request at a time however many callers wait, in a task of
/// its own, with a time limit. A source that sends requests itself must not send them through a
/// service that carries these tokens: it would wait for itself until the limit ends it.
///
/// ```
/// use std::time::Duration;
/// use buttress_auth::{FetchError, Token, TokenSource};
///
/// struct Session { /* an HTTP client */ }
///
/// impl TokenSource for Session {
///     async fn fetch(&self, previous: Option<&Token>) -> Result<Token, FetchError> {
///         match previous.and_then(Token::expose_refresh_token) {
///             Some(_refresh_token) => { /* POST it to the token endpoint */ }
///             None => { /* sign in */ }
///         }
///         Ok(Token::new("2YotnFZFEjr1zCsicMWpAA")?.expires_in(Duration::from_secs(3600)))
///     }
/// }
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// A new token. `previous` is the last one, though it has expired or was rejected: it may hold a
    /// refresh token. There is none at first, after [`Handle::clear`](crate::Handle::clear), and
    /// after a [terminal](FetchError::terminal) error.
    ///
    /// # Cancellation
    ///
    /// The future runs in a task of its own, so a caller that goes away does not drop it. It is
    /// dropped when the time limit runs out, and with the runtime.
    fn fetch(
        &self,
        previous: Option<&Token>,
    ) -> impl Future<Output = Result<Token, FetchError>> + Send;

    /// Told when a [`Handle`](crate::Handle) sets a token or, with `None`, clears it: for sources that
    /// keep tokens themselves, as [`Stored`] does. It must not block. Nothing is done unless a source
    /// says so.
    fn changed(&self, token: Option<&Token>) {
        let _ = token;
    }

    /// Whether a fetch uses up what it begins with, as a refresh token is used up where the server
    /// rotates: its second use ends the session. [`Stored`] fetches no token of such a source as long
    /// as it cannot read what was stored last. `false` unless a source says so.
    fn spends(&self) -> bool {
        false
    }
}

impl<F, R, T, E> TokenSource for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<T, E>> + Send,
    T: Into<Token>,
    E: Into<FetchError>,
{
    async fn fetch(&self, _: Option<&Token>) -> Result<Token, FetchError> {
        self().await.map(Into::into).map_err(Into::into)
    }
}
