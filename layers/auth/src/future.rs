//! The future of the service.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Replay};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::call::{Call, Last};
use crate::pause::{Pause, Watched};

pin_project! {
    /// The response to a request with its credentials, or to its replay.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the request, or its wait for a token, in which it holds no place of the
    /// inner service. The token that it waited for is fetched all the same, for those who come later.
    pub struct ResponseFuture<S, B, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, S::Future, B, R>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F, B, R> {
        // Whatever comes is the answer.
        Passing { #[pin] attempt: F, last: Option<Box<Last>> },
        // A rejection is followed by the wait for another token. ⇒ Waiting
        Watching { #[pin] attempt: F, call: Call<S, B> },
        // ⇒ Watching, if it is sent for the first time then, or ⇒ Passing
        Waiting { pause: Pin<Box<Pause<S, B, R>>> },
        Refused { error: Option<BoxError> },
    }
}

impl<S, B, R> ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
{
    #[inline(always)]
    pub(crate) const fn passing(attempt: S::Future, last: Option<Box<Last>>) -> Self {
        let state = State::Passing { attempt, last };
        Self { state }
    }

    #[inline(always)]
    pub(crate) const fn watching(attempt: S::Future, call: Call<S, B>) -> Self {
        let state = State::Watching { attempt, call };
        Self { state }
    }

    pub(crate) fn waiting(pause: Pause<S, B, R>) -> Self {
        let pause = Box::pin(pause);
        let state = State::Waiting { pause };
        Self { state }
    }

    pub(crate) const fn refused(error: BoxError) -> Self {
        let error = Some(error);
        let state = State::Refused { error };
        Self { state }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: Replay,
    R: http_body::Body,
{
    type Output = Result<Response<R>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Passing {
                    attempt,
                    last: None,
                } => {
                    return attempt.poll(cx).map_err(Into::into);
                }
                StateProj::Passing {
                    attempt,
                    last: Some(last),
                } => {
                    let mut response = ready!(attempt.poll(cx)).map_err(Into::into)?;
                    last.finish(&mut response);
                    return Poll::Ready(Ok(response));
                }
                StateProj::Watching { attempt, call } => {
                    let polled = attempt.poll(cx);
                    // Handed on as it came: a response is moved in memory for each name it is given.
                    if call.has_passed(&polled) {
                        return polled.map_err(Into::into);
                    }
                    match call.after(ready!(polled).map_err(Into::into)?) {
                        ControlFlow::Break(response) => return Poll::Ready(Ok(response)),
                        ControlFlow::Continue(pause) => State::Waiting { pause },
                    }
                }
                StateProj::Waiting { pause } => match ready!(pause.as_mut().poll(cx))? {
                    (attempt, Watched::Call(call)) => State::Watching { attempt, call },
                    (attempt, Watched::Last(last)) => {
                        let last = Some(last);
                        State::Passing { attempt, last }
                    }
                },
                StateProj::Refused { error } => {
                    let error = error.take().expect("polled after it was over");
                    return Poll::Ready(Err(error));
                }
            };
            state.set(next);
        }
    }
}

impl<S, B, R> fmt::Debug for ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Passing { .. } => "Passing",
            State::Watching { .. } => "Watching",
            State::Waiting { .. } => "Waiting",
            State::Refused { .. } => "Refused",
        };
        f.debug_tuple("ResponseFuture")
            .field(&format_args!("{state}"))
            .finish()
    }
}
