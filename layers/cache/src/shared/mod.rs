//! What all services of one layer share.

mod keys;
mod putting;
mod settling;
mod storing;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::SystemTime;

use http::{HeaderName, Request, Response};
use tokio::sync::{Semaphore, broadcast};

use crate::flight::{LayerId, Table};
use crate::handle::Change;
use crate::outdated::Outdated;
use crate::overrides::{Override, Target};
use crate::policy::Policy;
use crate::recent::{Calls, Unfit};
use crate::settings::{Place, Settings};
use crate::status::CacheStatus;
use crate::store::{Hashing, Journal, Key, KeyRef, Memory, Name, Store, Whose};
use crate::stream::Room;
use crate::unsettled::Unsettled;

pub(crate) use self::putting::{Putting, Way};
pub(crate) use self::settling::Settling;

/// So many changes wait for a listener that is slow.
const CHANGES: usize = 256;

/// The seed of digests of credentials: one for the process, as that of keys is.
static PROCESS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// So many responses are followed that take the store longer than they may: as many as a store is
/// likely to have begun with.
const LATE: usize = 64;

pub(crate) struct Shared {
    /// For what goes on in the background as long as the layer lives.
    this: Weak<Self>,
    pub(crate) settings: Settings,
    /// By what rules it goes for whoever has not said who he is.
    for_anyone: Policy,
    /// Whether neither the layer nor a route has wishes.
    wishes_nothing: bool,
    pub(crate) store: Arc<dyn Store>,
    /// Whether the store takes long bodies in pieces.
    pub(crate) in_pieces: bool,
    /// Which one it is of the layers over this store.
    pub(crate) layer: LayerId,
    pub(crate) flights: Arc<Table>,
    pub(crate) outdated: Arc<Outdated>,
    unsettled: Unsettled,
    anyones: Arc<AtomicBool>,
    /// For what is put later than it should be.
    late: Semaphore,
    pub(crate) unfit: Unfit,
    /// For the bodies under way.
    pub(crate) room: Arc<Room>,
    pub(crate) calls: Calls,
    hashing: Hashing,
    /// For digests of credentials, which nobody may guess.
    secret: RandomState,
    numbers: RandomState,
    ids: AtomicU64,
    pub(crate) revalidating: AtomicUsize,
    pub(crate) changes: broadcast::Sender<Change>,
}

impl Shared {
    #[cfg_attr(not(feature = "persistent"), expect(unused_mut))]
    pub(crate) fn new(mut settings: Settings) -> Arc<Self> {
        let memory = || Place::new(Memory::with(settings.max_bytes, settings.max_entry));
        let Place { store, journal } = settings.place.clone().unwrap_or_else(memory);
        // Whoever can read the store must not be able to try credentials out on what stands there, and
        // the hashes that are good enough for a table in memory are not made for that.
        #[cfg(feature = "persistent")]
        if settings.secret.is_none() && !store.keeps_secrets() {
            settings.secret = crate::secret::Secret::random();
        }
        let hashing = Hashing::of_keys();
        let any = KeyRef::new(&hashing, Name::Given(""), "", None).keep();
        let in_pieces = store.writer(&any).is_some();
        // Where bodies are held whole, there is room for the longest.
        let longest = if in_pieces { 0 } else { settings.max_entry };
        let Journal {
            outdated,
            unsettled,
            flights,
            anyones,
        } = journal;
        if !store.keeps_secrets() {
            // It may have been there before this process.
            anyones.store(true, Ordering::Relaxed);
        }
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            for_anyone: settings.policy.for_anyone(),
            wishes_nothing: settings.route.is_none() && settings.defaults.is_empty(),
            store,
            in_pieces,
            layer: flights.new_layer(),
            flights,
            outdated,
            unsettled,
            anyones,
            late: Semaphore::new(LATE),
            unfit: Unfit::new(),
            room: Room::of(settings.max_bytes.max(longest)),
            calls: Calls::new(settings.warn_at.0, settings.warn_at.1),
            hashing,
            secret: PROCESS.clone(),
            numbers: RandomState::new(),
            ids: AtomicU64::new(0),
            revalidating: AtomicUsize::new(0),
            changes: broadcast::Sender::new(CHANGES),
            settings,
        })
    }

    /// By what rules it goes for what is under this key.
    pub(crate) fn policy(&self, key: &Key) -> &Policy {
        if key.whose() == Whose::Anyones {
            &self.for_anyone
        } else {
            &self.settings.policy
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> SystemTime {
        self.settings.wall_clock.now()
    }

    /// A number for a new response, other than those of earlier processes too.
    pub(crate) fn new_id(&self) -> u64 {
        self.numbers
            .hash_one(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// What this request wants: its own wishes first, then its route's, then the layer's. Nothing
    /// where nobody has any.
    #[inline]
    pub(crate) fn wants<B>(&self, request: &Request<B>) -> Option<Override> {
        if self.wishes_nothing && request.extensions().is_empty() {
            return None;
        }
        self.all_wants(request)
    }

    #[inline(never)]
    fn all_wants<B>(&self, request: &Request<B>) -> Option<Override> {
        let own = request.extensions().get::<Override>();
        if self.wishes_nothing && own.is_none() {
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

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
