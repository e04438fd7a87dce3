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
        loop {
            match self.as_mut().project() {
                TimerProj::Never => return Poll::Pending,
                TimerProj::Set { sleep } => ready!(sleep.poll(cx)),
                TimerProj::Unset => {}
            }
            match check(now()) {
                Verdict::Expired(expiry) => return Poll::Ready(expiry),
                Verdict::Never => self.set(Self::Never),
                Verdict::Until(at) => self.as_mut().rest_until(at.into()),
            }
        }
    }

    fn rest_until(mut self: Pin<&mut Self>, at: tokio::time::Instant) {
        if let TimerProj::Set { sleep } = self.as_mut().project() {
            sleep.reset(at);
        } else {
            let sleep = tokio::time::sleep_until(at);
            self.set(Self::Set { sleep });
        }
    }
}

/// The runtime's time, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
