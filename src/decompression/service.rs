use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Entry, Explain};
use http::{HeaderValue, Method, Request, Response, header};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_service::Service;

use super::DecodedBody;
use super::wrap::decoded;

/// The service of a [`DecompressionLayer`](super::DecompressionLayer).
#[derive(Clone, Debug)]
pub struct Decompression<S> {
    inner: S,
    accepted: Option<HeaderValue>,
}

impl<S> Decompression<S> {
    pub(super) const fn new(inner: S, accepted: Option<HeaderValue>) -> Self {
        Self { inner, accepted }
    }

    /// Whether the response to this request is to be unpacked; if so, asks for it.
    fn ask<B>(&self, request: &mut Request<B>) -> bool {
        let Some(accepted) = &self.accepted else {
            return false;
        };
        if request.headers().contains_key(header::RANGE) {
            return false;
        }
        let header::Entry::Vacant(entry) = request.headers_mut().entry(header::ACCEPT_ENCODING)
        else {
            return false;
        };
        entry.insert(accepted.clone());
        *request.method() != Method::HEAD
    }
}

impl<S, B, R> Service<Request<B>> for Decompression<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: http_body::Body,
    R::Error: Into<BoxError>,
{
    type Response = Response<DecodedBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let unpacks = self.ask(&mut request);
        let explain = Explain::of(request.extensions()).filter(|_| unpacks);
        ResponseFuture {
            explain: explain.cloned(),
            future: self.inner.call(request),
            unpacks,
        }
    }
}

pin_project! {
    /// The future of a [`Decompression`] service.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the request.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        unpacks: bool,
        explain: Option<Explain>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: http_body::Body,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<DecodedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(cx))?;
        if !*this.unpacks || !has_whole_body(&response) {
            return Poll::Ready(Ok(response.map(DecodedBody::plain)));
        }
        let encoding = response.headers().get(header::CONTENT_ENCODING).cloned();
        let mut response = decoded(response);
        if let (Some(explain), Some(encoding)) = (this.explain, encoding) {
            tell(explain, &encoding, &mut response);
        }
        Poll::Ready(Ok(response))
    }
}

/// What has nothing, or not all, to unpack is the rest.
fn has_whole_body<R: http_body::Body>(response: &Response<R>) -> bool {
    let status = response.status().as_u16();
    !matches!(status, 204 | 206 | 304) && !response.body().is_end_stream()
}

#[cold]
fn tell<R>(explain: &Explain, encoding: &HeaderValue, response: &mut Response<R>) {
    let unpacked = !response.headers().contains_key(header::CONTENT_ENCODING);
    let verb = if unpacked { "unpacks" } else { "leaves" };
    let name: String = String::from_utf8_lossy(encoding.as_bytes())
        .escape_debug()
        .take(64)
        .collect();
    let now = Instant::now().into_std();
    explain.record(Entry::new(
        "decompression",
        format!("{verb} {name}"),
        now,
        now,
    ));
    explain.attach(response.extensions_mut());
}
