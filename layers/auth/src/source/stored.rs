use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::{SystemWallClock, WallClock};

use super::FetchError;
use super::changes::Change;
use super::keeper::Keeper;
use crate::{StoreError, Token, TokenSource, TokenStore};

/// The key that a session is stored under, unless another is named.
const KEY: &str = "buttress-auth-session";

/// How long a store may take, unless another limit is set.
const LIMIT: Duration = Duration::from_secs(5);

/// A [`TokenSource`] whose tokens outlive it in a [`TokenStore`].
///
/// - The stored token is taken while it lives and is not the very one that is to be replaced; one that
///   has ended is handed to the source, for the refresh token in it. So a session can be shared: what one
///   has renewed, the others take.
/// - Each new token is stored, also one that a [`Handle`](crate::Handle) sets; what it clears is removed.
/// - A [terminal](FetchError::terminal) error removes what is stored, unless somebody else has stored
///   another token meanwhile: that one is taken.
/// - What is stored and is not a token is warned about and removed.
/// - A store that fails, or takes longer than it may, is warned about. What could not be written is kept
///   in memory and written again after a pause, one second at first and five minutes at most; until then
///   the tokens are as good as without a store. Only where nothing is known of a session whose source
///   [uses up](TokenSource::spends) what it begins with, no token is fetched until the store can be read:
///   to begin anew could end the session that is stored.
///
/// Two processes that renew a shared session at the same moment send the same refresh token. A server
/// that rotates refresh tokens takes the second for a theft and ends the session
/// ([RFC 9700 §4.14.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2)), and no store prevents it:
/// there, give each process a session of its own, or have one renew for all.
///
/// ```
/// use buttress_auth::{MemoryStore, Stored, Token};
///
/// let sign_in = || async { Token::new("2YotnFZFEjr1zCsicMWpAA") };
/// let source = Stored::new(sign_in, MemoryStore::new()).key("alice");
/// # drop(source);
/// ```
///
/// # Cancellation
///
/// Writes are made in a task of their own. A fetch that is dropped loses none.
pub struct Stored<S, T> {
    source: S,
    keeper: Keeper<T>,
    clock: Arc<dyn WallClock>,
}

impl<S, T> Stored<S, T> {
    /// Keeps the tokens of `source` in `store`.
    #[must_use]
    pub fn new(source: S, store: T) -> Self {
        Self {
            source,
            keeper: Keeper::new(store, KEY, LIMIT),
            clock: Arc::new(SystemWallClock),
        }
    }

    /// The key that the token is stored under, `buttress-auth-session` unless set.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.keeper.key = key.into().into();
        self
    }

    /// How long the store may take for one answer, 5 s unless set. After that it counts as one that
    /// fails.
    #[must_use]
    pub const fn store_timeout(mut self, limit: Duration) -> Self {
        self.keeper.limit = limit;
        self
    }

    /// The calendar that ends of tokens are compared with, in place of the system's.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn is_alive(&self, token: &Token) -> bool {
        token.end().is_none_or(|end| self.clock.now() < end)
    }
}

impl<S: TokenSource, T: TokenStore> Stored<S, T> {
    /// The stored token, unless it is this one.
    async fn load_other(&self, than: Option<&Token>) -> Result<Option<Token>, StoreError> {
        let stored = self.keeper.load().await?;
        Ok(stored.filter(|token| than.is_none_or(|than| !than.is_same(token))))
    }
}

impl<S: TokenSource, T: TokenStore> TokenSource for Stored<S, T> {
    async fn fetch(&self, previous: Option<&Token>) -> Result<Token, FetchError> {
        let epoch = self.keeper.epoch();
        let other = match self.load_other(previous).await {
            Ok(other) => other,
            // What the source would begin with may have been used up long ago.
            Err(error) if previous.is_none() && self.source.spends() => return Err(error.into()),
            Err(_) => None,
        };
        if let Some(token) = other.as_ref().filter(|token| self.is_alive(token)) {
            return Ok(token.clone());
        }
        let asked = self.clock.now();
        let used = other.as_ref().or(previous);
        match self.source.fetch(used).await {
            Ok(token) => {
                let token = token.dated(asked);
                self.keeper
                    .propose(epoch, Change::Keep(token.clone()))
                    .await;
                Ok(token)
            }
            Err(error) if error.is_terminal() => {
                // Somebody else may have used up the refresh token, and stored what came of it.
                let newer = self.load_other(used).await.unwrap_or_default();
                if let Some(token) = newer.filter(|token| self.is_alive(token)) {
                    return Ok(token);
                }
                if let Some(used) = used {
                    let discard = Change::Discard(used.clone());
                    self.keeper.propose(epoch, discard).await;
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    fn changed(&self, token: Option<&Token>) {
        let change = match token {
            Some(token) => Change::Keep(token.clone().dated(self.clock.now())),
            None => Change::Remove,
        };
        self.keeper.dictate(change);
        self.source.changed(token);
    }

    fn spends(&self) -> bool {
        self.source.spends()
    }
}

impl<S, T> fmt::Debug for Stored<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("key", &self.keeper.key)
            .finish_non_exhaustive()
    }
}
