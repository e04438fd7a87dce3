//! Responses in Redis.

mod body;
mod invalidating;
mod line;
mod names;
mod record;
mod scripts;
mod settings;
mod writing;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use redis::{ScriptInvocation, Value};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use self::body::{PIECE, Pieces};
use self::line::Line;
use self::names::Names;
use self::scripts::Scripts;
pub use self::settings::RedisSettings;
use self::writing::Writing;
use super::coming::{Coming, Newcomer};
use super::{
    Answer, Head, Journal, Key, KeyRef, OpenFailed, Selector, Store, Variant, Variants, Writer,
};

/// Keeps responses in Redis, or what speaks its language, where other processes find them too.
///
/// See [the module's page](super#redis) for what it promises. Clones share a connection.
///
/// ```no_run
/// use buttress_cache::CacheLayer;
/// use buttress_cache::store::Redis;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let redis = Redis::open("redis://127.0.0.1:6379/0").await?;
/// let layer = CacheLayer::shared().store(redis);
/// # drop(layer);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    line: Line,
    names: Names,
    scripts: Scripts,
    stale: Duration,
    /// What the numbers of bodies are made of.
    seeds: [RandomState; 2],
    count: AtomicU64,
    writers: Arc<Semaphore>,
    /// What is on its way in, and the numbers of the bodies.
    coming: Coming<String>,
    journal: Journal,
}

/// So many bodies at most are on their way into Redis at the same time; who comes later waits in line,
/// and gives up when the layer's time limit is over.
const WRITERS: usize = 64;

/// Redis has no shorter time to live; and nothing has a longer one, whatever it says.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Redis {
    /// Uses the Redis at a URL, such as `redis://:password@127.0.0.1:6379/0` or
    /// `redis+unix:///run/redis.sock`.
    ///
    /// # Errors
    ///
    /// See [`RedisSettings::open`].
    pub async fn open(url: &str) -> Result<Self, OpenFailed> {
        Self::at(url).open().await
    }

    /// The same, with settings of your own.
    #[must_use]
    pub fn at(url: &str) -> RedisSettings {
        RedisSettings::new(url)
    }

    fn new(line: Line, settings: &RedisSettings) -> Self {
        Self(Arc::new(Inner {
            line,
            names: Names::new(&settings.prefix),
            scripts: Scripts::new(),
            stale: settings.stale,
            seeds: [RandomState::new(), RandomState::new()],
            count: AtomicU64::new(0),
            writers: Arc::new(Semaphore::new(WRITERS)),
            coming: Coming::default(),
            journal: Journal::new(),
        }))
    }

    /// Does something to the end, once it has begun, whether somebody waits for it or not.
    fn whole<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F + Send + 'static) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BoxError>> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        Answer::later(async move { Handle::try_current()?.spawn(work(inner)).await? })
    }
}

impl Inner {
    /// A script for an entry, or for whatever else it is for.
    fn on<'a>(&self, script: &'a redis::Script, entry: &[u8]) -> ScriptInvocation<'a> {
        let mut script = script.prepare_invoke();
        script.key(entry);
        script.arg(self.names.bodies()).arg(self.names.tags());
        script
    }

    fn milliseconds(&self, head: &Head) -> u64 {
        let time = head.useful_for(self.stale).clamp(SHORTEST, LONGEST);
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }

    fn new_serial(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let [one, other] = [0, 1].map(|seed: usize| self.seeds[seed].hash_one(count));
        format!("{one:016x}{other:016x}")
    }

    async fn get(&self, key: &Key) -> Result<Variants, BoxError> {
        let script = self.on(&self.scripts.get, &self.names.entry(key));
        Ok(record::read(self.line.run(&script).await?))
    }

    async fn body(
        self: Arc<Self>,
        key: &Key,
        id: u64,
        range: Range<u64>,
    ) -> Result<Option<Body>, BoxError> {
        let first = range.start;
        let asked = range.end.saturating_sub(first).clamp(1, PIECE);
        let mut script = self.on(&self.scripts.body, &self.names.entry(key));
        script.arg(record::field(id));
        let last = first.saturating_add(asked - 1);
        script.arg(first).arg(last);
        script.arg(range.end.saturating_sub(first).saturating_sub(asked));
        let answer: Value = self.line.run(&script).await?;
        if answer == Value::Nil {
            // Swept out by Redis, or expired: then its head is of no use either.
            self.remove(key, &[id]).await?;
            return Ok(None);
        }
        let (name, length, mut bytes): (Vec<u8>, u64, Vec<u8>) = redis::from_redis_value(answer)?;
        let end = range.end.min(length);
        let wanted = end.saturating_sub(first);
        bytes.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        let bytes = Bytes::from(bytes);
        let next = first.saturating_add(bytes.len() as u64);
        if next >= end {
            return Ok(Some(Body::from(bytes)));
        }
        Ok(Some(Body::new(Pieces::new(self, name, bytes, next, end))))
    }

    async fn update(&self, key: &Key, id: u64, head: &Head) -> Result<(), BoxError> {
        if head.tells_secrets() {
            return self.remove(key, &[id]).await;
        }
        let mut bytes = Vec::new();
        head.write(&mut bytes);
        let mut script = self.on(&self.scripts.update, &self.names.entry(key));
        script.arg(record::field(id)).arg(bytes);
        script.arg(self.milliseconds(head));
        self.line.run(&script).await
    }

    async fn remove(&self, key: &Key, ids: &[u64]) -> Result<(), BoxError> {
        let mut script = self.on(&self.scripts.remove, &self.names.entry(key));
        for id in ids {
            script.arg(record::field(*id));
        }
        self.line.run(&script).await
    }
}

impl Store for Redis {
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        let (inner, key) = (Arc::clone(&self.0), key.keep());
        Answer::later(async move { inner.get(&key).await })
    }

    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>> {
        let (inner, key) = (Arc::clone(&self.0), key.clone());
        Answer::later(async move { inner.body(&key, id, range).await })
    }

    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()> {
        let mut writing = Writing::of(Arc::clone(&self.0), key.clone());
        let new = writing.expect(variant, replaces);
        let line = Arc::clone(&self.0.writers);
        Answer::later(async move {
            let place = line.acquire_owned().await?;
            let work = async move {
                let _place = place;
                writing.put(&new).await
            };
            Handle::try_current()?.spawn(work).await?
        })
    }

    fn writer(&self, key: &Key) -> Option<Box<dyn Writer>> {
        Some(Box::new(Writing::of(Arc::clone(&self.0), key.clone())))
    }

    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()> {
        let key = key.clone();
        self.whole(move |inner| async move { inner.update(&key, id, &head).await })
    }

    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()> {
        let (key, ids) = (key.clone(), ids.to_vec());
        self.whole(move |inner| async move { inner.remove(&key, &ids).await })
    }

    fn journal(&self) -> Option<Journal> {
        Some(self.0.journal.clone())
    }

    fn invalidate(&self, selector: &Selector) -> Answer<usize> {
        let selector = selector.clone();
        let is_meant = |new: &Newcomer<String>| selector.picks(&new.key, &new.variant);
        let doomed = self.0.coming.doom(is_meant);
        let inner = Arc::clone(&self.0);
        // In no task of its own: one that nobody waits for any more is asked again, and must not go on beside
        // that. What it has done by then need not be done again.
        Answer::later(async move {
            inner.stop(&doomed).await?;
            inner.invalidate(&selector).await
        })
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("line", &self.0.line)
            .field("names", &self.0.names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(dead_code, reason = "the layer's tests need more of it")]
mod server;
#[cfg(test)]
mod tests;
