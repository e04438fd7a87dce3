use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::WallClock;
use http::HeaderName;
use tower_layer::Layer;

use crate::error::InvalidSettings;
use crate::handle::Handle;
use crate::overrides::{Override, Target};
use crate::policy::Policy;
use crate::service::Cache;
use crate::settings::{Place, Settings};
use crate::shared::Shared;
use crate::store::Store;

/// Answers from a store what it can, and stores what it may.
///
/// Clones of a layer, and all services that they make, share its store and its fetches. A layer that
/// was set otherwise shares nothing with the one that it was made from, unless both were given the
/// same [`store`](Self::store): then they share [that](crate::store#several-layers-over-one-store), and
/// each fetches for itself. See [the crate's page](crate) for what is stored, and when.
#[derive(Clone)]
pub struct CacheLayer {
    shared: Arc<Shared>,
}

impl CacheLayer {
    /// A cache for one user, or for several that are told apart by their `Authorization` or a
    /// [`Partition`](buttress_kernel::Partition).
    #[must_use]
    pub fn private() -> Self {
        Self::of(Settings::new(Policy::private()))
    }

    /// A cache for many users, as a proxy has it: what is for one user alone is not stored, and
    /// `CDN-Cache-Control` is honoured.
    #[must_use]
    pub fn shared() -> Self {
        Self::of(Settings::new(Policy::shared()))
    }

    fn of(settings: Settings) -> Self {
        let shared = Shared::new(settings);
        Self { shared }
    }

