use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::key::{Authority, KeyExtractor};
use buttress_kernel::{BoxError, Classify, Explain, RequestView};
use http::{Extensions, Request, Response, Uri};
use http_body::Body;
use tower_service::Service;

use crate::admission::{Admission, now};
use crate::cache::Cache;
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

    /// The way through a closed circuit that this service has used lately, for a request that has no
    /// wishes of its own.
    #[inline(always)]
    fn http<B>(&mut self, request: &Request<B>) -> Option<Admission>
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        let authority = authority::<K, B>(request);
        let Some(authority) = authority else {
            return self.any(request, Some(request.extensions()));
        };
        if self.is_busy(Some(request.extensions())) {
            return None;
        }
        let uri = request.uri();
        let uses = self.cache.at_place(&self.registry, uri, authority)?;
        Admission::pass(uses)
    }

    /// The same by the key.
    #[inline(always)]
    fn any<Req>(&mut self, request: &Req, extensions: Option<&Extensions>) -> Option<Admission>
    where
        K: KeyExtractor<Req>,
    {
        if self.is_busy(extensions) {
            return None;
        }
        Admission::pass(self.cache.by_key(&self.key.extract(request))?)
    }

    /// Whether there is more to do than to look at a closed circuit.
    #[inline(always)]
    fn is_busy(&self, extensions: Option<&Extensions>) -> bool {
        let wishes = |given: &Extensions| {
            !given.is_empty()
                && (given.get::<Override>().is_some() || given.get::<Explain>().is_some())
        };
        self.registry.common.is_due() || extensions.is_some_and(wishes)
    }

    /// The whole way.
    #[cold]
    #[inline(never)]
    fn ask_http<B>(&mut self, request: &Request<B>) -> Result<Admission, BoxError>
    where
        S: Clone,
        K: KeyExtractor<Request<B>> + 'static,
    {
        let uri = request.uri();
        let authority = authority::<K, B>(request);
        let place = authority.map(|authority| (uri, authority));
        self.ask(request, Some(request.extensions()), place)
    }

    /// The whole way by the key.
    #[cold]
    #[inline(never)]
    fn ask_any<Req>(
        &mut self,
        request: &Req,
        extensions: Option<&Extensions>,
    ) -> Result<Admission, BoxError>
    where
        S: Clone,
        K: KeyExtractor<Req>,
    {
        self.ask(request, extensions, None)
    }

    fn ask<Req>(
        &mut self,
        request: &Req,
        extensions: Option<&Extensions>,
        place: Option<(&Uri, &http::uri::Authority)>,
    ) -> Result<Admission, BoxError>
    where
        S: Clone,
        K: KeyExtractor<Req>,
    {
        if self.registry.common.is_due() {
            self.registry.sweep_one(now());
        }
        let own = extensions.and_then(|extensions| extensions.get::<Override>());
        if own.is_some_and(|own| own.bypass) {
            return Ok(Admission::free());
        }
        let key = self.key.extract(request);
        let Some(circuit) = self.registry.get_or_insert(&key, now()) else {
            telemetry::untracked(&key);
            return Ok(Admission::free());
        };
        let hold = match place {
            Some((uri, authority)) => {
                self.cache
                    .learn_place(&self.registry, uri, authority, circuit)
            }
            None => self.cache.learn(circuit, None),
        };
        let admitted = Admission::ask(hold, extensions.and_then(Explain::of));
        if admitted.is_err() {
            // The place that readiness may have taken goes to somebody who can use it.
            let fresh = self.inner.clone();
            drop(mem::replace(&mut self.inner, fresh));
        }
        admitted
    }
}

/// Where the key is the authority, and the request has one: the text in which it will be found.
#[inline(always)]
fn authority<K: 'static, B>(request: &Request<B>) -> Option<&http::uri::Authority> {
    let authority = request.uri().authority();
    authority.filter(|_| TypeId::of::<K>() == TypeId::of::<Authority>())
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
        let admitted = match self.http(&request) {
            Some(admission) => Ok(admission),
            None => self.ask_http(&request),
        };
        match admitted {
            Ok(admission) => ResponseFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => ResponseFuture::refused(error, classify),
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
        let admitted = match self.http(&request) {
            Some(admission) => Ok(admission),
            None => self.ask_http(&request),
        };
        match admitted {
            Ok(admission) => WholeFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => WholeFuture::refused(error),
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
        let admitted = match self.any(&request, extensions) {
            Some(admission) => Ok(admission),
            None => self.ask_any(&request, extensions),
        };
        match admitted {
            Ok(admission) => ResponseFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => ResponseFuture::refused(error, classify),
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
