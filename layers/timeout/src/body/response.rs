use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use buttress_kernel::{BoxError, Explain};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::error::{Expiry, Phase};
use crate::idle::Idle;
use crate::report;
use crate::rule::{Total, Verdict};
use crate::timer::{self, Timer};

pin_project! {
    /// A response's body whose time is limited.
    ///
    /// Frames, trailers, size and end are the inner body's. Its error is a [`BoxError`]: an
    /// [`Elapsed`](crate::Elapsed), or the inner body's own. After either it has ended.
    ///
    /// The idle clock runs while the consumer waits: it starts when a poll finds no frame and stops
    /// with the next one, so a consumer that takes its time between frames is never punished. The
    /// total runs always, the consumer's own time included.
    ///
    /// It holds a timer in place, so it must be pinned to be polled: [`std::pin::pin`], `Box::pin`, or
    /// whatever collects it does that.
    ///
    /// # Cancellation
    ///
    /// Polling may be abandoned at any point and taken up again; no frame is lost. Dropping the body
    /// drops the inner one and the timer.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        #[pin]
        timer: Timer,
        idle: Option<Idle>,
        total: Option<Total>,
        failed: bool,
        explain: Option<Explain>,
    }
}

impl<B> ResponseBody<B> {
    #[inline]
    pub(crate) fn new(
        inner: B,
        idle: Option<Duration>,
        total: Option<Total>,
        explain: Option<Explain>,
    ) -> Self {
        let idle = idle.map(Idle::new);
        let (timer, failed) = (Timer::Unset, false);
        Self {
            inner,
            timer,
            idle,
            total,
            failed,
            explain,
        }
    }

    /// The inner body.
    pub const fn get_ref(&self) -> &B {
        &self.inner
    }

    /// The inner body, without limits.
    pub fn into_inner(self) -> B {
        self.inner
    }
}

/// Both limits at once.
fn check(idle: &mut Option<Idle>, total: Option<Total>, now: Instant) -> Verdict {
    let phase = Phase::ResponseBody;
    let idle = idle
        .as_mut()
        .map_or(Verdict::Never, |idle| idle.check(phase, now));
    total
        .map_or(Verdict::Never, |total| total.check(now))
        .and(idle)
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let this = self.as_mut().project();
        let expiry = match this.inner.poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => match in_time(this.idle, *this.total) {
                Ok(()) => return Poll::Ready(Some(Ok(frame))),
                Err(expiry) => expiry,
            },
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => {
                *this.failed = true;
                return Poll::Ready(Some(Err(error.into())));
            }
            Poll::Pending => {
                if let Some(idle) = this.idle.as_mut().filter(|idle| !idle.is_running()) {
                    idle.start(timer::now());
                }
                ready!(
                    this.timer
                        .poll(cx, |now| check(this.idle, *this.total, now))
                )
            }
        };
        *this.failed = true;
        Poll::Ready(Some(Err(report::elapsed(expiry, this.explain.as_ref()))))
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.failed {
            return SizeHint::with_exact(0);
        }
        self.inner.size_hint()
    }
}

/// Whether a frame that came may be handed on: an endless body must end with the total even if its
/// frames never keep us waiting.
fn in_time(idle: &mut Option<Idle>, total: Option<Total>) -> Result<(), Expiry> {
    if let Some(idle) = idle {
        idle.stop();
    }
    match total.map(|total| total.check(timer::now())) {
        Some(Verdict::Expired(expiry)) => Err(expiry),
        _ => Ok(()),
    }
}
