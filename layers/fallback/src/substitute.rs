//! Where substitutes come from.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as try_ready};

use buttress_kernel::{Body, BoxError, Head, Replay};
use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::cause::Failed;

/// Answers in the place of a call that failed.
///
/// [`Value`], [`FromFn`] and [`Other`] are the usual ones; one of your own is for substitutes that are
/// looked up while the call waits.
pub trait Substitute<B> {
    /// What of a request must be kept until its end is known.
    type Kept;

    /// The answer in the making; `None` when there is none, so that the original end stands.
    type Future: Future<Output = Result<Option<Response<Body>>, BoxError>>;

    /// Keeps what a substitute would be made of, before the request is sent; `None` when this request
    /// cannot have one.
    fn keep(&self, request: &mut Request<B>) -> Option<Self::Kept>;

    /// Begins to answer.
    fn answer(&self, kept: Self::Kept, failed: Failed<'_>) -> Self::Future;

    /// Its kind in one word, for events and trails.
    fn name(&self) -> &'static str;
}

/// The same response each time; see [`FallbackLayer::value`](crate::FallbackLayer::value).
#[derive(Clone)]
pub struct Value(Arc<Response<Bytes>>);

impl Value {
    pub(crate) fn new(response: Response<Bytes>) -> Self {
        Self(Arc::new(response))
    }
}

impl<B> Substitute<B> for Value {
    type Kept = ();
    type Future = Ready<Result<Option<Response<Body>>, BoxError>>;

    fn keep(&self, _: &mut Request<B>) -> Option<()> {
        Some(())
    }

    fn answer(&self, (): (), _: Failed<'_>) -> Self::Future {
        ready(Ok(Some(fixed(&self.0))))
    }

    fn name(&self) -> &'static str {
        "value"
    }
}

pub(crate) fn fixed(response: &Response<Bytes>) -> Response<Body> {
    response.clone().map(Body::from)
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.0.status().as_u16())
    }
}

/// A response that a closure makes; see [`FallbackLayer::from_fn`](crate::FallbackLayer::from_fn).
#[derive(Clone, Copy)]
pub struct FromFn<F>(pub(crate) F);

impl<B, F> Substitute<B> for FromFn<F>
where
    F: Fn(&Request<()>, Failed<'_>) -> Option<Response<Body>>,
{
    type Kept = Head;
    type Future = Ready<Result<Option<Response<Body>>, BoxError>>;

    fn keep(&self, request: &mut Request<B>) -> Option<Head> {
        Some(Head::of(request))
    }

    fn answer(&self, head: Head, failed: Failed<'_>) -> Self::Future {
        let request = head.restore(());
        ready(Ok(request.and_then(|request| (self.0)(&request, failed))))
    }

    fn name(&self) -> &'static str {
        "closure"
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}

/// Another service, which gets the request once more; see
/// [`FallbackLayer::service`](crate::FallbackLayer::service).
#[derive(Clone, Debug)]
pub struct Other<T> {
    service: T,
    shares_keys: bool,
}

impl<T> Other<T> {
    pub(crate) const fn new(service: T) -> Self {
        Self {
            service,
            shares_keys: false,
        }
    }

    pub(crate) const fn shares_keys(&mut self, shares_keys: bool) {
        self.shares_keys = shares_keys;
    }

    /// Whether it does no harm if both services carry the request out.
    fn may_repeat(&self, head: &Head, failed: Failed<'_>) -> bool {
        // A response says that the request was there, whatever became of it.
        let was_unsent = || {
            failed
                .failure()
                .is_some_and(|it| it.sent().is_provably_unsent())
        };
        let has_key = || self.shares_keys && head.has_idempotency_key();
        head.method().is_idempotent() || was_unsent() || has_key()
    }
}

impl<B, R, T> Substitute<B> for Other<T>
where
    T: Service<Request<B>, Response = Response<R>> + Clone,
    T::Error: Into<BoxError>,
    B: Replay,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Kept = (Head, B);
    type Future = OtherFuture<T, B>;

    fn keep(&self, request: &mut Request<B>) -> Option<(Head, B)> {
        let body = request.body_mut().replay()?;
        Some((Head::of(request), body))
    }

    fn answer(&self, (head, body): (Head, B), failed: Failed<'_>) -> Self::Future {
        // Of a body that is not whole any more, what went out is gone.
        let may_go = body.is_whole() && self.may_repeat(&head, failed);
        let body = may_go.then_some(body);
        let request = body.and_then(|body| head.restore(body)).map(Box::new);
        let state = match request {
            None => State::Nothing,
            request => State::Readying { request },
        };
        OtherFuture {
            service: self.service.clone(),
            state,
        }
    }

    fn name(&self) -> &'static str {
        "service"
    }
}

pin_project! {
    /// The answer of another service.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the other service's call.
    pub struct OtherFuture<T, B>
    where
        T: Service<Request<B>>,
    {
        service: T,
        #[pin]
        state: State<T::Future, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        // The request cannot be sent again, so there is no answer.
        Nothing,
        // The other service makes room. ⇒ Calling
        Readying { request: Option<Box<Request<B>>> },
        Calling { #[pin] call: F },
    }
}

impl<T, B, R> Future for OtherFuture<T, B>
where
    T: Service<Request<B>, Response = Response<R>>,
    T::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = Result<Option<Response<Body>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let call = match this.state.as_mut().project() {
                StateProj::Nothing => return Poll::Ready(Ok(None)),
                StateProj::Calling { call } => {
                    let response = match try_ready!(call.poll(cx)) {
                        Ok(response) => response,
                        Err(error) => return Poll::Ready(Err(error.into())),
                    };
                    // Another failure is no substitute for the first.
                    let status = response.status();
                    let is_failure = status.is_client_error() || status.is_server_error();
                    let answer = (!is_failure).then(|| response.map(Body::new));
                    return Poll::Ready(Ok(answer));
                }
                StateProj::Readying { request } => {
                    try_ready!(this.service.poll_ready(cx)).map_err(Into::into)?;
                    let Some(request) = mem::take(request) else {
                        return Poll::Ready(Ok(None));
                    };
                    this.service.call(*request)
                }
            };
            this.state.set(State::Calling { call });
        }
    }
}

impl<T, B> fmt::Debug for OtherFuture<T, B>
where
    T: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherFuture").finish_non_exhaustive()
    }
}
