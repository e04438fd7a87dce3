use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body::Body;
use tower_service::Service;

use crate::again::{Again, follow};
use crate::asked::Asked;
use crate::body::CacheBody;
use crate::fetch::Fetch;
use crate::flight::{Entrance, Leader};
use crate::future::ResponseFuture;
use crate::lean::{Lean, explain, note};
use crate::overrides::Override;
use crate::policy::{Ask, Decision, Mode, Reason, Serve, look_up};
use crate::recent::Known;
use crate::refresh;
use crate::seek::{Missed, Seek, Turn};
use crate::serve::{from_memory, refusal};
use crate::shared::Shared;
use crate::status::CacheStatus;
use crate::store::{Answer, Key, KeyRef, Pending, Variants};
use crate::telemetry;

/// Answers from the store what it can, and stores what it may; made by
/// [`CacheLayer`](crate::CacheLayer).
///
/// Ready when the inner service is. When a request is answered without it, the place that readiness
/// may have taken is given back at once, for which the inner service is cloned.
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

/// What to do about a request, found out without moving it.
enum Step<R> {
    /// It is answered.
    Answer(Response<CacheBody<R>>),
    /// It is answered, and what was found is to be validated.
    Refresh(Response<CacheBody<R>>, Key, Variants),
    /// It goes on at little cost.
    Lean(u64),
    /// It is no matter for the store.
    Bypass(Reason),
    /// Others may be asking the same.
    Miss(Key, Missed),
    /// The store takes its time.
    Later(Key, Pending<Variants>),
    /// The body is not in memory.
    Body(Key, Variants),
}

/// Whether a request that needs none brings content. The key does not tell it apart from others, so
/// its response is for it alone; and nobody waits for content that may never end.
#[inline]
fn has_content(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length != "0") || headers.contains_key(header::TRANSFER_ENCODING)
}

impl<S> Cache<S> {
    #[inline]
    fn step<B, R>(
        &self,
        request: &Request<B>,
        wants: Option<&Override>,
        now: SystemTime,
    ) -> Step<R> {
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            return Step::Bypass(Reason::Method);
        }
        if has_content(request.headers()) {
            return Step::Bypass(Reason::Bypass);
        }
        if wants.is_some_and(|wants| wants.wishes().mode == Mode::NoStore) {
            return Step::Bypass(Reason::Bypass);
        }
        let name = wants.and_then(Override::name);
        self.shared
            .with_key(request, name, |key| self.step_at(request, wants, key, now))
    }

    #[inline]
    fn step_at<B, R>(
        &self,
        request: &Request<B>,
        wants: Option<&Override>,
        key: KeyRef<'_>,
        now: SystemTime,
    ) -> Step<R> {
        let shared = &self.shared;
        shared.count_call(key, now);
        let found = match shared.get(key) {
            Answer::Now(found) => found,
            Answer::Later(pending) => return Step::Later(key.keep(), pending),
        };
        let wishes = wants.map(Override::wishes).unwrap_or_default();
        match look_up(&wishes, &Ask::of(request), &found, now) {
            Decision::Serve(serve) => self.serve(request, key, found, &serve),
            Decision::Bypass(reason) => Step::Bypass(reason),
            Decision::Forward(forward) => {
                let known = found.is_empty()
                    && wants.is_none()
                    && shared.unfit.known(key.hash(), now) == Known::Well;
                if known && request.extensions().is_empty() {
                    telemetry::forwarded(&key, forward.reason);
                    return Step::Lean(key.hash());
                }
                Step::Miss(key.keep(), Missed { found, forward })
            }
            Decision::Refuse => {
                telemetry::refused(key);
                Step::Answer(self.told(request, refusal(), || {
                    CacheStatus::forwarded(Reason::UriMiss)
                }))
            }
        }
    }

    #[inline]
    fn serve<B, R>(
        &self,
        request: &Request<B>,
        key: KeyRef<'_>,
        found: Variants,
        serve: &Serve,
    ) -> Step<R> {
        let Some(answer) = from_memory(request.method(), &found[serve.index], serve) else {
            return Step::Body(key.keep(), found);
        };
        telemetry::hit(key, serve);
        let answer = self.told(request, answer, || CacheStatus::served(serve));
        if serve.revalidate {
            return Step::Refresh(answer, key.keep(), found);
        }
        Step::Answer(answer)
    }

    #[inline]
    fn told<B, R>(
        &self,
        request: &Request<B>,
        mut answer: Response<CacheBody<R>>,
        status: impl Fn() -> CacheStatus,
    ) -> Response<CacheBody<R>> {
        self.shared.tell(&mut answer, &status);
        if let Some((explain, start)) = explain(request) {
            note(&explain, start, &status(), &mut answer);
        }
        answer
    }

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
    /// Whoever comes here goes to the origin, or waits for somebody who does.
    #[cold]
    #[inline(never)]
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
        let known = self.shared.unfit.known(asked.key.hash(), now);
        if known != Known::Not || !asked.shares(&missed.forward) {
            return self.ask(request, asked, missed, None, now);
        }
        match asked.enter(&missed.found) {
            Entrance::Lead(leader) => self.ask(request, asked, missed, Some(leader), now),
            Entrance::Wait(waiting) => self.seek(request, asked, Turn::Flight(waiting, missed)),
            Entrance::Join(candidate, serve) => match asked.join(&candidate, &serve) {
                Some(answer) => {
                    self.release();
                    ResponseFuture::ready(answer)
                }
                None => self.ask(request, asked, missed, None, now),
            },
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
        let Missed { found, forward } = missed;
        telemetry::forwarded(&asked.key, forward.reason);
        let again = Again::of(forward.aim, &self.inner, &request);
        forward.conditions.apply(request.headers_mut());
        let fetch = Fetch {
            common: asked.is_common(&forward),
            asked,
            found,
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
    B: Send + 'static,
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
        let asked = |request: &Request<B>, shared: &Arc<Shared>, key, wants| {
            Asked::of(shared, request, key, wants)
        };
        match self.step(&request, wants.as_ref(), now) {
            Step::Answer(answer) => {
                self.release();
                ResponseFuture::ready(answer)
            }
            Step::Lean(hash) => {
                let lean = Lean::miss(&self.shared, &request, hash, now);
                ResponseFuture::passing(self.inner.call(request), lean)
            }
            Step::Bypass(reason) => {
                let lean = Lean::bypass(&self.shared, &request, wants, reason, now);
                ResponseFuture::passing(self.inner.call(request), lean)
            }
            Step::Miss(key, missed) => {
                let asked = asked(&request, &self.shared, key, wants);
                self.miss(request, asked, missed, now)
            }
            Step::Refresh(answer, key, found) => {
                let shared = Arc::clone(&self.shared);
                refresh::begin(&shared, request, &key, found, now, |request| {
                    self.inner.call(request)
                });
                self.release();
                ResponseFuture::ready(answer)
            }
            Step::Later(key, pending) => {
                let asked = asked(&request, &self.shared, key, wants);
                self.seek(request, asked, Turn::Store(pending))
            }
            Step::Body(key, found) => {
                let asked = asked(&request, &self.shared, key, wants);
                self.seek(request, asked, Turn::Body(found))
            }
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
