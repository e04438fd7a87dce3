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
    /// What `answered` makes of the output, or `elapsed` of the limit that ran out first. Two
    /// closures instead of one result, because an output is large and would be moved once more.
    #[inline(always)]
    pub(crate) fn poll<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        answered: impl FnOnce(F::Output) -> T,
        elapsed: impl FnOnce(Expiry) -> T,
    ) -> Poll<T> {
        let this = self.project();
        let CallProj::Made { future } = this.call.project() else {
            return Poll::Ready(elapsed(Expiry::before_the_call()));
        };
        if let Poll::Ready(output) = future.poll(cx) {
            return Poll::Ready(answered(output));
        }
        this.timer.poll(cx, |now| this.rule.check(now)).map(elapsed)
    }
}
