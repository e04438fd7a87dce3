use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::{AnyRequest, key};
use tower_layer::Layer;

use crate::answering::AnsweringLayer;
use crate::backing::Backing;
use crate::clock::nanos;
use crate::cost::One;
use crate::handle::Handle;
use crate::mode::{Any, Http};
use crate::rate::{InvalidRate, Rate};
use crate::rules::Patience;
use crate::service::RateLimit;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::store::Store;
use crate::table::Table;

/// Lets requests through as fast as tokens come: a bucket that starts full and is refilled evenly.
///
/// Clones of a layer, and every service that they make, share its buckets: put one layer around ten
/// routes, and it is one limit. Layers made by a constructor, or from another by
/// [`burst`](Self::burst) or [`rates`](Self::rates), share nothing with others.
///
/// | setting | default |
/// | --- | --- |
/// | [`burst`](Self::burst) | as many as the rate lets through in its period |
/// | [`key`](Self::key) | one bucket for all requests |
/// | [`rates`](Self::rates) | the same rate for each key |
/// | [`cost`](Self::cost) | one token |
/// | [`wait`](Self::wait) or [`reject`](Self::reject) | wait up to 60 s |
/// | [`max_waiting`](Self::max_waiting) | 1,024 for each key |
/// | [`ageing`](Self::ageing) | 1 s |
/// | [`max_keys`](Self::max_keys) | 65,536 |
/// | [`feedback`](Self::feedback) | off |
/// | [`store`](Self::store) | none: the limit is this process's own |
/// | [`store_timeout`](Self::store_timeout), [`store_pause`](Self::store_pause) | 100 ms, 1 s |
/// | [`alarm`](Self::alarm) | 10 times in 60 s |
///
/// ```
/// use std::time::Duration;
/// use buttress_kernel::key::Authority;
/// use buttress_rate_limit::RateLimitLayer;
///
/// let layer = RateLimitLayer::per_second(10)?
///     .burst(30)?
///     .key(Authority)
///     .wait(Duration::from_secs(5));
/// # Ok::<_, buttress_rate_limit::InvalidRate>(())
/// ```
pub struct RateLimitLayer<K = key::Shared, C = One, M = Http> {
    key: K,
    cost: C,
    settings: Settings,
    table: Arc<Table>,
    mode: PhantomData<fn() -> M>,
}

impl RateLimitLayer {
    /// Limits to this rate.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self {
            key: key::Shared,
            cost: One,
            settings: Settings::default(),
            table: Arc::new(Table::new(rate, None)),
            mode: PhantomData,
        }
    }

    /// Lets `tokens` a second through, and as many at once after a rest.
    ///
    /// # Errors
    ///
    /// See [`Rate::per`].
    pub fn per_second(tokens: u32) -> Result<Self, InvalidRate> {
        Rate::per_second(tokens).map(Self::new)
    }

    /// Lets `tokens` a minute through, and as many at once after a rest.
    ///
    /// # Errors
    ///
    /// See [`Rate::per`].
    pub fn per_minute(tokens: u32) -> Result<Self, InvalidRate> {
        Rate::per_minute(tokens).map(Self::new)
    }

    /// Lets `tokens` in each `period` through, and as many at once after a rest.
    ///
    /// # Errors
    ///
    /// See [`Rate::per`].
    pub fn per(tokens: u32, period: Duration) -> Result<Self, InvalidRate> {
        Rate::per(tokens, period).map(Self::new)
    }
}

impl<K, C, M> RateLimitLayer<K, C, M> {
    /// How many tokens the bucket holds: so many can go at once after a rest. The bucket is a new
    /// one, and full.
    ///
    /// # Errors
    ///
    /// See [`Rate::burst`].
    pub fn burst(self, tokens: u32) -> Result<Self, InvalidRate> {
        let rate = self.table.usual().burst(tokens)?;
        let table = Arc::new(self.table.fresh(|_| rate));
        Ok(Self { table, ..self })
    }

