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

use crate::call::{Again, Last, Watch};
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
        // It cannot be sent again; a rejection is told to the tokens.
        Once { #[pin] attempt: F, watch: Watch },
        // A rejection is followed by the wait for another token. ⇒ Waiting
        Watching { #[pin] attempt: F, watch: Watch, again: Option<Again<S, B>> },
        // ⇒ Once or Watching, if it is sent for the first time then, or ⇒ Passing
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
    pub(crate) const fn once(attempt: S::Future, watch: Watch) -> Self {
        let state = State::Once { attempt, watch };
        Self { state }
    }

    #[inline(always)]
    pub(crate) const fn watching(attempt: S::Future, watch: Watch, again: Again<S, B>) -> Self {
        let again = Some(again);
        let state = State::Watching {
            attempt,
            watch,
            again,
        };
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
                    let end = ready!(attempt.poll(cx)).map_err(|error| last.fail(error.into()));
                    return Poll::Ready(end.map(|mut response| {
                        last.finish(&mut response);
                        response
                    }));
                }
                StateProj::Once { attempt, watch } => {
                    let polled = attempt.poll(cx);
                    // Handed on as it came: a response is moved in memory for each name it is given.
                    if watch.has_passed(&polled) {
                        return polled.map_err(Into::into);
                    }
                    return polled.map(|end| match end {
                        Ok(response) => Ok(watch.ended(response)),
                        Err(error) => Err(error.into()),
                    });
                }
                StateProj::Watching {
                    attempt,
                    watch,
                    again,
                } => {
                    let polled = attempt.poll(cx);
                    if watch.has_passed(&polled) {
                        return polled.map_err(Into::into);
                    }
                    match watch.after(again, ready!(polled).map_err(Into::into)?) {
                        ControlFlow::Break(response) => return Poll::Ready(Ok(response)),
                        ControlFlow::Continue(pause) => State::Waiting { pause },
                    }
                }
                StateProj::Waiting { pause } => match ready!(pause.as_mut().poll(cx))? {
                    (attempt, Watched::Once(watch)) => State::Once { attempt, watch },
                    (attempt, Watched::Again(watch, again)) => State::Watching {
                        attempt,
                        watch,
                        again: Some(again),
                    },
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
            State::Once { .. } => "Once",
            State::Watching { .. } => "Watching",
            State::Waiting { .. } => "Waiting",
            State::Refused { .. } => "Refused",
        };
        f.debug_tuple("ResponseFuture")
            .field(&format_args!("{state}"))
            .finish()
    }
}
