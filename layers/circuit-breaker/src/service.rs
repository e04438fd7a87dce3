use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::key::{Authority, KeyExtractor};
use buttress_kernel::{BoxError, Classify, RequestView};
use http::{Extensions, Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::admission::{Admission, now};
use crate::cache::{Cache, Hold};
use crate::future::{ResponseFuture, WholeFuture};
use crate::mode::{Any, Head, Whole};
use crate::overrides::Override;
use crate::registry::Registry;
use crate::telemetry;

/// Calls the inner service while the circuit is closed; made by
/// [`CircuitBreakerLayer`](crate::CircuitBreakerLayer).
///
/// Ready when the inner service is: which circuit a request belongs to is known only with the
/// request. When that one is open, the place that readiness may have taken is given back at once,
/// for which the inner service is cloned; otherwise it never is.
pub struct CircuitBreaker<S, K = Authority, C = buttress_kernel::HttpClassify, M = Head> {
    inner: S,
    key: K,
    classify: C,
    registry: Arc<Registry>,
    cache: Cache,
    mode: PhantomData<fn() -> M>,
}

impl<S, K, C, M> CircuitBreaker<S, K, C, M> {
    pub(crate) fn new(inner: S, key: K, classify: C, registry: Arc<Registry>) -> Self {
        Self {
            inner,
            key,
            classify,
            registry,
            cache: Cache::default(),
            mode: PhantomData,
        }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The circuit of an HTTP request, mostly without looking for its key.
    #[inline]
    fn http<B>(&mut self, request: &Request<B>) -> Hold
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        let uri = request.uri();
        match uri.authority() {
            Some(authority) if TypeId::of::<K>() == TypeId::of::<Authority>() => {
                match self.cache.at_place(&self.registry, uri, authority) {
                    Some(hold) => hold,
                    None => self.find_place(request),
                }
            }
            _ => self.any(request),
        }
    }

    #[cold]
    fn find_place<B>(&mut self, request: &Request<B>) -> Hold
    where
        K: KeyExtractor<Request<B>>,
    {
        let key = self.key.extract(request);
        let Some(circuit) = self.registry.get_or_insert(&key, now()) else {
            telemetry::untracked(&key);
            return Hold::Nothing;
        };
        let uri = request.uri();
        match uri.authority() {
            Some(authority) => {
                let Self {
                    cache, registry, ..
                } = self;
                cache.learn_place(registry, uri, authority, circuit)
            }
            None => self.cache.learn(circuit, None),
        }
    }

    /// The circuit of any request.
    #[inline]
    fn any<Req>(&mut self, request: &Req) -> Hold
    where
        K: KeyExtractor<Req>,
    {
        let key = self.key.extract(request);
        if let Some(hold) = self.cache.by_key(&key) {
            return hold;
        }
        match self.registry.get_or_insert(&key, now()) {
            Some(circuit) => self.cache.learn(circuit, None),
            None => {
                telemetry::untracked(&key);
                Hold::Nothing
            }
        }
    }

    /// Whether a request has nothing to do with the breaker.
    #[inline]
    fn bypasses(&self, extensions: Option<&Extensions>) -> bool {
        if self.registry.common.is_due() {
            self.registry.sweep_one(now());
        }
        let given = extensions.filter(|extensions| !extensions.is_empty());
        given.is_some_and(|given| given.get::<Override>().is_some_and(|own| own.bypass))
    }

    /// Gives the place that readiness may have taken to somebody who can use it.
    #[cold]
    fn stand_back(&mut self)
    where
        S: Clone,
    {
        let fresh = self.inner.clone();
        drop(mem::replace(&mut self.inner, fresh));
    }
}

impl<S, K, C, B, R> Service<Request<B>> for CircuitBreaker<S, K, C, Head>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    K: KeyExtractor<Request<B>> + 'static,
    C: Classify<Response<R>> + Clone,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, C, Head>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let classify = self.classify.clone();
        let extensions = Some(request.extensions());
        if self.bypasses(extensions) {
            let inner = self.inner.call(request);
            return ResponseFuture::calling(inner, Admission::free(), classify);
        }
        match Admission::ask(self.http(&request), extensions) {
            Ok(admission) => ResponseFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => {
                self.stand_back();
                ResponseFuture::refused(error, classify)
            }
        }
    }
}

impl<S, K, C, B, R> Service<Request<B>> for CircuitBreaker<S, K, C, Whole>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body,
    K: KeyExtractor<Request<B>> + 'static,
    C: Classify<Response<R>> + Clone,
{
    type Response = Response<crate::body::ResponseBody<R, C>>;
    type Error = BoxError;
    type Future = WholeFuture<S::Future, C>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let classify = self.classify.clone();
        let extensions = Some(request.extensions());
        if self.bypasses(extensions) {
            let inner = self.inner.call(request);
            return WholeFuture::calling(inner, Admission::free(), classify);
        }
        match Admission::ask(self.http(&request), extensions) {
            Ok(admission) => WholeFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => {
                self.stand_back();
                WholeFuture::refused(error)
            }
        }
    }
}

impl<S, K, C, V, Req> Service<Req> for CircuitBreaker<S, K, C, Any<V>>
where
    S: Service<Req> + Clone,
    S::Error: Into<BoxError>,
    K: KeyExtractor<Req>,
    C: Classify<S::Response> + Clone,
    V: RequestView<Req>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, C, Any<V>>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let classify = self.classify.clone();
        let extensions = V::extensions(&request);
        if self.bypasses(extensions) {
            let inner = self.inner.call(request);
            return ResponseFuture::calling(inner, Admission::free(), classify);
        }
        match Admission::ask(self.any(&request), extensions) {
            Ok(admission) => ResponseFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => {
                self.stand_back();
                ResponseFuture::refused(error, classify)
            }
        }
    }
}

// What a service remembers is its own.
impl<S: Clone, K: Clone, C: Clone, M> Clone for CircuitBreaker<S, K, C, M> {
    fn clone(&self) -> Self {
        Self::new(
            self.inner.clone(),
            self.key.clone(),
            self.classify.clone(),
            Arc::clone(&self.registry),
        )
    }
}

impl<S: fmt::Debug, K, C, M> fmt::Debug for CircuitBreaker<S, K, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("inner", &self.inner)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}
