use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError, Entry, Explain, Head, Replay};
use http::{Method, Request, Response, StatusCode, Uri};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_service::Service;

use super::step::{self, Next};
use super::{NotFollowed, Override, Policy, Redirected, carry, drain};
use crate::base_uri::same_origin;
use crate::defaults::Astray;
use crate::error::{Answer, redacted};
use crate::progress::Upload;

/// The service of a [`RedirectLayer`](super::RedirectLayer).
#[derive(Clone, Debug)]
pub struct Redirect<S> {
    inner: S,
    policy: Policy,
}

impl<S> Redirect<S> {
    pub(super) const fn new(inner: S, policy: Policy) -> Self {
        Self { inner, policy }
    }
}

impl<S, R> Service<Request<Body>> for Redirect<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    R: http_body::Body + Send + 'static,
    R::Data: Send,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let own = request.extensions().get::<Override>();
        let policy = own.map_or(&self.policy, |own| &own.0);
        if policy.is_none() {
            let future = self.inner.call(request);
            return ResponseFuture::Once { future };
        }
        let policy = policy.clone();
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        let future = Box::pin(follow(ready, request, policy));
        ResponseFuture::Following { future }
    }
}

type Following<R> = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

pin_project! {
    /// The future of a [`Redirect`] service.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the request that is under way; no other is sent.
    #[project = Projected]
    pub enum ResponseFuture<F, R> {
        /// Nothing is followed.
        #[doc(hidden)]
        Once { #[pin] future: F },
        /// What comes may lead on.
        #[doc(hidden)]
        Following { future: Following<R> },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Once { future } => future.poll(cx).map_err(Into::into),
            Projected::Following { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F, R> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Asks until there is an answer. The service is ready.
async fn follow<S, R>(
    mut service: S,
    mut request: Request<Body>,
    policy: Policy,
) -> Result<Response<R>, BoxError>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body,
{
    let explain = Explain::of(request.extensions()).cloned();
    let mut asked: Vec<(Method, Uri)> = Vec::new();
    loop {
        asked.push((request.method().clone(), request.uri().clone()));
        let again = Again::of(&mut request);
        let start = Instant::now().into_std();
        let mut response = service.call(request).await.map_err(Into::into)?;
        let can_replay = again.can_replay();
        let (status, headers) = (response.status(), response.headers());
        let answer = Answer::new(status, response.extensions());
        let next = step::next(status, headers, &asked, can_replay, &policy)
            .map_err(|refusal| refused(refusal.answered(answer)))?;
        let next = next.and_then(|next| {
            let told = Told::of(&next);
            let is_astray = asked
                .first()
                .is_some_and(|(_, first)| !same_origin(first, &next.uri));
            Some((again.at(next, is_astray)?, told))
        });
        let Some((following, told)) = next else {
            conclude(&mut response, asked, explain.as_ref());
            return Ok(response);
        };
        told.tell(status, asked.len());
        drain::drain(response.into_body()).await;
        if let Some(explain) = &explain {
            let note = format!("{} to {} {}", status.as_u16(), told.method, told.url);
            let end = Instant::now().into_std();
            explain.record(Entry::new("redirect", note, start, end));
        }
        request = following;
        poll_fn(|cx| service.poll_ready(cx))
            .await
            .map_err(Into::into)?;
    }
}

fn conclude<R>(
    response: &mut Response<R>,
    mut asked: Vec<(Method, Uri)>,
    explain: Option<&Explain>,
) {
    let hops = u8::try_from(asked.len() - 1).unwrap_or(u8::MAX);
    let Some((_, uri)) = asked.pop().filter(|_| hops > 0) else {
        return;
    };
    response.extensions_mut().insert(Redirected { uri, hops });
    if let Some(explain) = explain {
        explain.attach(response.extensions_mut());
    }
}

/// A hop as it may be told.
struct Told {
    method: Method,
    url: String,
}

impl Told {
    fn of(next: &Next) -> Self {
        Self {
            method: next.method.clone(),
            url: redacted(&next.uri),
        }
    }

    fn tell(&self, status: StatusCode, hop: usize) {
        let Self { method, url } = self;
        let status = status.as_u16();
        tracing::debug!(status, %method, url, hop, "redirect followed");
        #[cfg(feature = "metrics")]
        metrics::counter!("buttress.redirect.followed").increment(1);
    }
}

fn refused(refusal: NotFollowed) -> BoxError {
    let reason = refusal.reason().as_str();
    tracing::warn!(
        status = refusal.status().as_u16(),
        reason,
        "redirect refused"
    );
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.redirect.refused", "reason" => reason).increment(1);
    refusal.into()
}

/// What is needed to ask again: the head, and the body if it can be sent twice.
struct Again {
    head: Head,
    body: Option<Body>,
}

impl Again {
    fn of(request: &mut Request<Body>) -> Self {
        Self {
            head: Head::of(request),
            body: request.body_mut().replay(),
        }
    }

    fn can_replay(&self) -> bool {
        self.body.as_ref().is_some_and(Replay::can_replay)
    }

    /// The next request; `None` where the head cannot be made again. It is astray where the caller's request was for
    /// another origin.
    fn at(self, next: Next, is_astray: bool) -> Option<Request<Body>> {
        let body = self.body.filter(|_| next.with_body).unwrap_or_default();
        let mut request = self.head.restore(body)?;
        let mut headers = mem::take(request.headers_mut());
        if !same_origin(request.uri(), &next.uri) {
            carry::drop_private(&mut headers, request.extensions());
        }
        if *request.method() != next.method {
            carry::drop_of_method(&mut headers, request.extensions());
        }
        if !next.with_body {
            carry::drop_content(&mut headers);
            // There is nothing to count, and the last count is that of the body.
            request.extensions_mut().remove::<Upload>();
        }
        *request.headers_mut() = headers;
        if is_astray {
            request.extensions_mut().insert(Astray);
        } else {
            request.extensions_mut().remove::<Astray>();
        }
        // The name was for the first answer: under it the cache has the redirect now.
        if let Some(wishes) = request
            .extensions_mut()
            .get_mut::<buttress_cache::Override>()
        {
            *wishes = mem::take(wishes).without_key();
        }
        *request.method_mut() = next.method;
        *request.uri_mut() = next.uri;
        Some(request)
    }
}
