use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{BoxError, Explain, Partition, Replay, Sent};
use http::{Request, Response};
use tower_service::Service;

use crate::credential::Unplaceable;
use crate::error::Reason;
use crate::future::ResponseFuture;
use crate::origins::Place;
use crate::pause::Pause;
use crate::plan::{Last, Plan};
use crate::settings::Settings;
use crate::tokens::{Tokens, now};
use crate::{Override, Unauthenticated, telemetry};

/// A service that adds credentials; made by [`AuthLayer`](crate::AuthLayer).
///
/// Ready when the inner service is. A request that waits for a token holds no place of the inner
/// service; it asks for a new one when it has its token. Where a request may have to be sent again,
/// the inner service that was called is kept for that, and a clone of it takes its place here.
pub struct Auth<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Auth<S> {
    pub(crate) const fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for Auth<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: Replay,
    R: http_body::Body,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, R>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        match Override::of(request.extensions()) {
            None => authorize(&mut self.inner, &self.settings, request),
            Some(other) => match self.settings.with(other) {
                Some(settings) => authorize(&mut self.inner, &Arc::new(settings), request),
                None => pass(&mut self.inner, request, "off for this request"),
            },
        }
    }
}

/// Adds what belongs to the request and calls the service.
#[inline]
fn authorize<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    mut request: Request<B>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Replay,
{
    let place = settings.origins.place(request.uri());
    if place != Place::Inside {
        telemetry::withheld(request.uri(), place);
        return pass(inner, request, "no credentials: they are for other origins");
    }
    if let Some(partition) = &settings.partition
        && request.extensions().get::<Partition>().is_none()
    {
        request.extensions_mut().insert(partition.clone());
    }
    match &settings.credentials.tokens {
        Some(tokens) => with_token(inner, settings, tokens, request),
        None => match settings.add_fixed(&mut request) {
            Ok(true) => pass(inner, request, "credentials added"),
            Ok(false) => pass(inner, request, "kept the request's own"),
            Err(Unplaceable) => refuse(&request),
        },
    }
}

#[inline]
fn with_token<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    tokens: &Tokens,
    mut request: Request<B>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Replay,
{
    match tokens.at_hand(|held| Plan::of(settings, held, &mut request)) {
        Some(plan) => go(inner, settings, request, plan),
        None => without_fresh_token(inner, settings, tokens, request),
    }
}

#[inline]
fn go<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    request: Request<B>,
    plan: Result<Option<Plan<B>>, Unplaceable>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    let plan = match plan {
        Ok(Some(plan)) => plan,
        Ok(None) => return pass(inner, request, "kept the request's own"),
        Err(Unplaceable) => return refuse(&request),
    };
    let explain = Explain::of(request.extensions()).cloned();
    telemetry::note(explain.as_ref(), "token added");
    let (attempt, service) = if plan.can_replay() {
        let clone = inner.clone();
        let mut ready = mem::replace(inner, clone);
        (ready.call(request), Some(ready))
    } else {
        (inner.call(request), None)
    };
    ResponseFuture::watching(attempt, plan.call(service, Arc::clone(settings), explain))
}

/// There is no token, or one that will soon end.
#[cold]
#[inline(never)]
fn without_fresh_token<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    tokens: &Tokens,
    mut request: Request<B>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Replay,
{
    if settings.keeps_own(&request) {
        let plan = settings.add_fixed(&mut request).map(|_| None);
        return go(inner, settings, request, plan);
    }
    match tokens.ask() {
        Ok(held) => {
            let plan = Plan::of(settings, &held, &mut request);
            go(inner, settings, request, plan)
        }
        Err(need) => {
            // The place that readiness may have taken goes to somebody who can use it.
            let fresh = inner.clone();
            drop(mem::replace(inner, fresh));
            let settings = Arc::clone(settings);
            let pause = Pause::first(inner.clone(), settings, need, request);
            ResponseFuture::waiting(pause)
        }
    }
}

/// The request goes as it is.
#[inline]
fn pass<S, B, R>(inner: &mut S, request: Request<B>, note: &'static str) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    let explain = Explain::of(request.extensions()).cloned();
    telemetry::note(explain.as_ref(), note);
    let last = explain.map(Last::explained);
    ResponseFuture::passing(inner.call(request), last)
}

#[cold]
fn refuse<S, B, R>(request: &Request<B>) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
{
    telemetry::refused(Explain::of(request.extensions()), Reason::NoRoom, now());
    ResponseFuture::refused(Unauthenticated::new(Reason::NoRoom, Sent::No).into())
}

impl<S: Clone> Clone for Auth<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.settings))
    }
}

impl<S: fmt::Debug> fmt::Debug for Auth<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("inner", &self.inner)
            .field("settings", &self.settings)
            .finish()
    }
}
