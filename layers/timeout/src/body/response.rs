use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_kernel::{BoxError, Explain};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::clocks::Clocks;
use crate::report::{self, Trace};
use crate::rule::Total;
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
        clocks: Clocks,
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
        trace: Option<&Trace>,
    ) -> Self {
        let (timer, failed) = (Timer::Unset, false);
        let clocks = Clocks::new(idle, total);
        let explain = trace.map(|trace| trace.explain().clone());
        Self {
            inner,
            timer,
            clocks,
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

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        if *this.failed {
            return Poll::Ready(None);
        }
        let expiry = match this.inner.poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => match this.clocks.moved(timer::now) {
                Ok(()) => return Poll::Ready(Some(Ok(frame))),
                Err(expiry) => expiry,
            },
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => {
                *this.failed = true;
                return Poll::Ready(Some(Err(error.into())));
            }
            Poll::Pending => {
                if this.clocks.begins() {
                    this.clocks.wait(timer::now());
                }
                ready!(this.timer.poll(cx, this.clocks))
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
