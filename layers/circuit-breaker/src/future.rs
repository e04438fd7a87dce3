//! The futures of the services.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Classify, Outcome};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::admission::Admission;
use crate::body::ResponseBody;
use crate::mode::{Head, Reads};

pin_project! {
    /// What the inner service answers, or [`CircuitOpen`](crate::CircuitOpen).
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future. A call that was given up says nothing about the server, so
    /// nothing is counted; if it was a probe, its place is free for another.
    pub struct ResponseFuture<F, C, M> {
        #[pin]
        call: Call<F>,
        classify: C,
        mode: PhantomData<fn() -> M>,
    }
}

pin_project! {
    /// A response, or [`CircuitOpen`](crate::CircuitOpen); of a service that waits for the end of the
    /// response's body.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future. A call that was given up says nothing about the server, so
    /// nothing is counted; if it was a probe, its place is free for another.
    pub struct WholeFuture<F, C> {
        #[pin]
        call: Call<F>,
        classify: Option<C>,
    }
}

pin_project! {
    #[project = CallProj]
    enum Call<F> {
        /// Waiting for the inner service.
        Calling { #[pin] inner: F, admission: Admission },
        /// It was not called.
        Refused { error: Option<BoxError> },
    }
}

impl<F, C, M> ResponseFuture<F, C, M> {
    #[inline]
    pub(crate) const fn calling(inner: F, admission: Admission, classify: C) -> Self {
        let call = Call::Calling { inner, admission };
        let mode = PhantomData;
        Self {
            call,
            classify,
            mode,
        }
    }

    pub(crate) const fn refused(error: BoxError, classify: C) -> Self {
        let call = Call::Refused { error: Some(error) };
        let mode = PhantomData;
        Self {
            call,
            classify,
            mode,
        }
    }
}

impl<F, C> WholeFuture<F, C> {
    #[inline]
    pub(crate) const fn calling(inner: F, admission: Admission, classify: C) -> Self {
        Self {
            call: Call::Calling { inner, admission },
            classify: Some(classify),
        }
    }

    pub(crate) const fn refused(error: BoxError) -> Self {
        Self {
            call: Call::Refused { error: Some(error) },
            classify: None,
        }
    }
}

impl<F, Res, E, C, M> Future for ResponseFuture<F, C, M>
where
    F: Future<Output = Result<Res, E>>,
    E: Into<BoxError>,
    C: Classify<Res>,
    M: Reads<Res>,
{
    type Output = Result<Res, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (inner, admission) = match this.call.project() {
            CallProj::Calling { inner, admission } => (inner, admission),
            CallProj::Refused { error } => return Poll::Ready(Err(take(error))),
        };
        let mut end = inner.poll(cx);
        // Looked at where it is: an answer is large, and to move it costs as much as the clock.
        if let Poll::Ready(Ok(answer)) = &mut end {
            let outcome = this.classify.classify(Ok(answer));
            if outcome != Outcome::Success || !admission.succeed() {
                answered::<Res, M>(admission, outcome, answer);
            }
        }
        match end {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(answer)) => Poll::Ready(Ok(answer)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(failed(admission, this.classify, error))),
        }
    }
}

impl<F, B, E, C> Future for WholeFuture<F, C>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: Body,
    C: Classify<Response<B>>,
{
    type Output = Result<Response<ResponseBody<B, C>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (inner, admission) = match this.call.project() {
            CallProj::Calling { inner, admission } => (inner, admission),
            CallProj::Refused { error } => return Poll::Ready(Err(take(error))),
        };
        let end = ready!(inner.poll(cx));
        let classify = this.classify.take().expect("polled after it was over");
        let mut answer = match end {
            Ok(answer) => answer,
            Err(error) => return Poll::Ready(Err(failed(admission, &classify, error))),
        };
        let outcome = classify.classify(Ok(&answer));
        // What has gone wrong already cannot end well.
        if outcome == Outcome::Success && !answer.body().is_end_stream() {
            admission.head();
            admission.attach(Some(answer.extensions_mut()));
            let watch = Some((std::mem::replace(admission, Admission::free()), classify));
            return Poll::Ready(Ok(answer.map(|body| ResponseBody::new(body, watch))));
        }
        if outcome != Outcome::Success || !admission.succeed() {
            answered::<_, Head>(admission, outcome, &mut answer);
        }
        Poll::Ready(Ok(answer.map(|body| ResponseBody::new(body, None))))
    }
}

/// What is not simply a success through a closed circuit.
#[cold]
#[inline(never)]
fn answered<Res, M: Reads<Res>>(admission: &mut Admission, outcome: Outcome, answer: &mut Res) {
    admission.end(outcome, true, |clock| M::delay(answer, clock));
    admission.attach(M::extensions_mut(answer));
}

#[cold]
#[inline(never)]
fn failed<Res>(
    admission: &mut Admission,
    classify: &impl Classify<Res>,
    error: impl Into<BoxError>,
) -> BoxError {
    let error = error.into();
    let outcome = classify.classify(Err(&*error as &(dyn Error + 'static)));
    if outcome != Outcome::Success || !admission.succeed() {
        admission.end(outcome, false, |_| None);
    }
    error
}

#[cold]
fn take(error: &mut Option<BoxError>) -> BoxError {
    error.take().expect("polled after it was over")
}

impl<F, C, M> fmt::Debug for ResponseFuture<F, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, C> fmt::Debug for WholeFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WholeFuture").finish_non_exhaustive()
    }
}
