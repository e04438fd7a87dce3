use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{StoreError, Token, TokenStore};

/// A [`TokenStore`] in memory, for tests and for sharing one session between several clients of a
/// process. Clones share what is in it. Tokens are wiped when they leave it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use buttress_auth::{MemoryStore, Token, TokenStore};
///
/// let store = MemoryStore::new();
/// store.set("session", &Token::new("abc")?).await?;
/// assert!(store.get("session").await?.is_some());
/// store.remove("session").await?;
/// assert!(store.get("session").await?.is_none());
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<HashMap<String, Token>>>);

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Token>, StoreError> {
        Ok(self.tokens().get(key).cloned())
    }

    async fn set(&self, key: &str, token: &Token) -> Result<(), StoreError> {
        self.tokens().insert(key.to_owned(), token.clone());
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.tokens().remove(key);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
