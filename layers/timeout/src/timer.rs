use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::error::Expiry;
use crate::rule::{Rule, Verdict};

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
    /// Ready when the rule says that a limit ran out.
    #[inline(always)]
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        rule: &mut impl Rule,
    ) -> Poll<Expiry> {
        if matches!(*self, Self::Unset) {
            match rule.check(now()) {
                Verdict::Expired(expiry) => return Poll::Ready(expiry),
                Verdict::Never => self.set(Self::Never),
                Verdict::Until(at) => {
                    let sleep = tokio::time::sleep_until(at.into());
                    self.set(Self::Set { sleep });
                }
            }
        }
        match self.as_mut().project() {
            TimerProj::Set { sleep } => ready!(sleep.poll(cx)),
            TimerProj::Never | TimerProj::Unset => return Poll::Pending,
        }
        self.fired(cx, rule)
    }

    #[cold]
    #[inline(never)]
    fn fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>, rule: &mut impl Rule) -> Poll<Expiry> {
        while let TimerProj::Set { mut sleep } = self.as_mut().project() {
            match rule.check_again(now()) {
                Verdict::Expired(expiry) => return Poll::Ready(expiry),
                Verdict::Never => self.set(Self::Never),
                Verdict::Until(at) => {
                    sleep.as_mut().reset(at.into());
                    ready!(sleep.poll(cx));
                }
            }
        }
        Poll::Pending
    }
}

/// The runtime's time, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
