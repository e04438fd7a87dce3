//! What a client tells about every call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_cache::CacheStatus;
use buttress_fallback::Fallback;
use buttress_kernel::{Attempt, BoxError, Failure};
use http::{Extensions, Method, Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use crate::error::redacted;

/// Emits an event at the start and at the end of each call, retries and all inside.
///
/// | event | level | fields |
/// | --- | --- | --- |
/// | `request started` | debug | `method`, `url`, `label` |
/// | `request succeeded` | info | the same, `status`, `attempts`, `fallback`, `duration_ms` |
/// | `request failed` | error | the same, `kind`, `sent`, `attempts`, `duration_ms` |
///
/// `url` is without user info and query, and no header is ever told. `attempts` is 0 for what a cache had, where
/// it [says so](buttress_cache::CacheLayer::status_extension). A response of any status is a
/// success here: its meaning is the caller's to decide. With the feature `metrics` the histogram
/// `http.client.request.duration` (seconds; `http.request.method`, `server.address` and
/// `http.response.status_code` or `error.type`) is recorded as OpenTelemetry names it.
///
/// Costs one check of the log level when nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct ObserveLayer(());

impl ObserveLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { inner }
    }
}

/// A name for a request in events, such as `create user`; put it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(pub &'static str);

/// The service of an [`ObserveLayer`].
#[derive(Clone, Debug)]
pub struct Observe<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Observe<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = (cfg!(feature = "metrics") || tracing::enabled!(tracing::Level::ERROR))
            .then(|| Box::new(Call::start(&request)));
        ResponseFuture {
            future: self.inner.call(request),
            call,
        }
    }
}

pin_project! {
    /// The future of an [`Observe`] service.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the call; no event is emitted for its end.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        call: Option<Box<Call>>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let end = ready!(this.future.poll(cx)).map_err(Into::into);
        if let Some(call) = this.call.take() {
            match &end {
                Ok(response) => call.succeeded(response),
                Err(error) => call.failed(Failure::of(&**error)),
            }
        }
        Poll::Ready(end)
    }
}

/// How many attempts a response took: none, where a cache says that it had it.
pub(crate) fn attempts_of(extensions: &Extensions) -> u32 {
    let cache = extensions.get::<CacheStatus>();
    let was_stored = cache.is_some_and(|cache| cache.is_hit() || cache.is_collapsed());
    match extensions.get::<Attempt>() {
        Some(attempt) => attempt.number().get(),
        None => u32::from(!was_stored),
    }
}

#[derive(Debug)]
struct Call {
    method: Method,
    url: String,
    label: &'static str,
    start: Instant,
    #[cfg(feature = "metrics")]
    host: String,
}

/// OpenTelemetry's word for a method that nobody registered: values of a label must be few.
#[cfg(feature = "metrics")]
fn known(method: &Method) -> &'static str {
    const NAMES: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    let known = NAMES.into_iter().find(|name| *name == method.as_str());
    known.unwrap_or("_OTHER")
}

impl Call {
    fn start<B>(request: &Request<B>) -> Self {
        let label = request.extensions().get::<Label>();
        let call = Self {
            method: request.method().clone(),
            url: redacted(request.uri()),
            label: label.map_or("", |label| label.0),
            start: Instant::now(),
            #[cfg(feature = "metrics")]
            host: request.uri().host().unwrap_or_default().to_owned(),
        };
        tracing::debug!(method = %call.method, url = %call.url, label = call.label, "request started");
        call
    }

    fn succeeded<R>(&self, response: &Response<R>) {
        tracing::info!(
            method = %self.method,
            url = %self.url,
            label = self.label,
            status = response.status().as_u16(),
            attempts = attempts_of(response.extensions()),
            fallback = Fallback::of(response.extensions()).is_some(),
            duration_ms = self.millis(),
            "request succeeded",
        );
        #[cfg(feature = "metrics")]
        self.record(
            "http.response.status_code",
            response.status().as_str().to_owned(),
        );
    }

    fn failed(&self, failure: Failure<'_>) {
        tracing::error!(
            method = %self.method,
            url = %self.url,
            label = self.label,
            kind = failure.kind().as_str(),
            sent = ?failure.sent(),
            attempts = failure.attempts(),
            duration_ms = self.millis(),
            "request failed",
        );
        #[cfg(feature = "metrics")]
        self.record("error.type", failure.kind().as_str().to_owned());
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    #[cfg(feature = "metrics")]
    fn record(&self, key: &'static str, value: String) {
        metrics::histogram!(
            "http.client.request.duration",
            "http.request.method" => known(&self.method),
            "server.address" => self.host.clone(),
            key => value,
        )
        .record(self.start.elapsed());
    }
}
