//! The future of a client as a service.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError};
use http::Response;

use crate::Error;
use crate::error::Call;

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

/// The future of [`Client`](crate::Client) as a service.
///
/// # Cancellation
///
/// Dropping it cancels the call.
pub struct ResponseFuture {
    call: Call,
    state: State,
}

enum State {
    /// Refused before anything was sent; the fault is given out once.
    Refused(Option<BoxError>),
    /// The stack is at work.
    Sent(Answer),
}

impl ResponseFuture {
    pub(crate) fn sent(call: Call, answer: Answer) -> Self {
        let state = State::Sent(answer);
        Self { call, state }
    }

    pub(crate) fn refused(call: Call, fault: BoxError) -> Self {
        let state = State::Refused(Some(fault));
        Self { call, state }
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let end = match &mut self.state {
            State::Sent(answer) => ready!(answer.as_mut().poll(cx)),
            State::Refused(fault) => match fault.take() {
                Some(fault) => Err(fault),
                None => return Poll::Pending, // polled after its end
            },
        };
        Poll::Ready(end.map_err(|source| Error::new(self.call.clone(), source)))
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
