//! Responses on disk.

mod bodies;
mod body;
mod card;
mod checks;
mod clearing;
mod digest;
mod doomed;
mod files;
mod index;
mod invalidating;
mod journal;
mod names;
mod open;
mod scan;
#[cfg(test)]
mod schedules;
mod state;
mod swept;
mod unsynced;
mod walks;
mod writing;

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use buttress_kernel::{Body, BoxError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use self::checks::Checks;
use self::digest::Digest;
use self::names::Name;
use self::state::{AT_ONCE, State};
use self::writing::Writing;
use super::{
    Answer, Head, Journal, Key, KeyRef, OpenFailed, Selector, Store, Variant, Variants, Writer,
};

/// Keeps responses in a folder, up to a number of bytes, where a later process finds them again.
///
/// See [the module's page](super#disk) for what it promises. Clones share their content.
///
/// ```
/// use buttress_cache::CacheLayer;
/// use buttress_cache::store::Disk;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("buttress-cache-doc-{}", std::process::id()));
/// let disk = Disk::open(&folder, 512 * 1024 * 1024).await?; // 512 MiB
/// let layer = CacheLayer::shared().store(disk);
/// # drop(layer);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Disk {
    state: Arc<State>,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    journal: Journal,
    checks: Arc<Checks>,
}

/// So many threads at most wait for the disk at the same time; who comes later waits in line, and gives
/// up when the layer's time limit is over.
const READERS: usize = 64;
const WRITERS: usize = 16;

impl Disk {
    /// Uses a folder, for at most `max_bytes` of files; it is made if it is not there.
    ///
    /// What earlier processes left there is found at once, and searched through in the background.
    ///
    /// # Errors
    ///
    /// If this user may not write there, another process uses it, or `max_bytes` is 0.
    pub async fn open(folder: impl Into<PathBuf>, max_bytes: u64) -> Result<Self, OpenFailed> {
        if max_bytes == 0 {
            return Err(OpenFailed::new(
                "a cache of 0 bytes keeps nothing; leave the layer out instead",
            ));
        }
        let folder = folder.into();
        let opened = tokio::task::spawn_blocking(move || open::open(&folder, max_bytes)).await;
        let failed = |error| OpenFailed::new("the cache's folder was not opened").because(error);
        Ok(Self {
            state: opened.map_err(failed)??,
            readers: Arc::new(Semaphore::new(READERS)),
            writers: Arc::new(Semaphore::new(WRITERS)),
            journal: Journal::new(),
            checks: Checks::new(),
        })
    }

