mod slow;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{BoxError, Key, key};
use tower_service::Service;

use crate::clock::Nanos;
use crate::cost::{Cost, One};
use crate::course::Course;
use crate::future::ResponseFuture;
use crate::mode::{Http, Mode};
use crate::shared::Shared;
use crate::table::Table;

/// Lets requests through as fast as tokens come; see [`RateLimitLayer`](crate::RateLimitLayer).
///
/// Ready when the inner service is: what a request costs, and whose tokens it takes, is known only
/// with the request, so the wait is in the call. A request that waits holds no place of the inner
/// service; it asks for a new one when it has its tokens.
pub struct RateLimit<S, K = key::Shared, C = One, M = Http> {
    inner: S,
    key: K,
    cost: C,
    shared: Arc<Shared>,
    mode: PhantomData<fn() -> M>,
}

impl<S, K, C, M> RateLimit<S, K, C, M> {
    pub(crate) const fn new(inner: S, key: K, cost: C, shared: Arc<Shared>) -> Self {
        let mode = PhantomData;
        Self {
            inner,
            key,
            cost,
            shared,
            mode,
        }
    }
}

impl<S, K, C> RateLimit<S, K, C> {
    pub(crate) const fn inner(&mut self) -> &mut S {
        &mut self.inner
    }

    pub(crate) fn table(&self) -> &Arc<Table> {
        &self.shared.table
    }

    pub(crate) fn key_of<Req>(&self, request: &Req) -> Key
    where
        K: KeyExtractor<Req>,
    {
        Key::from(&*self.key.extract(request))
    }
}

impl<S, K, C, M, Req> Service<Req> for RateLimit<S, K, C, M>
where
    S: Service<Req> + Clone,
    S::Error: Into<BoxError>,
    K: KeyExtractor<Req>,
    C: Cost<Req>,
    M: Mode<Req, S::Response>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S, Req, S::Future, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture::new(self.begin(request))
    }
}

/// What a look at a request says.
#[derive(Clone, Copy)]
enum Glance {
    /// It may go, and nobody wants to hear of it.
    Granted,
    /// Its tokens are not there.
    Short { cost: u32, now: Nanos },
    /// It has to be looked at more closely.
    Unusual,
}

/// The request's way through this layer.
type Way<S, Req, M> = Course<S, Req, <S as Service<Req>>::Future, M>;

impl<S, K, C, M> RateLimit<S, K, C, M> {
    #[inline]
    pub(crate) fn begin<Req>(&mut self, request: Req) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        C: Cost<Req>,
        M: Mode<Req, S::Response>,
    {
        match self.glance(&request) {
            Glance::Granted => Course::calling(self.inner.call(request), None),
            glance => self.linger(request, glance),
        }
    }

    /// What becomes of most requests is known before they are moved.
    #[inline]
    fn glance<Req>(&self, request: &Req) -> Glance
    where
        S: Service<Req>,
        K: KeyExtractor<Req>,
        C: Cost<Req>,
        M: Mode<Req, S::Response>,
    {
        let extensions = M::extensions(request);
        let asks = extensions.is_some_and(|extensions| !extensions.is_empty());
        if asks || !self.shared.settings.are_usual() {
            return Glance::Unusual;
        }
        let cost = self.cost.cost(request);
        let now = self.shared.now();
        if self.take(request, now, cost) {
            Glance::Granted
        } else {
            Glance::Short { cost, now }
        }
    }

    /// One way for all that takes longer, since each way out of a function copies the request.
    #[cold]
    #[inline(never)]
    fn linger<Req>(&mut self, request: Req, glance: Glance) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        C: Cost<Req>,
        M: Mode<Req, S::Response>,
    {
        match glance {
            Glance::Short { cost, now } => self.detain(request, cost, now),
            Glance::Granted | Glance::Unusual => self.consider(request),
        }
    }

    #[inline]
    fn take<Req>(&self, request: &Req, now: Nanos, cost: u32) -> bool
    where
        K: KeyExtractor<Req>,
    {
        if cost == 0 {
            return true;
        }
        let key = self.key.extract(request);
        let shared = &*self.shared;
        shared.table.take(&key, now, cost, shared.settings.max_keys)
    }
}

// By hand: a derive would ask `M`, which is only a mark, to be `Clone` and `Debug`.
impl<S: Clone, K: Clone, C: Clone, M> Clone for RateLimit<S, K, C, M> {
    fn clone(&self) -> Self {
        let (key, cost) = (self.key.clone(), self.cost.clone());
        Self::new(self.inner.clone(), key, cost, Arc::clone(&self.shared))
    }
}

impl<S: fmt::Debug, K, C, M> fmt::Debug for RateLimit<S, K, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("inner", &self.inner)
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
