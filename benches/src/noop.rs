//! The service below: it drops the request and answers.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use http::{Request, Response};
use tower_service::Service;

use crate::traffic::{Answer, Inner, SIX_HEADERS, Traffic};

/// Does nothing, as [`Traffic`] says. How it answers is known at run time alone, so that the
/// compiler cannot take a layer's waiting out of the program.
#[derive(Clone, Copy, Debug)]
pub struct Noop {
    inner: Inner,
    answer: Answer,
}

impl Noop {
    /// The service that answers so.
    #[must_use]
    pub const fn new(traffic: Traffic) -> Self {
        Self {
            inner: traffic.inner,
            answer: traffic.answer,
        }
    }

    /// What follows a call.
    #[must_use]
    pub const fn answering(self) -> Answering {
        Answering(self)
    }
}

impl Service<Request<Body>> for Noop {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        black_box(Poll::Ready(Ok(())))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        drop(black_box(request));
        self.answering()
    }
}

/// The answer to come.
///
/// # Cancellation
///
/// Holds nothing.
#[derive(Debug)]
pub struct Answering(Noop);

impl Future for Answering {
    type Output = Result<Response<Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if black_box(self.0.inner) == Inner::Pending {
            self.0.inner = Inner::Ready;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut response = Response::new(Body::empty());
        if black_box(self.0.answer) == Answer::SixHeaders {
            response.headers_mut().clone_from(&SIX_HEADERS);
        }
        Poll::Ready(Ok(black_box(response)))
    }
}
