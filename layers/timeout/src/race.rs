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
    /// `None` for a future: it was refused, because the deadline had passed.
    #[inline]
    pub(crate) fn new(future: Option<F>, rule: R) -> Self {
        let call = future.map_or(Call::Refused, |future| Call::Made { future });
        let timer = Timer::Unset;
        Self { call, timer, rule }
    }
}

impl<F: Future, R: Rule> Race<F, R> {
    #[inline]
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<F::Output, Expiry>> {
        let this = self.project();
        let CallProj::Made { future } = this.call.project() else {
            return Poll::Ready(Err(Expiry::before_the_call()));
        };
        if let Poll::Ready(output) = future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        this.timer.poll(cx, |now| this.rule.check(now)).map(Err)
    }
}
