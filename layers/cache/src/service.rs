use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::again::{follow, prepared};
use crate::asked::Asked;
use crate::body::CacheBody;
use crate::fetch::Fetch;
use crate::flight::{Entrance, Leader};
use crate::future::ResponseFuture;
use crate::lean::Lean;
use crate::overrides::Override;
use crate::recent::Known;
use crate::refresh;
use crate::seek::{Missed, Seek, Turn};
use crate::shared::Shared;
use crate::step::{Long, Served, Step};
use crate::telemetry;

/// Answers from the store what it can, and stores what it may; made by
/// [`CacheLayer`](crate::CacheLayer).
///
/// Ready when the inner service is: whoever watches readiness, to shed load or to choose among
/// several, is told the truth, and a request that has to be sent finds its place taken already. The
/// price is that hits wait too for an inner service that is not ready. So put what waits long below
/// where it waits in its future, as the layers of this family do, or behind a buffer. When a request
/// is answered without the inner service, the place that readiness may have taken is given back at
/// once, for which that service is cloned.
pub struct Cache<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Cache<S> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S> Cache<S> {
    /// The place that readiness may have taken goes to somebody who can use it.
    #[inline]
    fn release(&mut self)
    where
        S: Clone,
    {
        // What has nothing to drop holds no place.
        if mem::needs_drop::<S>() {
            let fresh = self.inner.clone();
            drop(mem::replace(&mut self.inner, fresh));
        }
    }
}

impl<S> Cache<S> {
    /// The way of all that is neither answered from memory nor known to miss.
    #[cold]
    #[inline(never)]
    fn go_on<B, R>(
        &mut self,
        request: Request<B>,
        wants: Option<Override>,
        long: Long,
        now: SystemTime,
    ) -> ResponseFuture<S::Future, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send + 'static,
        S::Future: Send + 'static,
        B: Send + 'static,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        match long {
            Long::Refuse => {
                let answer = self.shared.refused(&request);
                self.release();
                ResponseFuture::ready(answer)
            }
            Long::Bypass(reason) => {
                let lean = Lean::bypass(&self.shared, &request, wants, reason, now);
                ResponseFuture::passing(self.inner.call(request), lean)
            }
            Long::Miss(key, missed) => {
                let asked = Asked::of(&self.shared, &request, key, wants);
                self.miss(request, asked, missed, now)
            }
            Long::Refresh(key, Served { found, serve, body }) => {
                let answer = self.shared.served(&request, &found, &serve, body);
                let shared = Arc::clone(&self.shared);
                refresh::begin(&shared, request, &key, found, now, |request| {
                    self.inner.call(request)
                });
                self.release();
                ResponseFuture::ready(answer)
            }
            Long::Later(key, pending, left) => {
                let asked = Asked::of(&self.shared, &request, key, wants);
                self.seek(request, asked, Turn::Store(pending, left))
            }
            Long::Body(key, found) => {
                let asked = Asked::of(&self.shared, &request, key, wants);
                self.seek(request, asked, Turn::Body(found))
            }
        }
    }

    /// Whoever comes here goes to the origin, or waits for somebody who does.
    fn miss<B, R>(
        &mut self,
        request: Request<B>,
        asked: Asked,
        missed: Missed,
        now: SystemTime,
    ) -> ResponseFuture<S::Future, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send + 'static,
        S::Future: Send + 'static,
        B: Send + 'static,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let known = self.shared.unfit.known(asked.mark, now.into());
        if known != Known::Not || !asked.shares() {
            return self.ask(request, asked, missed, None, now);
        }
        match asked.enter(&missed.found) {
            Entrance::Lead(leader) => self.ask(request, asked, missed, Some(leader), now),
            Entrance::Wait(waiting) => self.seek(request, asked, Turn::Flight(waiting, missed)),
            Entrance::Alone => self.ask(request, asked, missed, None, now),
            Entrance::Join(candidate, place) => {
                let answer = asked.join(&candidate, place, missed.forward.reason);
                self.release();
                ResponseFuture::ready(answer)
            }
        }
    }

    /// Asks the origin, through the very service that is ready.
    fn ask<B, R>(
        &mut self,
        mut request: Request<B>,
        asked: Asked,
        missed: Missed,
        leader: Option<Leader>,
        now: SystemTime,
    ) -> ResponseFuture<S::Future, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send + 'static,
        S::Future: Send + 'static,
        B: Send + 'static,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let Missed {
            found,
            is_blind,
            forward,
        } = missed;
        telemetry::forwarded(|| &asked.key, forward.reason);
        let (forward, again) = prepared(forward, &self.inner, &request);
        forward.conditions.apply(request.headers_mut());
        let fetch = Fetch {
            common: asked.is_common(),
            asked,
            found,
            is_blind,
            aim: forward.aim,
            reason: forward.reason,
            sent: now,
            since: self.shared.outdated.moment(),
            leader,
        };
        let response = self.inner.call(request);
        ResponseFuture::quest(follow(fetch, response, again))
    }

    /// Waits, without a place of the inner service.
    fn seek<B, R>(
        &mut self,
        request: Request<B>,
        asked: Asked,
        turn: Turn,
    ) -> ResponseFuture<S::Future, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send + 'static,
        S::Future: Send + 'static,
        B: Send + 'static,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.release();
        let service = self.inner.clone();
        let seek = Seek {
            service,
            request,
            asked,
        };
        ResponseFuture::quest(seek.go(turn))
    }
}

impl<S, B, R> Service<Request<B>> for Cache<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<CacheBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, R>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let now = self.shared.now();
        let wants = self.shared.wants(&request);
        match self.shared.step(&request, wants.as_ref(), now) {
            Step::Lean { mark, fades } => {
                let lean = Lean::miss(&self.shared, &request, mark, fades, now);
                ResponseFuture::passing(self.inner.call(request), lean)
            }
            Step::Answer(answer) => {
                self.release();
                ResponseFuture::ready(answer)
            }
            Step::Long(long) => self.go_on(request, wants, long, now),
        }
    }
}

impl<S: Clone> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.shared))
    }
}

impl<S: fmt::Debug> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("inner", &self.inner)
            .field("shared", &self.shared)
            .finish()
    }
}
