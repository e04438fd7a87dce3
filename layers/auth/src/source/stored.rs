use std::fmt;
use std::sync::Arc;

use buttress_kernel::{SystemWallClock, WallClock};

use super::FetchError;
use crate::{StoreError, Token, TokenSource, TokenStore, telemetry};

/// The key that a session is stored under, unless another is named.
const KEY: &str = "buttress-auth-session";

/// A [`TokenSource`] whose tokens outlive it in a [`TokenStore`].
///
/// The stored token is taken while it lives and is not the very one that is to be replaced; one that
/// has ended is handed to the source, for the refresh token in it. So a session can be shared: whoever
/// renews it first does so for all. Each new token is stored; a [terminal](FetchError::terminal) error
/// removes what is stored. What is stored and is not a token is warned about and removed. A store
/// that fails is warned about too, and then the tokens are as good as without it.
///
/// ```
/// use buttress_auth::{MemoryStore, Stored, Token};
///
/// let sign_in = || async { Token::new("2YotnFZFEjr1zCsicMWpAA") };
/// let source = Stored::new(sign_in, MemoryStore::new()).key("alice");
/// # drop(source);
/// ```
pub struct Stored<S, T> {
    source: S,
    store: T,
    key: String,
    clock: Arc<dyn WallClock>,
}

impl<S, T> Stored<S, T> {
    /// Keeps the tokens of `source` in `store`.
    #[must_use]
    pub fn new(source: S, store: T) -> Self {
        Self {
            source,
            store,
            key: KEY.to_owned(),
            clock: Arc::new(SystemWallClock),
        }
    }

    /// The key that the token is stored under, `buttress-auth-session` unless set.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// The calendar that ends of tokens are compared with, in place of the system's.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl<S: TokenSource, T: TokenStore> Stored<S, T> {
    async fn load(&self) -> Option<Token> {
        match self.store.get(&self.key).await {
            Ok(token) => token,
            Err(error) => {
                telemetry::store_failed("get", error.is_malformed());
                if error.is_malformed() {
                    self.remove().await;
                }
                None
            }
        }
    }

    async fn remove(&self) {
        let removed = self.store.remove(&self.key).await;
        tell("remove", &removed);
    }
}

fn tell(what: &'static str, end: &Result<(), StoreError>) {
    if let Err(error) = end {
        telemetry::store_failed(what, error.is_malformed());
    }
}

impl<S: TokenSource, T: TokenStore> TokenSource for Stored<S, T> {
    async fn fetch(&self, previous: Option<&Token>) -> Result<Token, FetchError> {
        let stored = self.load().await;
        let is_other = |token: &&Token| previous.and_then(Token::expose) != token.expose();
        let other = stored.as_ref().filter(is_other);
        let asked = self.clock.now();
        if let Some(token) = other
            && token.end().is_none_or(|end| asked < end)
        {
            return Ok(token.clone());
        }
        match self.source.fetch(other.or(previous)).await {
            Ok(token) => {
                let token = token.dated(asked);
                let kept = self.store.set(&self.key, &token).await;
                tell("set", &kept);
                Ok(token)
            }
            Err(error) => {
                if error.is_terminal() {
                    self.remove().await;
                }
                Err(error)
            }
        }
    }
}

impl<S, T> fmt::Debug for Stored<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