    /// How many bytes its files take on disk, as far as they are known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.state.index.bytes()
    }

    /// How many keys there are, as far as they are known.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.state.index.keys()
    }

    /// Waits until all that earlier processes left is known.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost: the search goes on.
    pub async fn searched(&self) {
        self.state.scan.over().await;
    }

    /// Does something where it may block. Once begun, it is done to the end, whether somebody waits for
    /// it or not.
    fn job<T: Send + 'static>(
        &self,
        line: &Arc<Semaphore>,
        work: impl FnOnce(&State) -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T, BoxError>> + Send + 'static {
        let (state, line) = (Arc::clone(&self.state), Arc::clone(line));
        async move {
            let place = line.acquire_owned().await?;
            let job = move || {
                let _place = place;
                let done = work(&state);
                if let Err(error) = &done {
                    state.make_room(error);
                }
                if state.tidy_some(AT_ONCE)
                    && let Ok(runtime) = Handle::try_current()
                {
                    let state = Arc::downgrade(&state);
                    runtime.spawn_blocking(move || State::tidy_rest(&state));
                }
                done
            };
            Ok(Handle::try_current()?.spawn_blocking(job).await??)
        }
    }

    fn change(&self, work: impl FnOnce(&State) -> io::Result<()> + Send + 'static) -> Answer<()> {
        Answer::later(self.job(&self.writers, work))
    }

    /// The same, for what must not be left out because its caller gave up in line.
    fn duty<T: Send + 'static>(
        &self,
        work: impl FnOnce(&State) -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T, BoxError>> + Send + 'static {
        let job = self.job(&self.writers, work);
        async move { Handle::try_current()?.spawn(job).await? }
    }

    /// What the search has yet to find is not waited for: it is noted what has to go then.
    fn invalidate_all_of(&self, selector: &Selector) -> Answer<usize> {
        let line = self.state.doom(selector);
        let (disk, selector) = (self.clone(), selector.clone());
        Answer::later(async move {
            if selector == Selector::All {
                disk.clear(line).await
            } else {
                disk.walk(selector, line).await
            }
        })
    }

    /// Forgets everything at once, and key by key what cannot be moved out of the way.
    async fn clear(self, line: Option<Vec<u8>>) -> Result<usize, BoxError> {
        let state = Arc::clone(&self.state);
        let cleared = self.duty(move |_| {
            let noted = line.map_or(Ok(()), |line| state.note(&line));
            let cleared = state.clear();
            clearing::begin(&state);
            noted.and(cleared)
        });
        let cleared = cleared.await?;
        let left = match cleared.is_left {
            true => self.walk(Selector::All, None).await?,
            false => 0,
        };
        Ok(cleared.responses + left)
    }

    /// Goes through all keys that the selector may mean, or waits for whoever does it already.
    async fn walk(self, selector: Selector, line: Option<Vec<u8>>) -> Result<usize, BoxError> {
        let (follower, guide) = self.state.walks.enter(&selector);
        let Some(guide) = guide else {
            let count = follower.end().await?;
            // What was lost since it synced a folder is not on the disk yet.
            self.duty(|state| state.files.settle_all(|| {})).await?;
            return Ok(count);
        };
        let walk = self.job(&self.writers, move |state| {
            let noted = line.map_or(Ok(()), |line| state.note(&line));
            let gone = state.invalidate(&selector, || guide.step());
            guide.end(noted.and(gone));
            Ok(())
        });
        // It goes on, whether somebody waits for it or not.
        Handle::try_current()?.spawn(walk);
        Ok(follower.end().await?)
    }
}

impl Store for Disk {
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        let at = Digest::of_key(key);
        if self.state.is_absent(&at) {
            return Answer::Now(Variants::default());
        }
        let key = key.keep();
        Answer::later(self.job(&self.readers, move |state| {
            let Some(card) = state.read(at, &key)? else {
                return Ok(Variants::default());
            };
            let records = card.records.into_iter();
            Ok(records
                .map(|record| Variant::restore(record.id, record.head, &record.tags, None))
                .collect())
        }))
    }

    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>> {
        Answer::later(self.clone().read_body(key.clone(), id, range))
    }

    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()> {
        let new = self.state.expect(key, variant, replaces);
        self.change(move |state| state.put_whole(&new))
    }

    fn writer(&self, key: &Key) -> Option<Box<dyn Writer>> {
        Some(Box::new(Writing::of(self.clone(), key.clone())))
    }

    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()> {
        let (at, key) = (Digest::of_key(key.lend()), key.clone());
        self.change(move |state| state.update(at, &key, id, head))
    }

    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()> {
        let (at, key, ids) = (Digest::of_key(key.lend()), key.clone(), ids.to_vec());
        Answer::later(self.duty(move |state| {
            state.remove(at, &key, &ids)?;
            state.files.settle(Name::Card(at).shard())
        }))
    }

    fn journal(&self) -> Option<Journal> {
        Some(self.journal.clone())
    }

    fn invalidate(&self, selector: &Selector) -> Answer<usize> {
        let Selector::Key(key) = selector else {
            return self.invalidate_all_of(selector);
        };
        let (at, key) = (Digest::of_key(key.lend()), key.clone());
        self.state.coming.doom(|new| new.at == at);
        Answer::later(self.duty(move |state| state.invalidate_key(at, &key)))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("bytes", &self.bytes())
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