    fn with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.shared.settings.clone();
        change(&mut settings);
        Self::of(settings)
    }

    /// How many bytes of memory stored responses take in all, 64 MiB unless set, and how many the
    /// bodies that are on their way into the store. One for which there is no room passes unstored.
    /// With a [store](Self::store) of your own, it is about the latter alone.
    ///
    /// # Errors
    ///
    /// If it is 0, or less than what [one entry](Self::max_entry) may take there.
    pub fn max_bytes(self, bytes: u64) -> Result<Self, InvalidSettings> {
        let entry = self.shared.settings.max_entry;
        Self::check(bytes, if self.shared.in_pieces { 1 } else { entry })?;
        Ok(self.with(|settings| settings.max_bytes = bytes))
    }

    /// How many bytes the body of one response may have to be stored, 4 MiB unless set. A longer one
    /// passes unstored. In a [store](Self::store) that takes long bodies
    /// [in pieces](crate::store#long-bodies), it may be hundreds of MiB, which then are never in memory at
    /// the same time.
    ///
    /// # Errors
    ///
    /// If it is more than [all](Self::max_bytes) may take in memory, or 0.
    pub fn max_entry(self, bytes: u64) -> Result<Self, InvalidSettings> {
        let own = self.shared.settings.place.is_none();
        let all = if own {
            self.shared.settings.max_bytes
        } else {
            u64::MAX
        };
        Self::check(all, bytes)?;
        Ok(self.with(|settings| settings.max_entry = bytes))
    }

    fn check(all: u64, entry: u64) -> Result<(), InvalidSettings> {
        if all == 0 || entry == 0 {
            return Err(InvalidSettings(
                "a cache of 0 bytes keeps nothing; leave the layer out instead",
            ));
        }
        if entry > all {
            return Err(InvalidSettings(
                "one entry cannot be larger than all; set max_entry below max_bytes first",
            ));
        }
        Ok(())
    }

    /// Keeps responses there, in place of memory of its own. Several layers can be given
    /// [one store](crate::store#several-layers-over-one-store).
    #[must_use]
    pub fn store(self, store: impl Store) -> Self {
        self.with(|settings| settings.place = Some(Place::new(store)))
    }

    /// Keeps responses there if it could be opened, and in memory otherwise, with an event: for who would
    /// rather begin with an empty cache than not at all.
    ///
    /// ```
    /// use buttress_cache::CacheLayer;
    /// use buttress_cache::store::Disk;
    ///
    /// # #[cfg(feature = "disk")]
    /// # #[tokio::main]
    /// # async fn main() {
    /// let disk = Disk::open("/proc/nobody/can/write/here", 1 << 30).await;
    /// let layer = CacheLayer::private().store_or_memory(disk);
    /// # drop(layer);
    /// # }
    /// # #[cfg(not(feature = "disk"))]
    /// # fn main() {}
    /// ```
    #[cfg(feature = "persistent")]
    #[must_use]
    pub fn store_or_memory(self, opened: Result<impl Store, crate::store::OpenFailed>) -> Self {
        match opened {
            Ok(store) => self.store(store),
            Err(error) => {
                crate::store::events::unopened(&error);
                self
            }
        }
    }

    /// Tells users apart by a digest that is keyed with this secret, in place of a random one: so that a
    /// [store](Self::store) that outlives the process, or is shared with others, is of use to requests
    /// with credentials. Each process has to have the same secret, and nobody else may.
    ///
    /// Who has both the secret and the store can try out credentials on it; keep them in different
    /// places. A digest in the store says nothing without the secret.
    ///
    /// # Errors
    ///
    /// If it has fewer than 32 bytes.
    #[cfg(feature = "persistent")]
    pub fn partition_secret(self, secret: impl AsRef<[u8]>) -> Result<Self, InvalidSettings> {
        let secret = crate::secret::Secret::new(secret.as_ref())?;
        Ok(self.with(|settings| settings.secret = Some(secret)))
    }

    /// Request fields whose values may stand in a [store](Self::store) outside this process as they are,
    /// where responses vary by them: beside `Accept` and its kin, `Host`, `Origin`, `User-Agent`,
    /// `Sec-CH-…`, `Sec-Fetch-…` and `Access-Control-Request-…`, for which nobody has to ask.
    ///
    /// Of all others there is a digest with a salt of its own beside it. Every process knows such a value
    /// again, however it is set itself; it costs a digest for each look at such a response. Who can read
    /// the store cannot read the value, but can try out guesses on it: a number of four digits is no
    /// secret there. Fields whose names speak of secrets
    /// ([`Head::tells_secrets`](crate::store::Head::tells_secrets)) do not get there at all.
    #[cfg(feature = "persistent")]
    #[must_use]
    pub fn vary_in_clear(self, fields: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.clear = fields.into_iter().collect())
    }

    /// How long a store may take for one answer, 250 ms unless set. Later it is as good as empty.
    ///
    /// That is for each piece of a long body too, and for all the time that the readers of one have to wait
    /// for the store together: if it cannot keep up with them, the body is not stored.
    ///
    /// # Errors
    ///
    /// If it is 0.
    pub fn store_timeout(self, limit: Duration) -> Result<Self, InvalidSettings> {
        if limit.is_zero() {
            return Err(InvalidSettings(
                "a store that has no time to answer is never used; leave it out, or give it some",
            ));
        }
        Ok(self.with(|settings| settings.store_timeout = limit))
    }

    /// Whether requests that miss at the same time share one fetch: on, unless set.
    #[must_use]
    pub fn coalesce(self, on: bool) -> Self {
        self.with(|settings| settings.coalesce = on)
    }

    /// How many responses at most are validated in the background at the same time, 32 unless set;
    /// what is stale beyond that is served, and validated later. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// If it is 0.
    pub fn revalidations(self, most: usize) -> Result<Self, InvalidSettings> {
        if most == 0 {
            return Err(InvalidSettings(
                "what is stale would be served and never validated; allow one validation at least",
            ));
        }
        Ok(self.with(|settings| settings.revalidations = most))
    }

    /// How long a validation in the background may take, body included: 60 s unless set.
    ///
    /// # Errors
    ///
    /// If it is 0.
    pub fn revalidation_timeout(self, limit: Duration) -> Result<Self, InvalidSettings> {
        if limit.is_zero() {
            return Err(InvalidSettings(
                "a validation without time never succeeds; give it as long as a call may take",
            ));
        }
        Ok(self.with(|settings| settings.revalidation_timeout = limit))
    }

    /// What all requests want, unless their [route](Self::route) or they themselves say otherwise.
    #[must_use]
    pub fn defaults(self, wishes: Override) -> Self {
        self.with(|settings| settings.defaults = wishes)
    }

    /// What the requests of a route want, unless they themselves say otherwise. The closure is asked
    /// for each request, and must be quick.
    ///
    /// ```
    /// use std::time::Duration;
    /// use buttress_cache::{CacheLayer, Override};
    ///
    /// let layer = CacheLayer::private().route(|request| {
    ///     let users = request.uri().path().starts_with("/users/");
    ///     users.then(|| Override::new().fresh_for(Duration::from_secs(30)).tag("users"))
    /// });
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn route(
        self,
        route: impl Fn(&Target<'_>) -> Option<Override> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.route = Some(Arc::new(route)))
    }

    /// Fields that say what `Cache-Control` says, for this cache alone, the most specific first
    /// ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213)): `CDN-Cache-Control` for a shared cache
    /// and none for a private one, unless set.
    #[must_use]
    pub fn targets(self, fields: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.policy.targets = fields.into_iter().collect())
    }

    /// Whether a stale response may stand in for one that cannot be had, although it does not say so
    /// itself (RFC 9111 §4.2.4): on, unless set.
    #[must_use]
    pub fn stale_on_error(self, on: bool) -> Self {
        self.with(|settings| settings.policy.stale_on_error = on)
    }

    /// Tells in a `Cache-Status` field of each response what was done
    /// ([RFC 9211](https://www.rfc-editor.org/rfc/rfc9211)), under this name. Off, unless set.
    ///
    /// # Errors
    ///
    /// If the name is no token (letters, digits, and a few signs).
    pub fn name(self, name: &str) -> Result<Self, InvalidSettings> {
        let mut chars = name.chars();
        let first = chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '*');
        if !first || !chars.all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(c)) {
            return Err(InvalidSettings(
                "the cache's name must be a token, such as `buttress`",
            ));
        }
        Ok(self.with(|settings| settings.name = Some(name.into())))
    }

    /// Tells in a [`CacheStatus`](crate::CacheStatus) in the extensions of each response what was
    /// done. Off, unless set, since the first extension of a response takes three allocations.
    #[must_use]
    pub fn status_extension(self, on: bool) -> Self {
        self.with(|settings| settings.extension = on)
    }

    /// So many calls for one key within such a time, rounded up to sixteenths of a second, are an event
    /// at level error: a sign that somebody calls in a loop. 10 in 250 ms for a private cache, and 0,
    /// which is never, for a shared one, unless set.
    #[must_use]
    pub fn warn_at(self, calls: u32, within: Duration) -> Self {
        self.with(|settings| settings.warn_at = (calls, within))
    }

    /// A look at what is stored from outside, and a hand on it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.shared))
    }

    /// Reads dates from this clock.
    #[must_use]
    pub fn wall_clock(self, clock: impl WallClock + 'static) -> Self {
        self.with(|settings| settings.wall_clock = Arc::new(clock))
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Cache<S> {
        Cache::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for CacheLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheLayer")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
