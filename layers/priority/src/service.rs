use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::key::{self, KeyExtractor};
use buttress_kernel::{Background, BoxError, Explain, Key};
use http::Extensions;
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::limit::{Limit, Reason};
use crate::line::Arrival;
use crate::mode::{Http, Mode};
use crate::overrides::{Override, Patience};
use crate::permit::Permit;
use crate::priority::{Equal, Prioritize};
use crate::table::{Table, now};
use crate::telemetry;
use crate::wait::{Ask, Hold, Wait};

/// Bounds how many requests are in flight; see [`PriorityLayer`](crate::PriorityLayer).
///
/// Ready when the inner service is: how urgent a request is, and whose limit it counts in, is known
/// only with the request, so the wait is in the call. A service that is ready and not called holds
/// nothing of the limit; a request that waits holds no place of the inner service, and asks for a new
/// one when it may go.
pub struct Prioritized<S, K = key::Shared, P = Equal, M = Http> {
    inner: S,
    key: K,
    priority: P,
    max_wait: Option<Duration>,
    table: Arc<Table>,
    mode: PhantomData<fn() -> M>,
}

impl<S, K, P, M> Prioritized<S, K, P, M> {
    pub(crate) fn new(
        inner: S,
        (key, priority): (K, P),
        max_wait: Option<Duration>,
        table: Arc<Table>,
    ) -> Self {
        let mode = PhantomData;
        Self {
            inner,
            key,
            priority,
            max_wait,
            table,
            mode,
        }
    }
}

/// The future of a request.
type Way<S, Req, M> = ResponseFuture<S, Req, <S as Service<Req>>::Future, M>;

impl<S, K, P, M, Req> Service<Req> for Prioritized<S, K, P, M>
where
    S: Service<Req> + Clone,
    S::Error: Into<BoxError>,
    K: KeyExtractor<Req>,
    P: Prioritize<Req>,
    M: Mode<Req, S::Response>,
{
    type Response = M::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S, Req, S::Future, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        if !M::extensions(&request).is_none_or(Extensions::is_empty) {
            return self.consider(request);
        }
        match self.table.take(&self.key.extract(&request)) {
            Some(permit) => ResponseFuture::calling(self.inner.call(request), Some(permit), None),
            None => self.detain(request),
        }
    }
}

impl<S, K, P, M> Prioritized<S, K, P, M> {
    /// The request has extensions, one of which may be for us.
    fn consider<Req>(&mut self, request: Req) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        P: Prioritize<Req>,
        M: Mode<Req, S::Response>,
    {
        let found = M::extensions(&request);
        let skip = wish(found).is_some_and(|change: &Override| change.skip);
        let mut permit = None;
        if !skip {
            permit = self.table.take(&self.key.extract(&request));
            if permit.is_none() {
                return self.detain(request);
            }
        }
        let explain = found.and_then(Explain::of).cloned();
        if explain.is_some() {
            let (now, words) = (now(), if skip { "skipped" } else { "went at once" });
            telemetry::note(explain.as_ref(), (now, now), || words.to_owned());
        }
        ResponseFuture::calling(self.inner.call(request), permit, explain)
    }

    /// There is no room: the request waits, or is refused.
    #[cold]
    #[inline(never)]
    fn detain<Req>(&mut self, request: Req) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        P: Prioritize<Req>,
        M: Mode<Req, S::Response>,
    {
        let ask = self.ask::<Req, S::Response>(&request);
        if let Some(limit) = ask.limit.filter(|limit| limit.has_passed(ask.came)) {
            return self.refuse(&ask, limit.reason);
        }
        let given = wish(M::extensions(&request)).copied();
        let priority = given.unwrap_or_else(|| self.priority.priority(&request));
        let lane = self.table.lane(ask.key.as_str());
        let max_waiting = self.table.rules.max_waiting;
        match lane.arrive(|| self.table.rank(priority), max_waiting) {
            Arrival::Go => {
                let permit = Some(Permit::granted(lane));
                ResponseFuture::calling(self.inner.call(request), permit, ask.explain)
            }
            Arrival::Wait(place) => {
                telemetry::queued(ask.key.as_str(), priority);
                let explain = ask.explain.clone();
                let wait = Wait::new(ask, lane, place);
                self.release();
                ResponseFuture::holding(Hold::new(self.inner.clone(), request, wait), explain)
            }
            Arrival::Crowded => self.refuse(&ask, Reason::Full),
        }
    }

    /// What the request brings to a wait.
    fn ask<Req, Res>(&self, request: &Req) -> Ask
    where
        K: KeyExtractor<Req>,
        M: Mode<Req, Res>,
    {
        let (came, found) = (now(), M::extensions(request));
        let change: Option<&Override> = wish(found);
        let patience = change.and_then(|change| change.patience);
        let Patience(max_wait) = patience.unwrap_or(Patience(self.max_wait));
        Ask {
            key: Key::from(&*self.key.extract(request)),
            came,
            limit: Limit::of(came, max_wait, get(found).copied()),
            explain: get(found).cloned(),
        }
    }

    fn refuse<Req>(&mut self, ask: &Ask, reason: Reason) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
    {
        self.release();
        ResponseFuture::refused(ask.refuse(ask.came, reason))
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

fn get<T: Send + Sync + 'static>(found: Option<&Extensions>) -> Option<&T> {
    found.and_then(Extensions::get)
}

/// What a caller wants otherwise who waits.
fn wish<T: Send + Sync + 'static>(found: Option<&Extensions>) -> Option<&T> {
    found.and_then(Background::wish)
}

// By hand: a derive would ask `M`, which is only a mark, to be `Clone` and `Debug`.
impl<S: Clone, K: Clone, P: Clone, M> Clone for Prioritized<S, K, P, M> {
    fn clone(&self) -> Self {
        let finders = (self.key.clone(), self.priority.clone());
        Self::new(
            self.inner.clone(),
            finders,
            self.max_wait,
            Arc::clone(&self.table),
        )
    }
}

impl<S: fmt::Debug, K, P, M> fmt::Debug for Prioritized<S, K, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prioritized")
            .field("inner", &self.inner)
            .field("max_wait", &self.max_wait)
            .field("rules", &self.table.rules)
            .finish_non_exhaustive()
    }
}
