use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::{AnyRequest, key};
use tower_layer::Layer;

use crate::error::InvalidLimit;
use crate::handle::Handle;
use crate::mode::{Any, Http, UntilBodyEnd};
use crate::priority::Equal;
use crate::service::Prioritized;
use crate::table::{Rules, Table};

/// Bounds how many requests are in flight; the others wait, the most urgent goes first.
///
/// Clones of a layer, and every service that they make, share its limit: put one layer around ten
/// routes, and it is one limit. Layers made by [`new`](Self::new), or from another by
/// [`max_waiting`](Self::max_waiting), [`ageing`](Self::ageing) or [`max_keys`](Self::max_keys), share
/// nothing with others.
///
/// | setting | default |
/// | --- | --- |
/// | [`priority`](Self::priority) | the [`Priority`](crate::Priority) in a request's extensions, or else 0 |
/// | [`key`](Self::key) | one limit for all requests |
/// | [`max_wait`](Self::max_wait) | 60 s |
/// | [`max_waiting`](Self::max_waiting) | 1,024 for each key |
/// | [`ageing`](Self::ageing) | none: the less urgent may wait as long as they are allowed to |
/// | [`max_keys`](Self::max_keys) | 65,536 |
/// | [`until_body_end`](Self::until_body_end) | in flight until the response's head |
///
/// ```
/// use std::time::Duration;
/// use buttress_kernel::key::Authority;
/// use buttress_priority::PriorityLayer;
///
/// let layer = PriorityLayer::new(3)?
///     .key(Authority)
///     .max_wait(Duration::from_secs(5))
///     .until_body_end();
/// # Ok::<_, buttress_priority::InvalidLimit>(())
/// ```
pub struct PriorityLayer<K = key::Shared, P = Equal, M = Http> {
    key: K,
    priority: P,
    max_wait: Option<Duration>,
    table: Arc<Table>,
    mode: PhantomData<fn() -> M>,
}

impl PriorityLayer {
    /// Allows so many requests in flight.
    ///
    /// # Errors
    ///
    /// [`InvalidLimit`] if it is 0, since no request would ever go, or more than 2³¹ − 1.
    pub fn new(max_in_flight: usize) -> Result<Self, InvalidLimit> {
        let rules = Rules {
            max_waiting: 1_024,
            ageing: None,
            max_keys: 65_536,
        };
        let most = InvalidLimit::check(max_in_flight)?;
        Ok(Self {
            key: key::Shared,
            priority: Equal,
            max_wait: Some(Duration::from_secs(60)),
            table: Arc::new(Table::new(most, rules)),
            mode: PhantomData,
        })
    }
}

impl<K, P, M> PriorityLayer<K, P, M> {
    /// Which requests share a limit, in place of all: see [`buttress_kernel::key`]. Each key has the
    /// whole limit for itself; requests without a key share one. A key turns up in events and errors,
    /// so it must not be a secret.
    #[must_use]
    pub fn key<L>(self, key: L) -> PriorityLayer<L, P, M> {
        PriorityLayer {
            key,
            priority: self.priority,
            max_wait: self.max_wait,
            table: self.table,
            mode: PhantomData,
        }
    }

    /// How urgent a request is that has no [`Priority`](crate::Priority) in its extensions. Asked
    /// only if it has to wait.
    ///
    /// ```
    /// use buttress_priority::{Priority, PriorityLayer};
    /// use http::{Method, Request};
    ///
    /// let layer = PriorityLayer::new(3)?
    ///     .priority(|request: &Request<()>| Priority((request.method() == Method::GET).into()));
    /// # Ok::<_, buttress_priority::InvalidLimit>(())
    /// ```
    #[must_use]
    pub fn priority<Q>(self, priority: Q) -> PriorityLayer<K, Q, M> {
        PriorityLayer {
            key: self.key,
            priority,
            max_wait: self.max_wait,
            table: self.table,
            mode: PhantomData,
        }
    }

    /// The longest that a request waits; then it fails with [`Crowded`](crate::Crowded). With
    /// [`Duration::ZERO`] nobody waits, with `None` nobody gives up before the request's deadline.
    #[must_use]
    pub fn max_wait(mut self, most: impl Into<Option<Duration>>) -> Self {
        self.max_wait = most.into();
        self
    }

