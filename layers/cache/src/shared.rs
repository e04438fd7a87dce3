//! What all services of one layer share.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::SystemTime;

use buttress_kernel::key::{Authority, KeyExtractor};
use buttress_kernel::{BoxError, Partition};
use http::{HeaderName, HeaderValue, Request, Response, Uri, header};
use tokio::sync::broadcast;
use tokio::time::timeout;

use crate::flight::Table;
use crate::handle::Change;
use crate::outdated::{Moment, Outdated};
use crate::overrides::{Override, Target};
use crate::recent::{Calls, Unfit};
use crate::settings::Settings;
use crate::status::CacheStatus;
use crate::store::{
    Answer, Credentials, Hashing, Key, KeyRef, Memory, Name, Selector, Store, Variant, Variants,
};
use crate::stream::Room;
use crate::telemetry;

/// So many changes wait for a listener that is slow.
const CHANGES: usize = 256;

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) flights: Arc<Table>,
    pub(crate) outdated: Outdated,
    pub(crate) unfit: Unfit,
    /// For the bodies under way.
    pub(crate) room: Arc<Room>,
    calls: Calls,
    hashing: Hashing,
    digests: [RandomState; 2],
    ids: AtomicU64,
    pub(crate) revalidating: AtomicUsize,
    pub(crate) changes: broadcast::Sender<Change>,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        let memory =
            || -> Arc<dyn Store> { Arc::new(Memory::with(settings.max_bytes, settings.max_entry)) };
        Arc::new(Self {
            store: settings.store.clone().unwrap_or_else(memory),
            flights: Arc::new(Table::new()),
            outdated: Outdated::new(),
            unfit: Unfit::new(),
            room: Room::of(settings.max_bytes.max(settings.max_entry)),
            calls: Calls::new(),
            hashing: Hashing::default(),
            digests: [RandomState::new(), RandomState::new()],
            ids: AtomicU64::new(0),
            revalidating: AtomicUsize::new(0),
            changes: broadcast::Sender::new(CHANGES),
            settings,
        })
    }

    #[inline]
    pub(crate) fn now(&self) -> SystemTime {
        self.settings.wall_clock.now()
    }

    /// A number for a new response, other than those of earlier processes too.
    pub(crate) fn new_id(&self) -> u64 {
        self.digests[0].hash_one(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// What this request wants: its own wishes first, then its route's, then the layer's. Nothing
    /// where nobody has any.
    #[inline]
    pub(crate) fn wants<B>(&self, request: &Request<B>) -> Option<Override> {
        let extensions = request.extensions();
        let own = if extensions.is_empty() {
            None
        } else {
            extensions.get::<Override>()
        };
        if own.is_none() && self.settings.route.is_none() && self.settings.defaults.is_empty() {
            return None;
        }
        let own = own.cloned().unwrap_or_default();
        let route = self.settings.route.as_ref();
        let routed = route.and_then(|route| route(&Target::of(request)));
        Some(
            own.or(routed.unwrap_or_default())
                .or(self.settings.defaults.clone()),
        )
    }

    /// Does something with the key of a request.
    #[inline]
    pub(crate) fn with_key<B, T>(
        &self,
        request: &Request<B>,
        name: Option<&str>,
        act: impl FnOnce(KeyRef<'_>) -> T,
    ) -> T {
        let extensions = request.extensions();
        let partition = if extensions.is_empty() {
            None
        } else {
            extensions.get::<Partition>()
        };
        let partition = partition.map_or("", Partition::as_str);
        let credentials = self.credentials(request);
        if let Some(name) = name {
            return act(KeyRef::new(
                &self.hashing,
                Name::Whole(name),
                partition,
                credentials,
            ));
        }
        let authority = Authority.extract(request);
        let name = uri_name(request.uri(), &authority);
        act(KeyRef::new(&self.hashing, name, partition, credentials))
    }

    /// A digest of the credentials, which in a private cache divide the users; a shared cache has
    /// rules of its own for them (RFC 9111 §3.5).
    #[inline]
    fn credentials<B>(&self, request: &Request<B>) -> Option<Credentials> {
        if self.settings.policy.shared {
            return None;
        }
        let secret = request.headers().get(header::AUTHORIZATION)?.as_bytes();
        Some([
            self.digests[0].hash_one(secret),
            self.digests[1].hash_one(secret),
        ])
    }

    /// The key of a URI, in the partition of `key`; the host is that of a server, whose URIs do not
    /// name it.
    pub(crate) fn sibling(&self, key: &Key, uri: &Uri, host: Option<&HeaderValue>) -> Key {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        if let Some(host) = host {
            request.headers_mut().insert(header::HOST, host.clone());
        }
        let authority = Authority.extract(&request);
        let name = uri_name(uri, &authority);
        let (partition, credentials) = key.owner();
        KeyRef::new(&self.hashing, name, partition, credentials).keep()
    }

    pub(crate) fn named(&self, name: &str) -> Key {
        KeyRef::new(&self.hashing, Name::Whole(name), "", None).keep()
    }

    /// Counts a call, and warns when there are so many of one key that it must be a loop.
    #[inline]
    pub(crate) fn count_call(&self, key: KeyRef<'_>, now: SystemTime) {
        let (most, window) = self.settings.warn_at;
        if most > 0 && self.calls.count(key.hash(), now, window, most) {
            telemetry::asked_too_often(key, most, window);
        }
    }

    /// Puts what the cache did where the caller can see it.
    #[inline]
    pub(crate) fn tell<T>(&self, response: &mut Response<T>, status: impl FnOnce() -> CacheStatus) {
        if self.settings.name.is_some() || self.settings.extension {
            self.tell_all(response, status());
        }
    }

    fn tell_all<T>(&self, response: &mut Response<T>, status: CacheStatus) {
        const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
        if let Some(value) = self
            .settings
            .name
            .as_ref()
            .and_then(|name| status.value(name))
        {
            response.headers_mut().append(CACHE_STATUS, value);
        }
        if self.settings.extension {
            response.extensions_mut().insert(status);
        }
    }
}

fn uri_name<'a>(uri: &'a Uri, authority: &'a str) -> Name<'a> {
    Name::Uri {
        scheme: uri.scheme_str().unwrap_or_default(),
        authority,
        path: uri.path_and_query().map_or("/", |path| path.as_str()),
    }
}

/// The store, within its time limit.
impl Shared {
    /// What a store answers, or nothing and an event when it fails or takes too long.
    pub(crate) async fn wait<T>(&self, what: &'static str, answer: Answer<T>) -> Option<T> {
        let pending = match answer {
            Answer::Now(value) => return Some(value),
            Answer::Later(pending) => pending,
        };
        let error: BoxError = match timeout(self.settings.store_timeout, pending).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        telemetry::store_failed(what, &*error);
        None
    }

    /// Sees to it that a store does its work, at once or in a task of its own; then `done`.
    pub(crate) fn see_to<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        answer: Answer<T>,
        done: impl FnOnce(&Arc<Self>, Option<T>) + Send + 'static,
    ) {
        let pending = match answer {
            Answer::Now(value) => return done(self, Some(value)),
            Answer::Later(pending) => pending,
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            telemetry::store_failed(what, &NoRuntime);
            return done(self, None);
        };
        let shared = Arc::clone(self);
        runtime.spawn(async move {
            let value = shared.wait(what, Answer::Later(pending)).await;
            done(&shared, value);
        });
    }

    /// Adds a response that was asked for at that moment, unless it was made out of date since.
    pub(crate) fn put(
        self: &Arc<Self>,
        key: Key,
        variant: Variant,
        replaces: &[u64],
        since: Moment,
        done: impl FnOnce() + Send + 'static,
    ) {
        let (id, size, tags) = (variant.id(), variant.size(), variant.shared_tags().cloned());
        let answer = self.store.put(&key, variant, replaces);
        self.see_to("put", answer, move |shared, stored| {
            if stored.is_none() {
                return done();
            }
            // Not before it is there: whoever makes it out of date now finds it himself.
            if shared.outdated.has(&key, tags.as_ref(), since) {
                telemetry::not_stored(&key, "out of date");
                shared.forget(&key, &[id]);
            } else {
                telemetry::stored(&key, size);
                shared.announce(|| Change::Stored(key));
            }
            done();
        });
    }

    pub(crate) fn forget(self: &Arc<Self>, key: &Key, ids: &[u64]) {
        if !ids.is_empty() {
            let answer = self.store.remove(key, ids);
            self.see_to("remove", answer, |_, _| {});
        }
    }

    /// What is being fetched under a key is out of date: nobody joins it, and it is not stored.
    pub(crate) fn doom_key(&self, key: &Key) {
        self.outdated.add_key(key);
        self.flights.doom_key(key);
    }

    /// The same for all that the selector picks.
    pub(crate) fn doom(&self, selector: &Selector) {
        self.outdated.add(selector);
        self.flights.doom(selector);
    }

    /// Everything under a key is out of date.
    pub(crate) fn invalidate_key(self: &Arc<Self>, key: Key) {
        self.doom_key(&key);
        let answer = self.store.invalidate(&Selector::Key(key.clone()));
        self.see_to("invalidate", answer, move |shared, count| {
            telemetry::invalidated(&key, count.unwrap_or_default());
            shared.announce(|| Change::Invalidated(Selector::Key(key)));
        });
    }

    pub(crate) fn announce(&self, change: impl FnOnce() -> Change) {
        if self.changes.receiver_count() > 0 {
            // Nobody listening any more is no failure.
            let _ = self.changes.send(change());
        }
    }

    /// Everything stored under a key.
    #[inline]
    pub(crate) fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        self.store.get(key)
    }
}

#[derive(Debug)]
struct NoRuntime;

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that answers later needs a tokio runtime")
    }
}

impl std::error::Error for NoRuntime {}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
