//! The future that a [`Retry`](crate::Retry) answers with.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{BoxError, Replay};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::call::Call;
use crate::pause::Pause;

pin_project! {
    /// The response of the last attempt.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the attempt at hand, or the wait before the next one; what the budget had
    /// paid for an attempt that was not made goes back.
    pub struct ResponseFuture<S, B, R, K>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        mode: Mode<S, S::Future, B, R, K>,
    }
}

pin_project! {
    #[project = ModeProj]
    enum Mode<S, F, B, R, K> {
        // The request can be sent once only, so nothing was kept.
        Once { #[pin] attempt: F },
        Repeatable {
            #[pin]
            state: State<F, B, R>,
            call: Call<S, B, K>,
        },
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B, R> {
        // An attempt is under way. It ends the call, or it is dropped ⇒ Waiting.
        Calling { #[pin] attempt: F },
        // Time passes, then the inner service makes room for the next attempt. ⇒ Calling
        Waiting { pause: Pin<Box<Pause<B, R>>> },
    }
}

impl<S, B, R, K> ResponseFuture<S, B, R, K>
where
    S: Service<Request<B>>,
{
    pub(crate) const fn once(attempt: S::Future) -> Self {
        let mode = Mode::Once { attempt };
        Self { mode }
    }

    pub(crate) const fn repeatable(attempt: S::Future, call: Call<S, B, K>) -> Self {
        let state = State::Calling { attempt };
        let mode = Mode::Repeatable { state, call };
        Self { mode }
    }
}

impl<S, B, R, K> Future for ResponseFuture<S, B, R, K>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: Replay,
    R: http_body::Body,
    K: KeyExtractor<Request<B>>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (mut state, call) = match self.project().mode.project() {
            ModeProj::Once { attempt } => return attempt.poll(cx).map_err(Into::into),
            ModeProj::Repeatable { state, call } => (state, call),
        };
        loop {
            let next = match state.as_mut().project() {
                StateProj::Calling { attempt } => {
                    let polled = attempt.poll(cx);
                    // Handed on as it came: a response is moved in memory for each name it is given.
                    if call.has_passed(&polled) {
                        return polled.map_err(Into::into);
                    }
                    match call.after(ready!(polled).map_err(Into::into)) {
                        ControlFlow::Break(end) => return Poll::Ready(end),
                        ControlFlow::Continue(pause) => State::Waiting { pause },
                    }
                }
                StateProj::Waiting { pause } => {
                    ready!(pause.as_mut().poll(cx));
                    if let Err(error) = ready!(call.service.poll_ready(cx)) {
                        return Poll::Ready(call.unready(error.into()));
                    }
                    let request = call.next_request(pause.as_mut());
                    let attempt = call.service.call(request);
                    State::Calling { attempt }
                }
            };
            state.set(next);
        }
    }
}

impl<S, B, R, K> fmt::Debug for ResponseFuture<S, B, R, K>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.mode {
            Mode::Once { .. } => "Once",
            Mode::Repeatable { state, .. } => match state {
                State::Calling { .. } => "Calling",
                State::Waiting { .. } => "Waiting",
            },
        };
        f.debug_tuple("ResponseFuture")
            .field(&format_args!("{state}"))
            .finish()
    }
}