    /// How many requests of one key may wait. If one more comes and is more urgent than the last of
    /// them, that one, the newest of the least urgent, fails with [`Crowded`](crate::Crowded);
    /// otherwise the newcomer does, at once. The limit is a new one, with nobody in flight.
    #[must_use]
    pub fn max_waiting(self, most: usize) -> Self {
        self.ruled(|rules| rules.max_waiting = most)
    }

    /// Lets those who wait become more urgent, by one class after `each` such time, so that the least
    /// urgent go in the end, however many urgent ones keep coming: a request is overtaken only by
    /// those who come less than `each` times the difference of their classes after it. With
    /// [`Duration::ZERO`] classes do not matter. The limit is a new one, with nobody in flight.
    #[must_use]
    pub fn ageing(self, each: impl Into<Option<Duration>>) -> Self {
        let each = each.into();
        self.ruled(|rules| rules.ageing = each)
    }

    /// How many keys have limits of their own at the same time. A key of which no request is in
    /// flight or waits is forgotten first, for a new limit is as good; only the very first key is
    /// kept. When none can be forgotten, requests of further keys share the limit of the empty key,
    /// and an event says so. The limit is a new one, with nobody in flight.
    #[must_use]
    pub fn max_keys(self, most: usize) -> Self {
        self.ruled(|rules| rules.max_keys = most)
    }

    fn ruled(self, change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = self.table.rules;
        change(&mut rules);
        let table = Arc::new(Table::new(self.table.most(), rules));
        Self { table, ..self }
    }

    /// Looks at the limit from outside, and changes it while it is in use.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.table))
    }

    /// Bounds a service over any request type. Nothing of its requests is looked at but by
    /// [`key`](Self::key) and [`priority`](Self::priority).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), tower::BoxError> {
    /// use std::convert::Infallible;
    /// use buttress_priority::{Priority, PriorityLayer};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let length = service_fn(|word: &'static str| async move { Ok::<_, Infallible>(word.len()) });
    /// let layer = PriorityLayer::new(1)?
    ///     .priority(|word: &&'static str| Priority(word.ends_with('!').into()))
    ///     .any_request();
    /// assert_eq!(layer.layer(length).oneshot("not HTTP!").await?, 9);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn any_request(self) -> PriorityLayer<K, P, Any<AnyRequest>> {
        self.seen_as()
    }

    /// Bounds a service over any request type, whose extensions are found through `V`, a
    /// [`RequestView`](buttress_kernel::RequestView).
    #[must_use]
    pub fn seen_as<V>(self) -> PriorityLayer<K, P, Any<V>> {
        self.in_mode()
    }

    fn in_mode<N>(self) -> PriorityLayer<K, P, N> {
        PriorityLayer {
            key: self.key,
            priority: self.priority,
            max_wait: self.max_wait,
            table: self.table,
            mode: PhantomData,
        }
    }
}

impl<K, P> PriorityLayer<K, P> {
    /// Counts a request as in flight until its response's body is over: read to the end, failed, or
    /// dropped. A response that is kept unread keeps its place as long.
    #[must_use]
    pub fn until_body_end(self) -> PriorityLayer<K, P, UntilBodyEnd> {
        self.in_mode()
    }
}

impl<S, K: Clone, P: Clone, M> Layer<S> for PriorityLayer<K, P, M> {
    type Service = Prioritized<S, K, P, M>;

    fn layer(&self, inner: S) -> Self::Service {
        let finders = (self.key.clone(), self.priority.clone());
        Prioritized::new(inner, finders, self.max_wait, Arc::clone(&self.table))
    }
}

// By hand: a derive would ask `M`, which is only a mark, to be `Clone` and `Debug`.
impl<K: Clone, P: Clone, M> Clone for PriorityLayer<K, P, M> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            priority: self.priority.clone(),
            max_wait: self.max_wait,
            table: Arc::clone(&self.table),
            mode: PhantomData,
        }
    }
}

impl<K, P, M> fmt::Debug for PriorityLayer<K, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityLayer")
            .field("max_in_flight", &self.table.most())
            .field("max_wait", &self.max_wait)
            .field("rules", &self.table.rules)
            .finish_non_exhaustive()
    }
}