    /// Which requests share a bucket, in place of all: see [`buttress_kernel::key`]. Requests without
    /// a key share one. A key turns up in events and errors, so it must not be a secret.
    #[must_use]
    pub fn key<L>(self, key: L) -> RateLimitLayer<L, C, M> {
        RateLimitLayer {
            key,
            cost: self.cost,
            settings: self.settings,
            table: self.table,
            mode: PhantomData,
        }
    }

    /// A rate for each key that has one of its own. Asked once for a key, and again after it was
    /// forgotten or a rate was changed, under a lock: it must be quick, and not use the
    /// [`Handle`]. The buckets are new ones, and full.
    #[must_use]
    pub fn rates(self, rates: impl Fn(&str) -> Option<Rate> + Send + Sync + 'static) -> Self {
        let table = Table::new(self.table.usual(), Some(Arc::new(rates)));
        let table = Arc::new(table);
        Self { table, ..self }
    }

    /// How many tokens a request takes, in place of one.
    ///
    /// ```
    /// use buttress_rate_limit::RateLimitLayer;
    /// use http::{Method, Request};
    ///
    /// let layer = RateLimitLayer::per_second(100)?
    ///     .cost(|request: &Request<()>| if request.method() == Method::GET { 1 } else { 5 });
    /// # Ok::<_, buttress_rate_limit::InvalidRate>(())
    /// ```
    #[must_use]
    pub fn cost<D>(self, cost: D) -> RateLimitLayer<K, D, M> {
        RateLimitLayer {
            key: self.key,
            cost,
            settings: self.settings,
            table: self.table,
            mode: PhantomData,
        }
    }

    /// The longest that a request waits for its tokens. What would have to wait longer fails at once
    /// with [`RateLimited`](crate::RateLimited). Takes the place of [`reject`](Self::reject).
    #[must_use]
    pub fn wait(mut self, most: Duration) -> Self {
        self.settings.patience = Patience::Wait(nanos(most));
        self
    }

    /// Nobody waits: without tokens a request fails at once with
    /// [`RateLimited`](crate::RateLimited). Takes the place of [`wait`](Self::wait).
    #[must_use]
    pub fn reject(mut self) -> Self {
        self.settings.patience = Patience::Reject;
        self
    }

    /// How many requests may wait for one bucket; one more fails at once with
    /// [`RateLimited`](crate::RateLimited).
    #[must_use]
    pub fn max_waiting(mut self, most: usize) -> Self {
        self.settings.rules.max_waiting = most;
        self
    }

    /// How much later a request counts as having come for each class of
    /// [`Priority`](crate::Priority) that it is below the most urgent one. With zero, classes do not
    /// matter.
    #[must_use]
    pub fn ageing(mut self, each: Duration) -> Self {
        self.settings.rules.ageing = nanos(each);
        self
    }

    /// About how many keys have buckets of their own at the same time. Full buckets that nobody waits
    /// for are forgotten first, for a new one is as good. When none is, requests of further keys
    /// share the bucket of the empty key, and an event says so.
    #[must_use]
    pub fn max_keys(mut self, most: usize) -> Self {
        self.settings.max_keys = most;
        self
    }

    /// After how many delays and refusals of one key within `window` a warning says that its caller
    /// may be in a loop; once in each window. 0 turns it off.
    #[must_use]
    pub fn alarm(mut self, times: u32, window: Duration) -> Self {
        self.settings.rules.alarm = (times, nanos(window));
        self
    }

    /// Whether responses slow a key's bucket down. A 429 takes three tenths off its rate at once; then
    /// the rate comes back along a cubic curve, slowly around the rate that was too fast. Where
    /// responses tell of a quota (`RateLimit`, `X-RateLimit-…`), what is left of it, spread over the
    /// time until it resets, is the most. Never faster than the rate that was set, never below a
    /// hundredth of it, and a rate that is set anew begins anew, as does a
    /// key that was forgotten.
    ///
    /// Needs HTTP messages; costs an allocation or two for each request.
    #[must_use]
    pub fn feedback(mut self, on: bool) -> Self {
        self.settings.feedback = on;
        self
    }

