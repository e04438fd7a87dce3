use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use buttress_kernel::{Background, BoxError, Deadline, Explain};
use http::{Extensions, HeaderName, Request, Response};
use tower_service::Service;

use super::TotalOverride;
use crate::body::ResponseBody;
use crate::future::DeadlineFuture;
use crate::limits::Limits;
use crate::limits::longer;
use crate::plan::{self, Plan};
use crate::report::Trace;
use crate::rule::Total;
use crate::timer;

/// Limits the time of each call as a whole; made by [`DeadlineLayer`](crate::DeadlineLayer).
#[derive(Clone, Debug)]
pub struct WithDeadline<S> {
    inner: S,
    total: Option<Duration>,
    forward: Option<HeaderName>,
}

impl<S> WithDeadline<S> {
    pub(super) const fn new(
        inner: S,
        total: Option<Duration>,
        forward: Option<HeaderName>,
    ) -> Self {
        Self {
            inner,
            total,
            forward,
        }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, for a change.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without a limit.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn plan(&self, extensions: &mut Extensions) -> Plan {
        let own = match extensions.get::<TotalOverride>() {
            None => self.total,
            Some(own) if Background::is(extensions) => longer(own.get(), self.total),
            Some(own) => own.get(),
        };
        let found = extensions.get::<Deadline>().copied();
        let limits = Limits::default();
        if own.is_none() && found.is_none() {
            return Plan::plain(limits);
        }
        let start = timer::now();
        let Some(end) = earlier(found, own, start) else {
            return Plan::plain(limits);
        };
        let trace = Explain::of(extensions).map(|explain| Trace::whole(explain, start, end));
        if found != Some(end) {
            extensions.insert(end);
        }
        let total = Some(Total::new(end, start));
        Plan {
            limits,
            total,
            trace,
        }
    }
}

/// The earlier of the deadline that was there and our own.
fn earlier(found: Option<Deadline>, own: Option<Duration>, now: Instant) -> Option<Deadline> {
    let own = own.and_then(|total| Deadline::after(now, total));
    found.into_iter().chain(own).min()
}

impl<S, B, R> Service<Request<B>> for WithDeadline<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = DeadlineFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.total.is_none() && request.extensions().is_empty() {
            let plan = Plan::plain(Limits::default());
            return DeadlineFuture::new(self.inner.call(request), plan);
        }
        self.call_limited(request)
    }
}

impl<S> WithDeadline<S> {
    /// The call of a request that may have a deadline. By itself, so that one that cannot have any is
    /// handed on without being moved.
    #[inline(never)]
    fn call_limited<B, R>(&mut self, mut request: Request<B>) -> DeadlineFuture<S::Future>
    where
        S: Service<Request<B>, Response = Response<R>>,
    {
        let plan = self.plan(request.extensions_mut());
        if plan.is_late() {
            return DeadlineFuture::refused(plan);
        }
        plan::forward(request.headers_mut(), self.forward.as_ref(), plan.total);
        DeadlineFuture::new(self.inner.call(request), plan)
    }
}
