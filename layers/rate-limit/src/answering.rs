//! The server's side: refusals are answers, not errors.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{Key, key};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::clock::now;
use crate::cost::{Cost, One};
use crate::course::Course;
use crate::error::{Failed, Refusal};
use crate::fields::too_many;
use crate::handle::Handle;
use crate::layer::RateLimitLayer;
use crate::mode::Http;
use crate::service::RateLimit;
use crate::table::Table;

/// Answers 429 where [`RateLimitLayer`] fails, for a server; made by
/// [`RateLimitLayer::answering`].
///
/// A refusal is a response with `Retry-After`, and every response, refusal or not, tells the rest of
/// the caller's quota in `RateLimit` and `RateLimit-Policy` (the IETF draft's structured fields). The
/// service fails only when the inner one does, and with its error, so that it fits around axum's
/// routes as it is.
///
/// A request whose cost no bucket could pay is answered with 429 too, without `Retry-After`.
#[derive(Clone, Debug)]
pub struct AnsweringLayer<K = key::Shared, C = One>(RateLimitLayer<K, C>);

impl<K, C> AnsweringLayer<K, C> {
    pub(crate) const fn new(layer: RateLimitLayer<K, C>) -> Self {
        Self(layer)
    }

    /// Looks at the buckets from outside, and changes their rates while they are in use.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.handle()
    }
}

impl<S, K: Clone, C: Clone> Layer<S> for AnsweringLayer<K, C> {
    type Service = Answering<S, K, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Answering(self.0.layer(inner))
    }
}

/// Lets requests through as fast as tokens come, and answers 429 to the others; see
/// [`AnsweringLayer`].
#[derive(Clone)]
pub struct Answering<S, K = key::Shared, C = One>(RateLimit<S, K, C>);

impl<S, K, C, B, R> Service<Request<B>> for Answering<S, K, C>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    K: KeyExtractor<Request<B>>,
    C: Cost<Request<B>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = AnsweringFuture<S, Request<B>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.inner().poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let table = Arc::clone(self.0.table());
        let key = self.0.key_of(&request);
        let course = self.0.begin(request);
        AnsweringFuture { course, key, table }
    }
}

impl<S: fmt::Debug, K, C> fmt::Debug for Answering<S, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answering").field(&self.0).finish()
    }
}

pin_project! {
    /// The response of the inner service, or the refusal.
    ///
    /// # Cancellation
    ///
    /// As that of [`ResponseFuture`](crate::future::ResponseFuture).
    pub struct AnsweringFuture<S, Req, F> {
        #[pin]
        course: Course<S, Req, F, Http>,
        key: Key,
        table: Arc<Table>,
    }
}

impl<S, B, R> Future for AnsweringFuture<S, Request<B>, S::Future>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = match ready!(this.course.drive(cx, |failed| failed)) {
            Ok(answer) => answer,
            Err(Failed::Inner(error)) => return Poll::Ready(Err(error)),
            Err(Failed::Refused(refusal)) => match *refusal {
                Refusal::Limited(limited) => limited.response(),
                Refusal::TooDear(_) => too_many(),
            },
        };
        let peek = this.table.peek(this.key.as_str());
        peek.insert_fields(now(), answer.headers_mut());
        Poll::Ready(Ok(answer))
    }
}

impl<S, Req, F> fmt::Debug for AnsweringFuture<S, Req, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnsweringFuture").finish_non_exhaustive()
    }
}