    /// Shares the limit with other processes through a [`Store`]; layers in this process may share one
    /// too. A key's bucket is the store's bucket of that name.
    ///
    /// The bucket of this process stays: a request takes its tokens there first, in its order, and
    /// then asks the store. If the store grants them, it goes. If not, it goes back to its place in
    /// the queue until the store's tokens will be there; whoever comes meanwhile waits behind it, or
    /// is refused, without asking. So the first in line asks, and an exhausted limit is no load for
    /// the store. Between processes nobody is first: dear requests fare best where all
    /// processes send few.
    ///
    /// If the store fails, or does not answer [in time](Self::store_timeout), the request goes with
    /// the tokens of this process, as all do that come in the next [pause](Self::store_pause). Then
    /// one asks again. Each process keeps to the whole limit meanwhile, and begins with what the store
    /// has left it. A warning tells of the outage once.
    ///
    /// What the [`Handle`] and the fields of an [`answering`](Self::answering) layer tell is what this
    /// process knows: others may have taken more since it asked.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.settings.store = Some(Arc::new(Backing::new(store)));
        self
    }

    /// How long the [store](Self::store) may take to answer, which may be added to a request's wait.
    #[must_use]
    pub fn store_timeout(mut self, most: Duration) -> Self {
        self.settings.trust.timeout = most;
        self
    }

    /// How long the [store](Self::store) is left alone after it has failed.
    #[must_use]
    pub fn store_pause(mut self, pause: Duration) -> Self {
        self.settings.trust.pause = pause;
        self
    }

    /// Looks at the buckets from outside, and changes their rates while they are in use.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.table))
    }

    /// Limits a service over any request type. Nothing of its requests is looked at but by
    /// [`key`](Self::key) and [`cost`](Self::cost).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), tower::BoxError> {
    /// use std::convert::Infallible;
    /// use buttress_rate_limit::RateLimitLayer;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let length = service_fn(|word: &'static str| async move { Ok::<_, Infallible>(word.len()) });
    /// let layer = RateLimitLayer::per_second(1)?.any_request();
    /// assert_eq!(layer.layer(length).oneshot("not HTTP").await?, 8);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn any_request(self) -> RateLimitLayer<K, C, Any<AnyRequest>> {
        self.seen_as()
    }

    /// Limits a service over any request type, whose extensions are found through `V`, a
    /// [`RequestView`](buttress_kernel::RequestView).
    #[must_use]
    pub fn seen_as<V>(self) -> RateLimitLayer<K, C, Any<V>> {
        RateLimitLayer {
            key: self.key,
            cost: self.cost,
            settings: self.settings,
            table: self.table,
            mode: PhantomData,
        }
    }
}

impl<K, C> RateLimitLayer<K, C> {
    /// Answers 429 instead of failing, for a server.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use buttress_rate_limit::RateLimitLayer;
    ///
    /// let limit = RateLimitLayer::per_second(100)?.reject().answering();
    /// let app: Router = Router::new()
    ///     .route("/a", get(async || "a"))
    ///     .route("/b", get(async || "b"))
    ///     .layer(limit); // one limit for both
    /// # Ok::<_, buttress_rate_limit::InvalidRate>(())
    /// ```
    #[must_use]
    pub fn answering(self) -> AnsweringLayer<K, C> {
        AnsweringLayer::new(self)
    }
}

impl<S, K: Clone, C: Clone, M> Layer<S> for RateLimitLayer<K, C, M> {
    type Service = RateLimit<S, K, C, M>;

    fn layer(&self, inner: S) -> Self::Service {
        let shared = Shared {
            settings: self.settings.clone(),
            table: Arc::clone(&self.table),
        };
        RateLimit::new(inner, self.key.clone(), self.cost.clone(), Arc::new(shared))
    }
}

// By hand: a derive would ask `M`, which is only a mark, to be `Clone` and `Debug`.
impl<K: Clone, C: Clone, M> Clone for RateLimitLayer<K, C, M> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            cost: self.cost.clone(),
            settings: self.settings.clone(),
            table: Arc::clone(&self.table),
            mode: PhantomData,
        }
    }
}

impl<K, C, M> fmt::Debug for RateLimitLayer<K, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer")
            .field("settings", &self.settings)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
