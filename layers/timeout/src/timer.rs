use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::error::Expiry;
use crate::rule::Verdict;

pin_project! {
    /// Carries a rule's verdicts out. The runtime's timer is touched at the first one that asks to
    /// wait, and never again before that wait is over: whoever moves a limit on meanwhile moves it
    /// later, so an early wake-up asks the rule again instead of moving the timer every time.
    #[derive(Debug)]
    #[project = TimerProj]
    pub(crate) enum Timer {
        Unset,
        Never,
        Set { #[pin] sleep: Sleep },
    }
}

impl Timer {
    /// Ready when `check` says that a limit ran out.
    #[inline]
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut check: impl FnMut(Instant) -> Verdict,
    ) -> Poll<Expiry> {
        if matches!(*self, Self::Unset) {
            match check(now()) {
                Verdict::Expired(expiry) => return Poll::Ready(expiry),
                Verdict::Never => self.set(Self::Never),
                Verdict::Until(at) => {
                    let sleep = tokio::time::sleep_until(at.into());
                    self.set(Self::Set { sleep });
                }
            }
        }
        loop {
            let TimerProj::Set { mut sleep } = self.as_mut().project() else {
                return Poll::Pending;
            };
            ready!(sleep.as_mut().poll(cx));
            match check(now()) {
                Verdict::Expired(expiry) => return Poll::Ready(expiry),
                Verdict::Never => self.set(Self::Never),
                Verdict::Until(at) => sleep.reset(at.into()),
            }
        }
    }
}

/// The runtime's time, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
