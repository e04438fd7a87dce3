//! The service, in each of its modes.

use std::task::{Context, Poll};

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{BoxError, Classify, RequestView};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::CircuitBreaker;
use crate::body::ResponseBody;
use crate::future::{ResponseFuture, WholeFuture};
use crate::mode::{Any, Head, Whole};

// Whoever goes the whole way takes the request along, so that the usual one never has to be moved out
// of the way.
impl<S, K, C> CircuitBreaker<S, K, C, Head> {
    #[cold]
    #[inline(never)]
    fn consult<B>(&mut self, request: Request<B>) -> ResponseFuture<S::Future, C, Head>
    where
        S: Service<Request<B>> + Clone,
        K: KeyExtractor<Request<B>> + 'static,
        C: Clone,
    {
        let classify = self.classify.clone();
        match self.ask_http(&request) {
            Ok(admission) => ResponseFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => ResponseFuture::refused(error, classify),
        }
    }
}

impl<S, K, C> CircuitBreaker<S, K, C, Whole> {
    #[cold]
    #[inline(never)]
    fn consult<B>(&mut self, request: Request<B>) -> WholeFuture<S::Future, C>
    where
        S: Service<Request<B>> + Clone,
        K: KeyExtractor<Request<B>> + 'static,
        C: Clone,
    {
        match self.ask_http(&request) {
            Ok(admission) => {
                let classify = self.classify.clone();
                WholeFuture::calling(self.inner.call(request), admission, classify)
            }
            Err(error) => WholeFuture::refused(error),
        }
    }
}

impl<S, K, C, V> CircuitBreaker<S, K, C, Any<V>> {
    #[cold]
    #[inline(never)]
    fn consult<Req>(&mut self, request: Req) -> ResponseFuture<S::Future, C, Any<V>>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        C: Clone,
        V: RequestView<Req>,
    {
        let classify = self.classify.clone();
        match self.ask(&request, V::extensions(&request), None) {
            Ok(admission) => ResponseFuture::calling(self.inner.call(request), admission, classify),
            Err(error) => ResponseFuture::refused(error, classify),
        }
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
        if let Some(admission) = self.http(&request) {
            let classify = self.classify.clone();
            return ResponseFuture::calling(self.inner.call(request), admission, classify);
        }
        self.consult(request)
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
    type Response = Response<ResponseBody<R, C>>;
    type Error = BoxError;
    type Future = WholeFuture<S::Future, C>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(admission) = self.http(&request) {
            let classify = self.classify.clone();
            return WholeFuture::calling(self.inner.call(request), admission, classify);
        }
        self.consult(request)
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
        if let Some(admission) = self.any(&request, V::extensions(&request)) {
            let classify = self.classify.clone();
            return ResponseFuture::calling(self.inner.call(request), admission, classify);
        }
        self.consult(request)
    }
}
