//! A stored body that goes on at the origin where its store fails in the middle.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use tower_service::Service;

use crate::again::Again;
use crate::kept::{Counted, Kept, Polled};
use crate::policy::Rest;
use crate::seek::ready_call;
use crate::store::Key;
use crate::telemetry;

/// A stored body, and its caller's way to the origin.
///
/// # Cancellation
///
/// Dropped, it has changed nothing; a question to the origin is dropped with it.
pub(crate) struct Resumed<S, B> {
    stage: Stage<S, B>,
}

type Asking = Pin<Box<dyn Future<Output = Result<Counted, BoxError>> + Send>>;

enum Stage<S, B> {
    /// From the store, as long as that gives it.
    Store(Box<Kept>, Again<S, B>),
    /// The origin is asked for so many bytes.
    Asking(Asking, u64),
    Origin(Counted),
    Over,
}

// Nothing in it is pinned in its place.
impl<S, B> Unpin for Resumed<S, B> {}

impl<S, B> Resumed<S, B> {
    pub(crate) const fn new(kept: Box<Kept>, again: Again<S, B>) -> Self {
        let stage = Stage::Store(kept, again);
        Self { stage }
    }

    /// The next frame of the store's, as long as it does not fail.
    fn poll_store<R>(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frames>>
    where
        S: Service<Request<B>, Response = Response<R>> + Send + 'static,
        S::Error: Send,
        S::Future: Send,
        B: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let Stage::Store(kept, _) = &mut self.stage else {
            return Poll::Ready(None);
        };
        let error = match ready!(Pin::new(&mut **kept).poll_frame(cx)) {
            Some(Err(error)) => error,
            other => return Poll::Ready(Some(other)),
        };
        let Stage::Store(kept, again) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return Poll::Ready(None);
        };
        let Kept { key, rest, .. } = *kept;
        let Some(rest) = rest.filter(|rest| rest.length() > 0) else {
            return Poll::Ready(Some(Some(Err(error))));
        };
        if again.is_late() {
            telemetry::not_resumed(&key, "late");
            return Poll::Ready(Some(Some(Err(error))));
        }
        let length = rest.length();
        self.stage = Stage::Asking(Box::pin(ask(again, key, rest, error)), length);
        Poll::Ready(None)
    }
}

type Frames = Option<Result<Frame<Bytes>, BoxError>>;

/// Asks the origin for what is missing. Where that is not what comes, the error stays the store's.
async fn ask<S, B, R>(
    again: Again<S, B>,
    key: Key,
    rest: Rest,
    error: BoxError,
) -> Result<Counted, BoxError>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let Again {
        service,
        mut request,
    } = again;
    rest.conditions().apply(request.headers_mut());
    let reason = match ready_call(service, request).await {
        Ok(response) if rest.is(response.status(), response.headers()) => {
            telemetry::resumed(&key, rest.length());
            let body = Body::new(response.into_body());
            return Ok(Counted::new(body, rest.length()));
        }
        Ok(_) => "other bytes",
        Err(_) => "failed",
    };
    telemetry::not_resumed(&key, reason);
    Err(error)
}

impl<S, B, R> http_body::Body for Resumed<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Error: Send,
    S::Future: Send,
    B: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let this = &mut *self;
        if let Some(polled) = ready!(this.poll_store(cx)) {
            return Poll::Ready(polled);
        }
        if let Stage::Asking(asking, _) = &mut this.stage {
            this.stage = match ready!(asking.as_mut().poll(cx)) {
                Ok(body) => Stage::Origin(body),
                Err(error) => {
                    this.stage = Stage::Over;
                    return Poll::Ready(Some(Err(error)));
                }
            };
        }
        let Stage::Origin(body) = &mut this.stage else {
            return Poll::Ready(None);
        };
        loop {
            let polled = ready!(Pin::new(&mut *body).poll_frame(cx));
            // What is said behind a part is about the part.
            if !matches!(&polled, Some(Ok(frame)) if frame.is_trailers()) {
                return Poll::Ready(polled);
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.stage {
            Stage::Store(kept, _) => kept.is_end_stream(),
            Stage::Asking(..) => false,
            Stage::Origin(body) => body.is_end_stream(),
            Stage::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.stage {
            Stage::Store(kept, _) => kept.size_hint(),
            Stage::Asking(_, length) => SizeHint::with_exact(*length),
            Stage::Origin(body) => body.size_hint(),
            Stage::Over => SizeHint::with_exact(0),
        }
    }
}
