use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::error::Expiry;
use crate::rule::Rule;
use crate::timer::Timer;

pin_project! {
    /// An inner future against a rule. The inner one is asked first, so it wins where both are
    /// ready, and one that is ready at once never meets the timer.
    #[derive(Debug)]
    pub(crate) struct Race<F, R> {
        #[pin]
        call: Call<F>,
        #[pin]
        timer: Timer,
        rule: R,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = CallProj]
    enum Call<F> {
        Made { #[pin] future: F },
        // The deadline had passed, so the inner service was not called.
        Refused,
    }
}

impl<F, R> Race<F, R> {
    #[inline]
    pub(crate) fn new(future: F, rule: R) -> Self {
        let (call, timer) = (Call::Made { future }, Timer::Unset);
        Self { call, timer, rule }
    }

    /// The inner service was not called, because the deadline had passed.
    pub(crate) fn refused(rule: R) -> Self {
        let (call, timer) = (Call::Refused, Timer::Unset);
        Self { call, timer, rule }
    }
}

impl<F: Future, R: Rule> Race<F, R> {
    /// The inner future's output, if it is there.
    #[inline(always)]
    pub(crate) fn poll_call(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().call.project() {
            CallProj::Made { future } => future.poll(cx),
            CallProj::Refused => Poll::Pending,
        }
    }

    /// To be asked after [`poll_call`](Self::poll_call): ready if a limit ran out. Apart from it,
    /// because an output is large, and in a common result it would be moved once more.
    #[inline(always)]
    pub(crate) fn poll_limit(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Expiry> {
        let this = self.project();
        match this.call.project() {
            CallProj::Made { .. } => this.timer.poll(cx, this.rule),
            CallProj::Refused => Poll::Ready(Expiry::before_the_call()),
        }
    }
}
