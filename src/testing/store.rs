use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use buttress_cache::store::{
    Answer, Head, Journal, Key, KeyRef, Memory, Selector, Store, Variant, Variants,
};
use buttress_kernel::Body;

/// A cache's store that writes down what is asked of it, and fails on request. Clones are one.
///
/// ```
/// use buttress::testing::{Expect, Mock, RecordingStore, Reply, StoreOperation};
/// use buttress::{CacheLayer, Client};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mock, store) = (Mock::new(), RecordingStore::default());
/// let client = Client::builder()
///     .base_uri("https://api.example.com")
///     .cache(CacheLayer::private().store(store.clone()))
///     .build_over(mock.transport())?;
///
/// let fresh = Reply::ok().header("cache-control", "max-age=60").text("hi");
/// mock.expect(Expect::get("/a").reply(fresh).times(2));
/// client.get("/a").send().await?.text().await?;
/// assert!(store.operations().contains(&StoreOperation::Put));
///
/// // A store that is down is as good as an empty one.
/// store.fail(true);
/// assert_eq!(client.get("/a").send().await?.text().await?, "hi");
/// mock.verify();
/// # Ok(())
/// # }
/// ```
pub struct RecordingStore<S = Memory>(Arc<Inner<S>>);

struct Inner<S> {
    store: S,
    operations: Mutex<Vec<StoreOperation>>,
    fails: AtomicBool,
}

/// What a store is asked to do.
// Open: a store may learn to do more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreOperation {
    /// [`Store::get`]
    Get,
    /// [`Store::body`]
    Body,
    /// [`Store::put`]
    Put,
    /// [`Store::update`]
    Update,
    /// [`Store::remove`]
    Remove,
    /// [`Store::invalidate`]
    Invalidate,
}

/// More bytes than a test stores.
const MEMORY: u64 = 16 * 1024 * 1024;

impl<S> RecordingStore<S> {
    /// Writes down what is asked of another store.
    pub fn over(store: S) -> Self {
        Self(Arc::new(Inner {
            store,
            operations: Mutex::default(),
            fails: AtomicBool::new(false),
        }))
    }

    /// What it was asked to do since the last time, in that order; also what failed.
    #[must_use]
    pub fn operations(&self) -> Vec<StoreOperation> {
        std::mem::take(&mut *self.lock())
    }

    /// Lets everything fail from now on, or not any more.
    pub fn fail(&self, fails: bool) {
        self.0.fails.store(fails, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<StoreOperation>> {
        let operations = self.0.operations.lock();
        operations.unwrap_or_else(PoisonError::into_inner)
    }

    fn record<T>(
        &self,
        operation: StoreOperation,
        answer: impl FnOnce(&S) -> Answer<T>,
    ) -> Answer<T>
    where
        T: Send + 'static,
    {
        self.lock().push(operation);
        if self.0.fails.load(Ordering::Relaxed) {
            return Answer::later(async { Err("the store fails on request".into()) });
        }
        answer(&self.0.store)
    }
}

impl Default for RecordingStore {
    fn default() -> Self {
        Self::over(Memory::of(MEMORY))
    }
}

impl<S> Clone for RecordingStore<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Store> Store for RecordingStore<S> {
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        self.record(StoreOperation::Get, |store| store.get(key))
    }

    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>> {
        self.record(StoreOperation::Body, |store| store.body(key, id, range))
    }

    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()> {
        self.record(StoreOperation::Put, |store| {
            store.put(key, variant, replaces)
        })
    }

    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()> {
        self.record(StoreOperation::Update, |store| store.update(key, id, head))
    }

    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()> {
        self.record(StoreOperation::Remove, |store| store.remove(key, ids))
    }

    fn journal(&self) -> Option<Journal> {
        self.0.store.journal()
    }

    fn invalidate(&self, selector: &Selector) -> Answer<usize> {
        self.record(StoreOperation::Invalidate, |store| {
            store.invalidate(selector)
        })
    }
}

impl<S> fmt::Debug for RecordingStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingStore")
            .field("operations", &self.lock().len())
            .finish_non_exhaustive()
    }
}
