use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{BoxError, Explain, Key, key};
use tower_service::Service;

use crate::clock::Nanos;
use crate::cost::{Cost, One};
use crate::course::{Course, Listener};
use crate::ear::Ear;
use crate::future::ResponseFuture;
use crate::hold::Hold;
use crate::line::Answer;
use crate::mode::{Http, Mode};
use crate::overrides::Override;
use crate::shared::{Shared, note};
use crate::table::Table;
use crate::telemetry;
use crate::wait::{State, Wait};

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

    /// The request has extensions, one of which may be for us, or its response matters.
    fn consider<Req>(&mut self, request: Req) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        C: Cost<Req>,
        M: Mode<Req, S::Response>,
    {
        let found = M::extensions(&request);
        let change = found.and_then(|found| found.get::<Override>());
        let change = change.copied().unwrap_or(Override::new());
        let cost = match change {
            Override { skip: true, .. } => 0,
            Override { cost, .. } => cost.unwrap_or_else(|| self.cost.cost(&request)),
        };
        let now = self.shared.now();
        let asks = cost > 0 && self.shared.settings.store.is_some();
        if asks || !self.take(&request, now, cost) {
            return self.detain(request, cost, now);
        }
        let explain = found.and_then(Explain::of).cloned();
        let at = self.shared.instant(now);
        note(explain.as_ref(), at, at, || match cost {
            0 => "free".to_owned(),
            _ => "granted at once".to_owned(),
        });
        let ear = self.ear(&request, now);
        Course::calling(self.inner.call(request), Listener::of(explain, ear))
    }

    /// Who listens to the response to a request that leaves about now, if somebody should.
    fn ear<Req>(&self, request: &Req, left: Nanos) -> Option<Ear>
    where
        K: KeyExtractor<Req>,
    {
        let shared = &self.shared;
        if !shared.settings.feedback {
            return None;
        }
        let key = Key::from(&*self.key.extract(request));
        let max_keys = shared.settings.max_keys;
        Some(Ear {
            lane: shared.table.lane(key.as_str(), left, max_keys),
            shared: Arc::clone(shared),
            key,
            left,
        })
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

    /// The tokens are not there: the request waits, or is refused.
    fn detain<Req>(&mut self, request: Req, cost: u32, now: Nanos) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        M: Mode<Req, S::Response>,
    {
        let shared = Arc::clone(&self.shared);
        let extensions = M::extensions(&request);
        let ask = shared.ask(cost, extensions);
        let explain = extensions.and_then(Explain::of).cloned();
        let key = Key::from(&*self.key.extract(&request));
        let lane = shared
            .table
            .lane(key.as_str(), now, shared.settings.max_keys);
        let (answer, now, alarm) = lane.arrive(|| shared.now(), &ask, &shared.settings.rules);
        if alarm {
            shared.raise_alarm(&key);
        }
        let asks = shared.settings.store.is_some();
        if asks || !matches!(answer, Answer::Go { .. }) {
            self.release();
        }
        let (place, until) = match answer {
            Answer::Go { place } if asks => (place, now),
            Answer::Go { .. } => {
                let listener = Listener::of(explain, self.ear(&request, now));
                return Course::calling(self.inner.call(request), listener);
            }
            Answer::Wait { place, until } => {
                telemetry::delayed(key.as_str(), shared.instant(until) - shared.instant(now));
                (place, until)
            }
            Answer::Refuse { retry_at, reason } => {
                let why = (retry_at, reason);
                return Course::refused(shared.refuse(&key, now, why, explain.as_ref()));
            }
            Answer::TooDear { burst } => {
                let why = (ask.cost, burst);
                return Course::refused(shared.too_dear(&key, now, why, explain.as_ref()));
            }
        };
        let listener = Listener::of(explain.clone(), self.ear(&request, until));
        let goes = matches!(answer, Answer::Go { .. });
        let wait = Wait {
            shared,
            lane,
            key,
            place,
            ask,
            arrived: now,
            until,
            has_waited: !goes,
            explain,
            state: if goes { State::Paid } else { State::Queued },
        };
        Course::holding(Hold::new(self.inner.clone(), request, wait), listener)
    }

    /// The place that readiness may have taken goes to somebody who can use it.
    fn release(&mut self)
    where
        S: Clone,
    {
        let fresh = self.inner.clone();
        drop(mem::replace(&mut self.inner, fresh));
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
