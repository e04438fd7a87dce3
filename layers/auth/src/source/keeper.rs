//! Writes a session to its store, and reads it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::changes::{Change, Changes};
use crate::{StoreError, Token, TokenStore, telemetry};

/// The pause after a failed write, which doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);

const LONGEST: Duration = Duration::from_secs(5 * 60);

/// A session in a store. What cannot be written now is kept, read from here, and written later.
///
/// Writes are made in a task of their own, one after the other, so that neither a fetch that runs out
/// of time nor a store that hangs loses a token: the refresh token before it may be used up.
pub(super) struct Keeper<T> {
    store: Arc<T>,
    pub(super) key: Arc<str>,
    /// How long the store may take for one answer.
    pub(super) limit: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    changes: Mutex<Changes>,
    /// A change came.
    came: Notify,
    /// The number of the last change that was tried.
    tried: watch::Sender<u64>,
}

impl<T> Clone for Keeper<T> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            key: Arc::clone(&self.key),
            limit: self.limit,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Keeper<T> {
    pub(super) fn new(store: T, key: &str, limit: Duration) -> Self {
        let shared = Shared {
            changes: Mutex::default(),
            came: Notify::new(),
            tried: watch::Sender::new(0),
        };
        Self {
            store: Arc::new(store),
            key: key.into(),
            limit,
            shared: Arc::new(shared),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.shared.changes().epoch()
    }
}

impl Shared {
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: TokenStore> Keeper<T> {
    /// The token, if there is one.
    ///
    /// # Errors
    ///
    /// If the store does not say.
    pub(super) async fn load(&self) -> Result<Option<Token>, StoreError> {
        let pending = self.shared.changes().pending().cloned();
        if pending.is_some() {
            self.begin();
        }
        match pending {
            Some(Change::Keep(token)) => Ok(Some(token)),
            Some(Change::Remove) => Ok(None),
            Some(Change::Discard(old)) => {
                let read = self.read().await?;
                Ok(read.filter(|token| !old.is_same(token)))
            }
            None => self.read().await,
        }
    }

    async fn read(&self) -> Result<Option<Token>, StoreError> {
        let read = timeout(self.limit, self.store.get(&self.key)).await;
        let error = match read {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) => error,
            Err(elapsed) => StoreError::unavailable(elapsed),
        };
        telemetry::store_failed("get", error.is_malformed());
        if !error.is_malformed() {
            return Err(error);
        }
        let epoch = self.epoch();
        self.propose(epoch, Change::Remove).await;
        Ok(None)
    }

    /// Changes what is stored, on behalf of a fetch that began in this epoch. Waits until that was
    /// tried, within limits.
    pub(super) async fn propose(&self, epoch: u64, change: Change) {
        let mut tried = self.shared.tried.subscribe();
        let number = self.shared.changes().propose(epoch, change);
        self.begin();
        if let Some(number) = number {
            let done = tried.wait_for(|tried| *tried >= number);
            // What takes longer goes on without us.
            let _ = timeout(self.limit, done).await;
        }
    }

    /// Changes what is stored, whatever fetches under way bring.
    pub(super) fn dictate(&self, change: Change) {
        self.shared.changes().dictate(change);
        self.begin();
    }

    /// Has the change written that is not written yet: now, whatever failed before, if there is a
    /// runtime to do so.
    fn begin(&self) {
        let Ok(runtime) = runtime::Handle::try_current() else {
            return;
        };
        if self.shared.changes().begin() {
            let keeper = self.clone();
            let over = false;
            runtime.spawn(Writer { keeper, over }.run());
        } else {
            self.shared.came.notify_one();
        }
    }

    async fn write(&self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Keep(token) => self.store.set(&self.key, token).await,
            Change::Remove => self.store.remove(&self.key).await,
            Change::Discard(old) => match self.store.get(&self.key).await? {
                Some(token) if old.is_same(&token) => self.store.remove(&self.key).await,
                _ => Ok(()),
            },
        }
    }
}

/// Writes until everything is written.
struct Writer<T> {
    keeper: Keeper<T>,
    /// Everything is written, and somebody else may have begun to write since.
    over: bool,
}

impl<T: TokenStore> Writer<T> {
    async fn run(mut self) {
        let Keeper { shared, limit, .. } = &self.keeper;
        let mut pause = FIRST;
        loop {
            // Nobody else is left who could try again.
            let last = Arc::strong_count(shared) == 1;
            let next = shared.changes().next();
            let Some((number, change)) = next else {
                self.over = true;
                return;
            };
            let end = timeout(*limit, self.keeper.write(&change)).await;
            if matches!(end, Ok(Ok(()))) {
                shared.changes().written(number);
                pause = FIRST;
            } else {
                let malformed = matches!(end, Ok(Err(error)) if error.is_malformed());
                telemetry::store_failed(change.as_str(), malformed);
            }
            shared.tried.send_replace(number);
            let is_written = shared.changes().pending().is_none();
            if !is_written {
                if last {
                    return;
                }
                // A newer change is not kept waiting.
                let _ = timeout(pause, shared.came.notified()).await;
                pause = (pause * 2).min(LONGEST);
            }
        }
    }
}

impl<T> Drop for Writer<T> {
    /// Also when a store panics, or the runtime ends.
    fn drop(&mut self) {
        if !self.over {
            self.keeper.shared.changes().stop();
        }
    }
}
