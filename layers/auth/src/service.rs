use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{BoxError, Explain, Replay, Sent};
use http::{Request, Response};
use tower_service::Service;

use crate::call::{Again, Carried, Kept, Last, Watch};
use crate::credential::Unplaceable;
use crate::error::Reason;
use crate::future::ResponseFuture;
use crate::origins::Place;
use crate::pause::Pause;
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

    // What most requests need stands here, where the request lies; to hand it to a function that may
    // have to do more is to move it in memory.
    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Self { inner, settings } = self;
        if !settings.is_plain(&request) {
            return consider(inner, settings, request);
        }
        let Some(tokens) = &settings.credentials.tokens else {
            return match settings.add_fixed(&mut request) {
                Ok(_) => ResponseFuture::passing(inner.call(request), None),
                Err(Unplaceable) => refuse(&request),
            };
        };
        let kept = settings.keep(&mut request);
        match tokens.at_hand(|held| Carried::with(settings, held, &mut request)) {
            Some(Ok(Some(carried))) => go(inner, settings, request, carried, kept, None),
            Some(Ok(None)) => ResponseFuture::passing(inner.call(request), None),
            Some(Err(Unplaceable)) => refuse(&request),
            None => without_fresh_token(inner, settings, tokens, request),
        }
    }
}

/// A request that asks for something special, or that goes elsewhere.
#[cold]
#[inline(never)]
fn consider<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    request: Request<B>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Replay,
{
    match Override::of(request.extensions()) {
        // A layer without credentials has nothing to say of a request that brings none.
        None if settings.credentials.is_none() => {
            ResponseFuture::passing(inner.call(request), None)
        }
        None => authorize(inner, settings, request),
        Some(other) => match settings.with(other) {
            Some(settings) => authorize(inner, &Arc::new(settings), request),
            None => pass(inner, request, "off for this request"),
        },
    }
}

/// Adds what belongs to the request and calls the service.
fn authorize<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    mut request: Request<B>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Replay,
{
    let place = settings.origins.place_of(&request);
    if place != Place::Inside {
        telemetry::withheld(request.uri(), place);
        return pass(inner, request, "no credentials: they are for other origins");
    }
    if let Some(partition) = &settings.partition {
        let extensions = request.extensions_mut();
        extensions.get_or_insert_with(|| partition.clone());
    }
    let Some(tokens) = &settings.credentials.tokens else {
        return match settings.add_fixed(&mut request) {
            Ok(true) => pass(inner, request, "credentials added"),
            Ok(false) => pass(inner, request, "kept the request's own"),
            Err(Unplaceable) => refuse(&request),
        };
    };
    let kept = settings.keep(&mut request);
    match tokens.at_hand(|held| Carried::with(settings, held, &mut request)) {
        Some(added) => finish(inner, settings, request, added, kept),
        None => without_fresh_token(inner, settings, tokens, request),
    }
}

/// Sends a request to which a token was to be added.
fn finish<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    request: Request<B>,
    added: Result<Option<Carried>, Unplaceable>,
    kept: Option<Kept<B>>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    match added {
        Ok(Some(carried)) => {
            let explain = Explain::of(request.extensions()).cloned();
            telemetry::note(explain.as_ref(), "token added");
            go(inner, settings, request, carried, kept, explain)
        }
        Ok(None) => pass(inner, request, "kept the request's own"),
        Err(Unplaceable) => refuse(&request),
    }
}

/// Sends a request with a token.
#[inline(always)]
fn go<S, B, R>(
    inner: &mut S,
    settings: &Arc<Settings>,
    request: Request<B>,
    carried: Carried,
    kept: Option<Kept<B>>,
    explain: Option<Explain>,
) -> ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    let watch = Watch::new(carried, Arc::clone(settings), explain);
    let Some(kept) = kept else {
        return ResponseFuture::once(inner.call(request), watch);
    };
    let clone = inner.clone();
    let mut ready = mem::replace(inner, clone);
    let attempt = ready.call(request);
    let service = ready;
    ResponseFuture::watching(attempt, watch, Again { service, kept })
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
        let added = settings.add_fixed(&mut request).map(|_| None);
        return finish(inner, settings, request, added, None);
    }
    match tokens.ask() {
        Ok(held) => {
            let kept = settings.keep(&mut request);
            let added = Carried::with(settings, &held, &mut request);
            finish(inner, settings, request, added, kept)
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

/// The request goes as it is now.
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
