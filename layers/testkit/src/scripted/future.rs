//! The futures of scripted services.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError};
use http::Response;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

pub use super::collecting::CollectingFuture;

use super::Step;
use super::shared::InFlight;
use super::watched::Watched;

pin_project! {
    /// A call to a [`Scripted`](super::Scripted) service.
    ///
    /// # Cancellation
    ///
    /// Dropping it ends the call, drops the request's body, and is counted.
    pub struct ResponseFuture<B> {
        step: Step,
        // As a transport does: the body lives as long as the call.
        request_body: B,
        #[pin]
        pause: Option<Sleep>,
        in_flight: InFlight,
    }
}

impl ResponseFuture<()> {
    pub(super) fn new(step: Step, in_flight: InFlight) -> Self {
        Self {
            pause: step.after.map(sleep),
            step,
            in_flight,
            request_body: (),
        }
    }

    pub(super) fn holding<B>(self, request_body: B) -> ResponseFuture<B> {
        ResponseFuture {
            step: self.step,
            pause: self.pause,
            in_flight: self.in_flight,
            request_body,
        }
    }

    pub(super) fn in_flight(self: Pin<&mut Self>) -> &mut InFlight {
        self.project().in_flight
    }
}

impl<B> Future for ResponseFuture<B> {
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.step.pending > 0 {
            this.step.pending -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(pause) = this.pause.as_pin_mut() {
            ready!(pause.poll(cx));
        }
        let Some(end) = this.step.end(&this.in_flight.call()) else {
            return Poll::Pending;
        };
        this.in_flight.end();
        let shared = &this.in_flight.shared;
        Poll::Ready(end.map(|response| response.map(|body| Watched::body(body, shared.clone()))))
    }
}

impl<B> fmt::Debug for ResponseFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}
