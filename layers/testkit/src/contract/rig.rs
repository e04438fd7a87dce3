//! What the checks have in common: a server, requests, and a watch over futures that never end.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use buttress_kernel::{Body, BoxError, Failure};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower::ServiceExt;
use tower::limit::ConcurrencyLimit;
use tower_service::Service;

use super::{Inner, Tested};
use crate::{Scripted, Step};

/// Longer than any layer waits. Time is paused, so it passes at once when nothing else can happen.
const FOR_EVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// More polls than any check needs: whoever is polled as often wakes itself without end.
const ENDLESS: u32 = 100_000;

/// A server of one call at a time.
pub(super) struct Rig {
    pub(super) server: Scripted,
    permits: Arc<Semaphore>,
}

impl Rig {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::of(Scripted::new(steps))
    }

    pub(super) fn of(server: Scripted) -> Self {
        let permits = Arc::new(Semaphore::new(1));
        Self { server, permits }
    }

    pub(super) fn inner(&self) -> Inner {
        let permits = Arc::clone(&self.permits);
        ConcurrencyLimit::with_semaphore(self.server.collecting(), permits)
    }

    /// Nothing is under way: no call, no response's body, no permit.
    pub(super) fn assert_at_rest(&self, when: &str) {
        assert_eq!(
            self.server.in_flight(),
            0,
            "{when}, a call of the inner service went on"
        );
        assert_eq!(
            self.server.open_bodies(),
            0,
            "{when}, a response's body was kept"
        );
        assert_eq!(
            self.permits.available_permits(),
            1,
            "{when}, the inner service's only permit was kept"
        );
    }
}

/// The error that the checks look for behind whatever a layer returns.
#[derive(Debug)]
pub(super) struct Marker;

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the error that the contract planted")
    }
}

impl Error for Marker {}

/// Fails unless the planted error is in the source chain of `error`.
pub(super) fn assert_marked(error: &BoxError, what: &str) {
    assert!(
        Failure::of(&**error).find::<Marker>().is_some(),
        "{what} is not in the source chain of `{error}` ({error:?}); keep it as the `source`"
    );
}

/// A GET of its own for each `path`, so that a cache has to ask the server.
pub(super) fn get(path: &str) -> Request<Body> {
    request(Request::get(uri(path)), Body::empty())
}

/// A PUT, which may be sent again and has a body.
pub(super) fn put(path: &str, body: impl Into<Body>) -> Request<Body> {
    request(Request::put(uri(path)), body.into())
}

fn uri(path: &str) -> String {
    format!("http://contract.example/{path}")
}

fn request(builder: http::request::Builder, body: Body) -> Request<Body> {
    builder.body(body).expect("a valid request")
}

/// Makes the service ready and calls it.
pub(super) async fn send(
    service: &mut Tested,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError> {
    service.ready().await?.call(request).await
}

/// Sends, reads the whole body, and is sure that this ends.
pub(super) async fn finish(
    what: &str,
    service: &mut Tested,
    request: Request<Body>,
) -> Result<Response<Bytes>, BoxError> {
    let whole = async {
        let (head, body) = send(service, request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    bounded(what, whole).await
}

/// The output of `future`, or a panic once it is clear that it will never end.
pub(super) async fn bounded<F: Future>(what: &str, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut polls = 0;
    let counted = poll_fn(|cx| {
        polls += 1;
        assert!(polls < ENDLESS, "{what} wakes itself without end");
        future.as_mut().poll(cx)
    });
    let output = timeout(FOR_EVER, counted).await;
    output.unwrap_or_else(|_| {
        panic!(
            "{what} never ended: it waits for something that nobody will do. Is a service polled \
             ready and its clone called, or a ready service kept and not called?"
        )
    })
}

/// Polls `future` until `done`, which it may make true, and drops nothing.
pub(super) async fn until<F>(what: &str, mut future: F, mut done: impl FnMut() -> bool)
where
    F: Future + Unpin,
    F::Output: fmt::Debug,
{
    let reached = poll_fn(|cx| {
        let poll = std::pin::Pin::new(&mut future).poll(cx);
        if done() {
            return Poll::Ready(());
        }
        assert!(
            poll.is_pending(),
            "{what}: the call ended with {poll:?} instead"
        );
        Poll::Pending
    });
    bounded(what, reached).await;
}
