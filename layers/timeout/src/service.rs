use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_kernel::{self as kernel, BoxError, RequestView};
use http::{HeaderName, Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::{ResponseBody, UploadBody};
use crate::future::{HeadFuture, ResponseFuture, SourceFuture, UploadFuture};
use crate::limits::Limits;
use crate::mode::{HeadOnly, Http, Source, Upload};
use crate::plan::{self, Plan};
use crate::upload::Shared;

/// Limits the time of each call; made by [`TimeoutLayer`](crate::TimeoutLayer).
pub struct Timeout<S, M = Http> {
    inner: S,
    limits: Limits,
    forward: Option<HeaderName>,
    mode: PhantomData<fn() -> M>,
}

impl<S, M> Timeout<S, M> {
    pub(crate) const fn new(inner: S, limits: Limits, forward: Option<HeaderName>) -> Self {
        let mode = PhantomData;
        Self {
            inner,
            limits,
            forward,
            mode,
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

    /// The inner service, without limits.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for Timeout<S, Http>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.extensions().is_empty() {
            return ResponseFuture::new(self.inner.call(request), Plan::plain(self.limits));
        }
        self.call_asked(request)
    }
}

impl<S> Timeout<S, Http> {
    /// The call of a request that may ask for something. By itself, so that one that asks for nothing
    /// is handed on without being moved.
    #[inline(never)]
    fn call_asked<B, R>(&mut self, mut request: Request<B>) -> ResponseFuture<S::Future>
    where
        S: Service<Request<B>, Response = Response<R>>,
    {
        let plan = Plan::asked(self.limits, request.extensions());
        if plan.is_late() {
            return ResponseFuture::refused(plan);
        }
        plan::forward(request.headers_mut(), self.forward.as_ref(), plan.total);
        ResponseFuture::new(self.inner.call(request), plan)
    }
}

impl<S, R> Service<Request<kernel::Body>> for Timeout<S, Source>
where
    S: Service<Request<kernel::Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = SourceFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<kernel::Body>) -> Self::Future {
        if request.extensions().is_empty() && request.body().as_bytes().is_some() {
            let plan = Plan::plain(self.limits);
            return SourceFuture::new(self.inner.call(request), plan, None);
        }
        self.call_watched(request)
    }
}

impl<S> Timeout<S, Source> {
    /// The call of a request that may ask for something, or keep the server waiting. By itself, so that one
    /// that does neither is handed on without being moved.
    #[inline(never)]
    fn call_watched<R>(&mut self, mut request: Request<kernel::Body>) -> SourceFuture<S::Future>
    where
        S: Service<Request<kernel::Body>, Response = Response<R>>,
    {
        let plan = Plan::asked(self.limits, request.extensions());
        if plan.is_late() {
            return SourceFuture::refused(plan);
        }
        plan::forward(request.headers_mut(), self.forward.as_ref(), plan.total);
        let source = watch(request.body_mut());
        SourceFuture::new(self.inner.call(request), plan, source)
    }
}

/// What tells whether a body keeps the server waiting. One in memory cannot.
fn watch(body: &mut kernel::Body) -> Option<kernel::body::Source> {
    if body.as_bytes().is_some() || body.is_end_stream() {
        return None;
    }
    let (watched, source) = std::mem::take(body).watched();
    *body = watched;
    source
}

impl<S, B, R> Service<Request<B>> for Timeout<S, Upload>
where
    S: Service<Request<UploadBody<B>>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = UploadFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let plan = Plan::asked(self.limits, request.extensions());
        if plan.is_late() {
            return UploadFuture::refused(plan);
        }
        plan::forward(request.headers_mut(), self.forward.as_ref(), plan.total);
        // An empty body cannot stall.
        let limit = plan
            .limits
            .upload_idle
            .filter(|_| !request.body().is_end_stream());
        let progress = limit.map(|limit| Shared::new(limit, plan.limits.head));
        let request = request.map(|body| UploadBody::new(body, progress.clone()));
        UploadFuture::new(self.inner.call(request), plan, progress)
    }
}

impl<S, Req, V> Service<Req> for Timeout<S, HeadOnly<V>>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
    V: RequestView<Req>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = HeadFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let plan = match V::extensions(&request) {
            Some(extensions) if !extensions.is_empty() => Plan::asked(self.limits, extensions),
            _ => Plan::plain(self.limits),
        };
        if plan.is_late() {
            return HeadFuture::refused(plan);
        }
        HeadFuture::new(self.inner.call(request), plan)
    }
}

// By hand: a derive would ask `M`, which is only a mark, to be `Clone` and `Debug`.
impl<S: Clone, M> Clone for Timeout<S, M> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.limits, self.forward.clone())
    }
}

impl<S: fmt::Debug, M> fmt::Debug for Timeout<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("inner", &self.inner)
            .field("limits", &self.limits)
            .field("forward", &self.forward)
            .finish()
    }
}
